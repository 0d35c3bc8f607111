using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>What a network has to know beside its shape.</summary>
/// <param name="Device">Where it computes.</param>
internal sealed record NetworkOptions(Device Device)
{
    /// <summary>Probability with which a number is dropped, where the network drops any.</summary>
    public double Dropout { get; init; }

    /// <summary>Mean of each channel of x / 255; for images.</summary>
    public IReadOnlyList<float> PixelMean { get; init; } = PatchExtractor.ImageNetMean;

    /// <summary>Standard deviation of each channel of x / 255; for images.</summary>
    public IReadOnlyList<float> PixelStd { get; init; } = PatchExtractor.ImageNetStd;

    /// <summary>Whether the masked loss normalises each target patch; null = as the configuration says. For images.</summary>
    public bool? NormPixLoss { get; init; }
}

/// <summary>A network that knows its tensors by Hugging Face's names.</summary>
internal abstract class Network : nn.Module
{
    protected Network(string name)
        : base(name)
    {
    }

    /// <summary>The network's shape.</summary>
    public abstract ModelConfiguration Configuration { get; }

    /// <summary>Every tensor of the model's file, in a fixed order.</summary>
    public abstract IEnumerable<Weight> Weights();

    /// <summary>A parameter whose values are still to be set.</summary>
    public static Parameter Uninitialised(Device device, params long[] shape) => nn.Parameter(empty(shape, ScalarType.Float32, device));

    /// <summary>Names the tensors of a linear layer.</summary>
    public static IEnumerable<Weight> Linear(
        string key, Parameter weight, Parameter bias, Initialisation initialisation = Initialisation.XavierUniform) =>
    [
        new Weight(key + ".weight", weight, weight.shape, initialisation),
        new Weight(key + ".bias", bias, bias.shape, Initialisation.Zeros),
    ];

    /// <summary>Names the tensors of a layer normalisation.</summary>
    public static IEnumerable<Weight> LayerNorm(string key, Parameter weight, Parameter bias) =>
    [
        new Weight(key + ".weight", weight, weight.shape, Initialisation.Ones),
        new Weight(key + ".bias", bias, bias.shape, Initialisation.Zeros),
    ];
}

/// <summary>The part of a model that self-distillation looks at and that a classifier keeps.</summary>
internal abstract class EncoderNetwork(string name) : Network(name)
{
    /// <summary>The final output, after the last LayerNorm, on the whole input.</summary>
    /// <exception cref="ModelException">The input does not fit the model.</exception>
    public abstract Representation Representation(ModelInput input, DistillTarget target);

    /// <summary>The final output for the first token, on the whole input.</summary>
    /// <param name="input">The samples.</param>
    /// <param name="disturb">What becomes of the embeddings (<see cref="ConsistencyOptions"/> says which); null = nothing.</param>
    /// <returns><c>[batch, width]</c>.</returns>
    /// <exception cref="ModelException">The input does not fit the model.</exception>
    public abstract Tensor Cls(ModelInput input, Func<Tensor, Tensor>? disturb = null);
}

/// <summary>A network that fills in what is hidden of its input.</summary>
internal abstract class MaskedNetwork(string name) : Network(name)
{
    /// <summary>The loss on what is hidden and, where it is asked for, what is to be matched with a teacher's.</summary>
    /// <exception cref="ModelException">The input does not fit the model, or says not what is hidden.</exception>
    public abstract (Tensor Loss, Representation? Matched) Forward(ModelInput input, DistillTarget? target);

    /// <summary>What is predicted of what is hidden; see <see cref="DistillTarget.Predictions"/>.</summary>
    /// <exception cref="ModelException">The input does not fit the model, or says not what is hidden.</exception>
    public abstract Tensor Predictions(ModelInput input);
}

/// <summary>An encoder with a head that tells classes apart.</summary>
internal abstract class ClassifierNetwork(string name) : Network(name)
{
    /// <summary>The part that is not fresh when fine-tuning starts.</summary>
    public abstract EncoderNetwork Encoder { get; }

    /// <summary>The tensors of the head alone.</summary>
    public abstract IEnumerable<Weight> Head { get; }

    /// <summary>A score per class.</summary>
    /// <param name="features">The encoder's output for the first token, <c>[batch, width]</c>.</param>
    /// <returns>float32 <c>[batch, classes]</c>.</returns>
    public abstract Tensor Scores(Tensor features);

    /// <summary>A score per class.</summary>
    /// <returns>float32 <c>[batch, classes]</c>.</returns>
    /// <exception cref="ModelException">The input does not fit the model.</exception>
    public Tensor Scores(ModelInput input) => Scores(Encoder.Cls(input));

    /// <inheritdoc/>
    public override IEnumerable<Weight> Weights() => Encoder.Weights().Concat(Head);

    /// <summary>Checks a batch's labels.</summary>
    /// <returns>int64 <c>[batch]</c> on the host.</returns>
    /// <exception cref="ModelException">There is not one for each sample, or one is no class.</exception>
    public Tensor Labels(int[] labels, int count)
    {
        if (labels.Length != count)
            throw new ModelException($"A batch of {count} samples has {labels.Length} labels; give one for each.");
        int classes = Configuration.ClassNames.Count;
        foreach (int label in labels)
        {
            if (label < 0 || label >= classes)
                throw new ModelException($"A label is {label}, but the model's {classes} classes are numbered from 0; use the classes that it is trained on.");
        }
        return tensor(labels, ScalarType.Int64);
    }
}

/// <summary>What is matched with a teacher's: a row per sample, equally many of each sample, or the rows of sequences laid end to end.</summary>
/// <param name="Values"><c>[batch, width]</c>, <c>[batch, tokens, width]</c>, <c>[batch, masked, patch length]</c>, <c>[sum of lengths, width]</c> or <c>[hidden, vocabulary]</c>.</param>
/// <param name="Sequences">How the tokens lie where they are laid end to end.</param>
/// <param name="Hidden">The tokens that are predicted, where the values are scores of them.</param>
internal sealed record Representation(Tensor Values, SequenceLayout? Sequences = null, HiddenTokens? Hidden = null);
