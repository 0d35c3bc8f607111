using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>An encoder with a linear head on its CLS token (Hugging Face's <c>ViTForImageClassification</c>).</summary>
internal sealed class VitClassifier : VitNetwork
{
    private readonly VitEncoder encoder;
    private readonly Parameter headWeight;
    private readonly Parameter headBias;

    public VitClassifier(VitConfiguration configuration, Device device)
        : base(nameof(VitClassifier), configuration)
    {
        encoder = new VitEncoder(configuration, device);
        headWeight = Uninitialised(device, configuration.ClassNames.Count, configuration.Width);
        headBias = Uninitialised(device, configuration.ClassNames.Count);
        RegisterComponents();
    }

    /// <summary>The encoder.</summary>
    public VitEncoder Encoder => encoder;

    /// <summary>A score per class.</summary>
    /// <param name="patches">Normalised pixels of all patches.</param>
    /// <returns>float32 <c>[batch, classes]</c>.</returns>
    public Tensor Scores(PatchTensor patches) =>
        Kernels.Current.Linear(encoder.Cls(patches.All), headWeight, headBias).to_type(ScalarType.Float32);

    /// <summary>The tensors under Hugging Face's names.</summary>
    public override IEnumerable<Weight> Weights() => encoder.Weights().Concat(Head);

    /// <summary>The tensors of the head alone, which fine-tuning starts afresh.</summary>
    public IEnumerable<Weight> Head =>
    [
        new Weight("classifier.weight", headWeight, headWeight.shape, Initialisation.Normal),
        new Weight("classifier.bias", headBias, headBias.shape, Initialisation.Zeros),
    ];
}
