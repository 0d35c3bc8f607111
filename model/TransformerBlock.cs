using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// The parameters of a pre-norm transformer block (<see cref="Kernels.TransformerBlock"/>) under Hugging Face's names.
/// Queries, keys and values are one packed matrix.
/// </summary>
internal sealed class TransformerBlock : nn.Module<Tensor, Tensor>
{
    private readonly int _width;
    private readonly int _heads;
    private readonly double _eps;
    private readonly Parameter _attentionNormWeight;
    private readonly Parameter _attentionNormBias;
    private readonly Parameter _queryKeyValueWeight;
    private readonly Parameter _queryKeyValueBias;
    private readonly Parameter _attentionOutputWeight;
    private readonly Parameter _attentionOutputBias;
    private readonly Parameter _mlpNormWeight;
    private readonly Parameter _mlpNormBias;
    private readonly Parameter _mlpWeight;
    private readonly Parameter _mlpBias;
    private readonly Parameter _mlpOutputWeight;
    private readonly Parameter _mlpOutputBias;

    public TransformerBlock(int width, int heads, int mlpWidth, double eps, Device device)
        : base(nameof(TransformerBlock))
    {
        _width = width;
        _heads = heads;
        _eps = eps;
        _attentionNormWeight = VitNetwork.Uninitialised(device, width);
        _attentionNormBias = VitNetwork.Uninitialised(device, width);
        _queryKeyValueWeight = VitNetwork.Uninitialised(device, 3 * width, width);
        _queryKeyValueBias = VitNetwork.Uninitialised(device, 3 * width);
        _attentionOutputWeight = VitNetwork.Uninitialised(device, width, width);
        _attentionOutputBias = VitNetwork.Uninitialised(device, width);
        _mlpNormWeight = VitNetwork.Uninitialised(device, width);
        _mlpNormBias = VitNetwork.Uninitialised(device, width);
        _mlpWeight = VitNetwork.Uninitialised(device, mlpWidth, width);
        _mlpBias = VitNetwork.Uninitialised(device, mlpWidth);
        _mlpOutputWeight = VitNetwork.Uninitialised(device, width, mlpWidth);
        _mlpOutputBias = VitNetwork.Uninitialised(device, width);
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
            _attentionNormWeight, _attentionNormBias, _queryKeyValueWeight, _queryKeyValueBias, _attentionOutputWeight, _attentionOutputBias,
            _mlpNormWeight, _mlpNormBias, _mlpWeight, _mlpBias, _mlpOutputWeight, _mlpOutputBias);
        return Kernels.Current.TransformerBlock(x, weights, _heads, _eps, first, count, Dropout);
    }

    /// <summary>The block's tensors under Hugging Face's names.</summary>
    public IEnumerable<Weight> Weights(string prefix)
    {
        string[] parts = ["query", "key", "value"];
        for (int part = 0; part < parts.Length; part++)
        {
            string key = $"{prefix}.attention.attention.{parts[part]}";
            yield return new Weight(key + ".weight", _queryKeyValueWeight, [_width, _width], Initialisation.XavierUniform, (long)part * _width * _width);
            yield return new Weight(key + ".bias", _queryKeyValueBias, [_width], Initialisation.Zeros, (long)part * _width);
        }
        foreach (Weight weight in VitNetwork.Linear(prefix + ".attention.output.dense", _attentionOutputWeight, _attentionOutputBias)
            .Concat(VitNetwork.Linear(prefix + ".intermediate.dense", _mlpWeight, _mlpBias))
            .Concat(VitNetwork.Linear(prefix + ".output.dense", _mlpOutputWeight, _mlpOutputBias))
            .Concat(VitNetwork.LayerNorm(prefix + ".layernorm_before", _attentionNormWeight, _attentionNormBias))
            .Concat(VitNetwork.LayerNorm(prefix + ".layernorm_after", _mlpNormWeight, _mlpNormBias)))
            yield return weight;
    }
}
