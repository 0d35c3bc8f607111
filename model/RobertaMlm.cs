using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// A RoBERTa that predicts hidden tokens (Hugging Face's <c>RobertaForMaskedLM</c>): dense, GELU, LayerNorm, and the word embeddings
/// as the last matrix. Last block and head compute the hidden tokens alone.
/// </summary>
internal sealed class RobertaMlm : MaskedNetwork
{
    private readonly RobertaEncoder _encoder;
    private readonly Parameter _denseWeight;
    private readonly Parameter _denseBias;
    private readonly Parameter _normWeight;
    private readonly Parameter _normBias;
    private readonly Parameter _bias;

    public RobertaMlm(RobertaConfiguration configuration, NetworkOptions options)
        : base(nameof(RobertaMlm))
    {
        (int width, Device device) = (configuration.Width, options.Device);
        _encoder = new RobertaEncoder(configuration, options);
        _denseWeight = Uninitialised(device, width, width);
        _denseBias = Uninitialised(device, width);
        _normWeight = Uninitialised(device, width);
        _normBias = Uninitialised(device, width);
        _bias = Uninitialised(device, configuration.VocabularySize);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override RobertaConfiguration Configuration => _encoder.Configuration;

    /// <summary>The encoder.</summary>
    public RobertaEncoder Encoder => _encoder;

    /// <inheritdoc/>
    public override (Tensor Loss, Representation? Matched) Forward(ModelInput input, DistillTarget? target)
    {
        TokenTensors batch = _encoder.Receive(input);
        HiddenTokens hidden = batch.Hidden();
        Tensor scores = Predict(batch, hidden);                                                     // [hidden, vocabulary]
        Tensor loss = Losses.MaskedLanguageModelling(scores, hidden);
        return (loss, target switch
        {
            null => null,
            DistillTarget.Predictions => new Representation(scores, hidden.Rows.Layout, hidden),
            DistillTarget whole => _encoder.Representation(batch, whole),
        });
    }

    /// <inheritdoc/>
    public override Tensor Predictions(ModelInput input)
    {
        TokenTensors batch = _encoder.Receive(input);
        return Predict(batch, batch.Hidden());
    }

    /// <summary>A score per token of the vocabulary for each hidden place.</summary>
    /// <param name="batch">The sequences.</param>
    /// <param name="hidden">What is hidden of them.</param>
    /// <returns><c>[hidden, vocabulary]</c>.</returns>
    public Tensor Predict(TokenTensors batch, HiddenTokens hidden)
    {
        Tensor x = _encoder.Encode(batch, hidden.Seen, hidden.Rows);                                // [hidden, width]
        x = nn.functional.gelu(Kernels.Linear(x, _denseWeight, _denseBias));
        x = Kernels.LayerNorm(x.to_type(ScalarType.Float32), _normWeight, _normBias, Configuration.LayerNormEps);
        return Kernels.Linear(x, _encoder.Words, _bias);
    }

    /// <inheritdoc/>
    public override IEnumerable<Weight> Weights() => _encoder.Weights()
        .Concat(Linear("lm_head.dense", _denseWeight, _denseBias, Initialisation.Normal))
        .Concat(LayerNorm("lm_head.layer_norm", _normWeight, _normBias))
        .Append(new Weight("lm_head.bias", _bias, _bias.shape, Initialisation.Zeros));
}
