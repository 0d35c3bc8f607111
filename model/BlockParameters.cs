using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>What a kind of block is called in Hugging Face's files and how a fresh one is filled.</summary>
/// <param name="SelfAttention">Before <c>query</c>, <c>key</c> and <c>value</c>.</param>
/// <param name="AttentionNorm">The attention's LayerNorm.</param>
/// <param name="MlpNorm">The MLP's LayerNorm.</param>
/// <param name="Matrices">How its matrices are filled.</param>
internal sealed record BlockConvention(string SelfAttention, string AttentionNorm, string MlpNorm, Initialisation Matrices);

/// <summary>The parameters of a transformer block under Hugging Face's names. Queries, keys and values are one packed matrix.</summary>
internal sealed class BlockParameters : nn.Module
{
    private readonly int _width;
    private readonly BlockConvention _convention;
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

    public BlockParameters(BlockConvention convention, int width, int mlpWidth, Device device)
        : base(nameof(BlockParameters))
    {
        _convention = convention;
        _width = width;
        _attentionNormWeight = Network.Uninitialised(device, width);
        _attentionNormBias = Network.Uninitialised(device, width);
        _queryKeyValueWeight = Network.Uninitialised(device, 3 * width, width);
        _queryKeyValueBias = Network.Uninitialised(device, 3 * width);
        _attentionOutputWeight = Network.Uninitialised(device, width, width);
        _attentionOutputBias = Network.Uninitialised(device, width);
        _mlpNormWeight = Network.Uninitialised(device, width);
        _mlpNormBias = Network.Uninitialised(device, width);
        _mlpWeight = Network.Uninitialised(device, mlpWidth, width);
        _mlpBias = Network.Uninitialised(device, mlpWidth);
        _mlpOutputWeight = Network.Uninitialised(device, width, mlpWidth);
        _mlpOutputBias = Network.Uninitialised(device, width);
        RegisterComponents();
    }

    /// <summary>The parameters as the operators take them.</summary>
    public BlockWeights Packed => new(
        _attentionNormWeight, _attentionNormBias, _queryKeyValueWeight, _queryKeyValueBias, _attentionOutputWeight, _attentionOutputBias,
        _mlpNormWeight, _mlpNormBias, _mlpWeight, _mlpBias, _mlpOutputWeight, _mlpOutputBias);

    /// <summary>The block's tensors under Hugging Face's names.</summary>
    public IEnumerable<Weight> Weights(string prefix)
    {
        string[] parts = ["query", "key", "value"];
        for (int part = 0; part < parts.Length; part++)
        {
            string key = $"{prefix}.{_convention.SelfAttention}.{parts[part]}";
            yield return new Weight(key + ".weight", _queryKeyValueWeight, [_width, _width], _convention.Matrices, (long)part * _width * _width);
            yield return new Weight(key + ".bias", _queryKeyValueBias, [_width], Initialisation.Zeros, (long)part * _width);
        }
        foreach (Weight weight in Network.Linear(prefix + ".attention.output.dense", _attentionOutputWeight, _attentionOutputBias, _convention.Matrices)
            .Concat(Network.Linear(prefix + ".intermediate.dense", _mlpWeight, _mlpBias, _convention.Matrices))
            .Concat(Network.Linear(prefix + ".output.dense", _mlpOutputWeight, _mlpOutputBias, _convention.Matrices))
            .Concat(Network.LayerNorm($"{prefix}.{_convention.AttentionNorm}", _attentionNormWeight, _attentionNormBias))
            .Concat(Network.LayerNorm($"{prefix}.{_convention.MlpNorm}", _mlpNormWeight, _mlpNormBias)))
            yield return weight;
    }
}
