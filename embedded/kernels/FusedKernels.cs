using ActorTrain.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Embedded.Kernels;

/// <summary>
/// The fused operators of embedded/torchsharp/native/kernels behind model/'s seam. What they do not handle (CUDA, odd widths,
/// no row at all) goes to the plain operators.
/// </summary>
public sealed class FusedKernels : Model.Kernels
{
    private static readonly Op TransformerLayer = new("actortrain::transformer_layer");
    private static readonly Op PostNormLayer = new("actortrain::post_norm_layer");
    private static readonly Op AdamW = new("actortrain::adamw_");
    private static readonly Op Lookup = new("aten::embedding");
    private static readonly Op Limit = new("actortrain::limit_vectors");

    /// <summary>Lets this process use vectors of at most 512, 256 or 128 bits, so that tests reach every instruction set's loops.</summary>
    internal static void LimitVectors(int bits) => Limit.CallInPlace(bits);

    /// <inheritdoc/>
    public override string Identity => $"fused kernels {Blas.Name}";

    /// <inheritdoc/>
    public override Tensor TransformerBlock(Tensor x, BlockWeights weights, int heads, double eps, long first, long count, double dropout)
    {
        if (!Handles(x, weights, heads))
            return base.TransformerBlock(x, weights, heads, eps, first, count, dropout);
        Tensor? attentionFactors = null, mlpFactors = null;                                         // [batch, count, width]
        if (dropout > 0)
        {
            // Drawn in the order of the plain operators, so that one seed drops the same numbers.
            long[] shape = [x.shape[0], count, x.shape[2]];
            attentionFactors = Drop(ones(shape), dropout);
            mlpFactors = Drop(ones(shape), dropout);
        }
        return TransformerLayer.Call(x, InOrder(weights), heads, eps, first, count, attentionFactors, mlpFactors);
    }

    /// <inheritdoc/>
    public override Tensor PostNormBlock(
        Tensor x, BlockWeights weights, SequenceLayout layout, int heads, double eps, SequenceRows? wanted, double dropout)
    {
        if (!Handles(x, weights, heads) || wanted?.Layout.Rows == 0)
            return base.PostNormBlock(x, weights, layout, heads, eps, wanted, dropout);
        Tensor? probabilityFactors = null, attentionFactors = null, mlpFactors = null;
        if (dropout > 0)
        {
            // Drawn in the order of the plain operators, so that one seed drops the same numbers.
            SequenceLayout asking = wanted?.Layout ?? layout;
            long pairs = asking.Lengths.Zip(layout.Lengths, (queries, keys) => (long)queries * keys).Sum();
            long[] shape = [asking.Rows, x.shape[1]];
            probabilityFactors = Drop(ones([heads * pairs]), dropout);
            attentionFactors = Drop(ones(shape), dropout);
            mlpFactors = Drop(ones(shape), dropout);
        }
        long[] lengths = [.. layout.Lengths.Select(length => (long)length)];
        return PostNormLayer.Call(x, InOrder(weights), lengths, wanted?.Rows, heads, eps, probabilityFactors, attentionFactors, mlpFactors);
    }

    /// <summary>The gradient is summed row by row in one order, on a GPU too, where that of the plain operator is summed in any.</summary>
    public override Tensor Embedding(Tensor table, Tensor rows) => Lookup.Call(table, rows);

    /// <inheritdoc/>
    public override void AdamWStep(AdamWState state, double learningRate, double gradientScale)
    {
        if (state.Gradient.device.type != DeviceType.CPU)
        {
            base.AdamWStep(state, learningRate, gradientScale);
            return;
        }
        AdamW.CallInPlace(
            state.Parameters.ToArray<Tensor>(), state.Gradient, state.ExponentialAverage, state.ExponentialAverageSquared,
            state.Decay.Select(decays => decays ? 1L : 0L).ToArray(), state.Step, learningRate, state.Beta1, state.Beta2,
            state.Epsilon, state.WeightDecay, gradientScale);
    }

    /// <inheritdoc/>
    public override IDisposable? Autocast(Device device, ScalarType dtype) =>
        dtype == ScalarType.BFloat16 ? new Autocast(device.type, dtype) : null;

    /// <inheritdoc/>
    public override Tensor ToDevice(Tensor host, Device device)
    {
        if (device.type != DeviceType.CUDA)
            return base.ToDevice(host, device);
        // libtorch keeps the pinned block until the copy has passed, so it may be disposed at once.
        using Tensor pinned = host.pin_memory();
        return HostCopy.Aside(pinned, device);
    }

    private static bool Handles(Tensor x, BlockWeights weights, int heads) =>
        x.device.type == DeviceType.CPU && x.dtype == ScalarType.Float32 && x.shape[^1] % (16 * heads) == 0 && weights.MlpBias.shape[0] % 16 == 0;

    private static Tensor[] InOrder(BlockWeights weights) =>
    [
        weights.AttentionNormWeight, weights.AttentionNormBias, weights.QueryKeyValueWeight, weights.QueryKeyValueBias,
        weights.AttentionOutputWeight, weights.AttentionOutputBias, weights.MlpNormWeight, weights.MlpNormBias,
        weights.MlpWeight, weights.MlpBias, weights.MlpOutputWeight, weights.MlpOutputBias,
    ];
}
