using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// The parameters of a pre-norm transformer block (<see cref="Kernels.TransformerBlock"/>) under Hugging Face's names.
/// Queries, keys and values are one packed matrix.
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
    public override Tensor forward(Tensor x) => ForwardPart(x, 0, x.shape[1]);

    /// <summary>The block's output for <paramref name="count"/> tokens from <paramref name="first"/> on; the others are only looked at.</summary>
    /// <param name="x"><c>[batch, tokens, width]</c>.</param>
    /// <param name="first">The first token wanted.</param>
    /// <param name="count">Tokens wanted.</param>
    /// <returns><c>[batch, count, width]</c>.</returns>
    public Tensor ForwardPart(Tensor x, long first, long count)
    {
        BlockWeights weights = new(
            attentionNormWeight, attentionNormBias, queryKeyValueWeight, queryKeyValueBias, attentionOutputWeight, attentionOutputBias,
            mlpNormWeight, mlpNormBias, mlpWeight, mlpBias, mlpOutputWeight, mlpOutputBias);
        return Kernels.Current.TransformerBlock(x, weights, heads, eps, first, count, Dropout);
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
}
