using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>An encoder with a linear head on its CLS token (Hugging Face's <c>ViTForImageClassification</c>).</summary>
internal sealed class VitClassifier : VitNetwork
{
    private readonly VitEncoder _encoder;
    private readonly Parameter _headWeight;
    private readonly Parameter _headBias;

    public VitClassifier(VitConfiguration configuration, Device device)
        : base(nameof(VitClassifier), configuration)
    {
        _encoder = new VitEncoder(configuration, device);
        _headWeight = Uninitialised(device, configuration.ClassNames.Count, configuration.Width);
        _headBias = Uninitialised(device, configuration.ClassNames.Count);
        RegisterComponents();
    }

    /// <summary>The encoder.</summary>
    public VitEncoder Encoder => _encoder;

    /// <summary>A score per class.</summary>
    /// <param name="patches">Normalised pixels of all patches.</param>
    /// <returns>float32 <c>[batch, classes]</c>.</returns>
    public Tensor Scores(PatchTensor patches) =>
        Kernels.Linear(_encoder.Cls(patches.All), _headWeight, _headBias).to_type(ScalarType.Float32);

    /// <summary>Checks a batch's labels.</summary>
    /// <returns>int64 <c>[batch]</c> on the host.</returns>
    /// <exception cref="ModelException">There is not one for each image, or one is no class.</exception>
    public Tensor Labels(int[] labels, int count)
    {
        if (labels.Length != count)
            throw new ModelException($"A batch of {count} images has {labels.Length} labels; give one for each.");
        int classes = Configuration.ClassNames.Count;
        foreach (int label in labels)
        {
            if (label < 0 || label >= classes)
                throw new ModelException($"A label is {label}, but the model's {classes} classes are numbered from 0; use the classes that it is trained on.");
        }
        return tensor(labels, ScalarType.Int64);
    }

    /// <summary>The tensors under Hugging Face's names.</summary>
    public override IEnumerable<Weight> Weights() => _encoder.Weights().Concat(Head);

    /// <summary>The tensors of the head alone, which fine-tuning starts afresh.</summary>
    public IEnumerable<Weight> Head =>
    [
        new Weight("classifier.weight", _headWeight, _headWeight.shape, Initialisation.Normal),
        new Weight("classifier.bias", _headBias, _headBias.shape, Initialisation.Zeros),
    ];
}
