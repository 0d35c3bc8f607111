using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>Where R3F's noise comes from.</summary>
public enum NoiseKind
{
    /// <summary>U(−ε, ε).</summary>
    Uniform,

    /// <summary>N(0, ε²).</summary>
    Normal,
}

/// <summary>
/// R3F (Aghajanyan et al., arXiv 2008.03156): λ · [KL(z ‖ z′) + KL(z′ ‖ z)] is added to the cross-entropy, z′ being the classifier's
/// answer when noise is added to its embeddings (of an image: CLS and patches with their positions; of a text: its words, before
/// positions and LayerNorm). Both answers have a dropout of their own and are trained.
/// </summary>
public sealed record ConsistencyOptions
{
    /// <summary>λ, at least 0.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>ε, at least 0.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <summary>The noise's distribution.</summary>
    public NoiseKind Noise { get; init; } = NoiseKind.Uniform;

    /// <summary>Sentences about what is out of range, as parts of a longer one.</summary>
    public IReadOnlyList<string> Faults() => [.. Fault("weight of R3F", Weight), .. Fault("noise of R3F", Epsilon)];

    /// <summary>The embeddings with fresh noise from libtorch's generator.</summary>
    /// <param name="embeddings">Of any shape.</param>
    internal Tensor Disturb(Tensor embeddings) => embeddings + (Noise == NoiseKind.Normal
        ? randn(embeddings.shape, ScalarType.Float32, embeddings.device).mul_(Epsilon)
        : rand(embeddings.shape, ScalarType.Float32, embeddings.device).mul_(2 * Epsilon).sub_(Epsilon));

    private static IEnumerable<string> Fault(string name, double value) =>
        value >= 0 && double.IsFinite(value) ? [] : [$"the {name} is {value} but must be at least 0"];
}
