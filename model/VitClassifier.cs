using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>An encoder with a linear head on its CLS token (Hugging Face's <c>ViTForImageClassification</c>).</summary>
internal sealed class VitClassifier : ClassifierNetwork
{
    private readonly VitEncoder _encoder;
    private readonly Parameter _headWeight;
    private readonly Parameter _headBias;

    public VitClassifier(VitConfiguration configuration, NetworkOptions options)
        : base(nameof(VitClassifier))
    {
        Device device = options.Device;
        _encoder = new VitEncoder(configuration, options);
        _headWeight = Uninitialised(device, configuration.ClassNames.Count, configuration.Width);
        _headBias = Uninitialised(device, configuration.ClassNames.Count);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override VitConfiguration Configuration => _encoder.Configuration;

    /// <inheritdoc/>
    public override VitEncoder Encoder => _encoder;

    /// <inheritdoc/>
    public override IEnumerable<Weight> Head =>
    [
        new Weight("classifier.weight", _headWeight, _headWeight.shape, Initialisation.Normal),
        new Weight("classifier.bias", _headBias, _headBias.shape, Initialisation.Zeros),
    ];

    /// <inheritdoc/>
    public override Tensor Scores(Tensor features) => Kernels.Linear(features, _headWeight, _headBias).to_type(ScalarType.Float32);
}
