using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// A RoBERTa that tells texts apart (Hugging Face's <c>RobertaForSequenceClassification</c>): dense, tanh and out_proj on the first
/// token, with dropout before each of the two matrices.
/// </summary>
internal sealed class RobertaClassifier : ClassifierNetwork
{
    private readonly RobertaEncoder _encoder;
    private readonly double _dropout;
    private readonly Parameter _denseWeight;
    private readonly Parameter _denseBias;
    private readonly Parameter _outputWeight;
    private readonly Parameter _outputBias;

    public RobertaClassifier(RobertaConfiguration configuration, NetworkOptions options)
        : base(nameof(RobertaClassifier))
    {
        (int width, Device device) = (configuration.Width, options.Device);
        _encoder = new RobertaEncoder(configuration, options);
        _dropout = options.Dropout;
        _denseWeight = Uninitialised(device, width, width);
        _denseBias = Uninitialised(device, width);
        _outputWeight = Uninitialised(device, configuration.ClassNames.Count, width);
        _outputBias = Uninitialised(device, configuration.ClassNames.Count);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override RobertaConfiguration Configuration => _encoder.Configuration;

    /// <inheritdoc/>
    public override RobertaEncoder Encoder => _encoder;

    /// <inheritdoc/>
    public override IEnumerable<Weight> Head =>
        Linear("classifier.dense", _denseWeight, _denseBias, Initialisation.Normal)
            .Concat(Linear("classifier.out_proj", _outputWeight, _outputBias, Initialisation.Normal));

    /// <inheritdoc/>
    public override Tensor Scores(Tensor features)
    {
        Tensor x = Kernels.Drop(features, _dropout);                                                // [batch, width]
        x = Kernels.Drop(Kernels.Linear(x, _denseWeight, _denseBias).tanh(), _dropout);
        return Kernels.Linear(x, _outputWeight, _outputBias).to_type(ScalarType.Float32);
    }
}
