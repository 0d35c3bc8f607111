using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// A pre-norm transformer block (Dosovitskiy et al., arXiv 2010.11929, equations 2 and 3):
/// x + Attention(LayerNorm(x)), then x + MLP(LayerNorm(x)). Queries, keys and values are one packed matrix.
/// </summary>
internal sealed class TransformerBlock : nn.Module<Tensor, Tensor>
{
    private readonly int width;
    private readonly int heads;
    private readonly double eps;
    private readonly Parameter attentionNormWeight;
    private readonly Parameter attentionNormBias;
    private readonly Parameter queryKeyValueWeight;
    private readonly Parameter queryKeyValueBias;
    private readonly Parameter attentionOutputWeight;
    private readonly Parameter attentionOutputBias;
    private readonly Parameter mlpNormWeight;
    private readonly Parameter mlpNormBias;
    private readonly Parameter mlpWeight;
    private readonly Parameter mlpBias;
    private readonly Parameter mlpOutputWeight;
    private readonly Parameter mlpOutputBias;

    public TransformerBlock(int width, int heads, int mlpWidth, double eps, Device device)
        : base(nameof(TransformerBlock))
    {
        this.width = width;
        this.heads = heads;
        this.eps = eps;
        attentionNormWeight = VitNetwork.Uninitialised(device, width);
        attentionNormBias = VitNetwork.Uninitialised(device, width);
        queryKeyValueWeight = VitNetwork.Uninitialised(device, 3 * width, width);
        queryKeyValueBias = VitNetwork.Uninitialised(device, 3 * width);
        attentionOutputWeight = VitNetwork.Uninitialised(device, width, width);
        attentionOutputBias = VitNetwork.Uninitialised(device, width);
        mlpNormWeight = VitNetwork.Uninitialised(device, width);
        mlpNormBias = VitNetwork.Uninitialised(device, width);
        mlpWeight = VitNetwork.Uninitialised(device, mlpWidth, width);
        mlpBias = VitNetwork.Uninitialised(device, mlpWidth);
        mlpOutputWeight = VitNetwork.Uninitialised(device, width, mlpWidth);
        mlpOutputBias = VitNetwork.Uninitialised(device, width);
        RegisterComponents();
    }

    /// <summary>Probability with which a value of the two outputs is dropped; 0 outside fine-tuning.</summary>
    public double Dropout { get; set; }

    /// <summary>The block on all tokens: <c>[batch, tokens, width]</c> to the same shape.</summary>
    public override Tensor forward(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Kernels kernels = Kernels.Current;
        Tensor normed = kernels.LayerNorm(x, attentionNormWeight, attentionNormBias, eps);
        Tensor queryKeyValue = kernels.Linear(normed, queryKeyValueWeight, queryKeyValueBias);      // [batch, tokens, 3 · width]
        return Finish(x, kernels.Attention(queryKeyValue, heads)).MoveToOuterDisposeScope();
    }

    /// <summary>The block's output for <paramref name="count"/> tokens from <paramref name="first"/> on; the others are only looked at.</summary>
    /// <param name="x"><c>[batch, tokens, width]</c>.</param>
    /// <param name="first">The first token wanted.</param>
    /// <param name="count">Tokens wanted.</param>
    /// <returns><c>[batch, count, width]</c>.</returns>
    public Tensor ForwardPart(Tensor x, long first, long count)
    {
        using DisposeScope scope = NewDisposeScope();
        Kernels kernels = Kernels.Current;
        Tensor normed = kernels.LayerNorm(x, attentionNormWeight, attentionNormBias, eps);
        Tensor query = kernels.Linear(                                                              // [batch, count, width]
            normed.narrow(1, first, count), queryKeyValueWeight.narrow(0, 0, width), queryKeyValueBias.narrow(0, 0, width));
        Tensor keyValue = kernels.Linear(                                                           // [batch, tokens, 2 · width]
            normed, queryKeyValueWeight.narrow(0, width, 2 * width), queryKeyValueBias.narrow(0, width, 2 * width));
        return Finish(x.narrow(1, first, count), kernels.Attention(query, keyValue, heads)).MoveToOuterDisposeScope();
    }

    /// <summary>The block's tensors under Hugging Face's names.</summary>
    public IEnumerable<Weight> Weights(string prefix)
    {
        string[] parts = ["query", "key", "value"];
        for (int part = 0; part < parts.Length; part++)
        {
            string key = $"{prefix}.attention.attention.{parts[part]}";
            yield return new Weight(key + ".weight", queryKeyValueWeight, [width, width], Initialisation.XavierUniform, (long)part * width * width);
            yield return new Weight(key + ".bias", queryKeyValueBias, [width], Initialisation.Zeros, (long)part * width);
        }
        foreach (Weight weight in VitNetwork.Linear(prefix + ".attention.output.dense", attentionOutputWeight, attentionOutputBias)
            .Concat(VitNetwork.Linear(prefix + ".intermediate.dense", mlpWeight, mlpBias))
            .Concat(VitNetwork.Linear(prefix + ".output.dense", mlpOutputWeight, mlpOutputBias))
            .Concat(VitNetwork.LayerNorm(prefix + ".layernorm_before", attentionNormWeight, attentionNormBias))
            .Concat(VitNetwork.LayerNorm(prefix + ".layernorm_after", mlpNormWeight, mlpNormBias)))
            yield return weight;
    }

    private Tensor Finish(Tensor x, Tensor attended)
    {
        Kernels kernels = Kernels.Current;
        x = x + VitNetwork.Drop(kernels.Linear(attended, attentionOutputWeight, attentionOutputBias), Dropout);
        Tensor normed = kernels.LayerNorm(x, mlpNormWeight, mlpNormBias, eps);
        Tensor hidden = kernels.LinearGelu(normed, mlpWeight, mlpBias);                             // [batch, tokens, mlp width]
        return x + VitNetwork.Drop(kernels.Linear(hidden, mlpOutputWeight, mlpOutputBias), Dropout);
    }
}
