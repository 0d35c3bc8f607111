using ActorTrain.Model;
using static TorchSharp.torch;

namespace ActorTrain.Benchmarks;

/// <summary>A stack of transformer blocks alone with made-up weights, of which the last computes only some tokens.</summary>
internal sealed class BlockStack : IDisposable
{
    private readonly BlockWeights[] _weights;
    private readonly Tensor[] _inputs;
    private readonly Tensor _direction;
    private readonly long _tokens;
    private readonly long _lastQueries;
    private readonly int _heads;

    public BlockStack(int layers, long batch, long tokens, long width, int heads, long mlpWidth, long lastQueries)
    {
        (_tokens, _lastQueries, _heads) = (tokens, lastQueries, heads);
        _weights = [.. Enumerable.Range(0, layers).Select(_ => new BlockWeights(
            Made(width), Made(width), Made(3 * width, width), Made(3 * width), Made(width, width), Made(width),
            Made(width), Made(width), Made(mlpWidth, width), Made(mlpWidth), Made(width, mlpWidth), Made(width)))];
        _inputs = [Made(batch, tokens, width), .. _weights.SelectMany(w => new[]
        {
            w.AttentionNormWeight, w.AttentionNormBias, w.QueryKeyValueWeight, w.QueryKeyValueBias, w.AttentionOutputWeight,
            w.AttentionOutputBias, w.MlpNormWeight, w.MlpNormBias, w.MlpWeight, w.MlpBias, w.MlpOutputWeight, w.MlpOutputBias,
        })];
        _direction = randn([batch, lastQueries, width]);
    }

    /// <summary>Forward and backward.</summary>
    /// <param name="kernels">The operators to use.</param>
    /// <param name="everyToken">Whether the last block computes all tokens, of which the same few are then taken.</param>
    /// <returns>The output, and the gradients of input and weights.</returns>
    public Tensor[] Run(Kernels kernels, bool everyToken = false)
    {
        Tensor x = _inputs[0];
        // The first token is CLS; the decoder's masked ones are its last.
        long first = _lastQueries == 1 ? 0 : _tokens - _lastQueries;
        for (int layer = 0; layer < _weights.Length; layer++)
        {
            bool part = layer == _weights.Length - 1 && !everyToken;
            x = kernels.TransformerBlock(x, _weights[layer], _heads, Epsilon, part ? first : 0, part ? _lastQueries : _tokens, 0);
        }
        Tensor output = everyToken ? x.narrow(1, first, _lastQueries) : x;
        return [output.detach(), .. autograd.grad([output], _inputs, [_direction])];
    }

    public void Dispose()
    {
        foreach (Tensor input in _inputs)
            input.Dispose();
        _direction.Dispose();
    }

    private const double Epsilon = 1e-12;

    private static Tensor Made(params long[] dimensions)
    {
        using Tensor numbers = randn(dimensions);
        return (numbers * 0.05).requires_grad_();
    }
}
