namespace ActorTrain.Model;

/// <summary>
/// SupCon (Khosla et al., arXiv 2004.11362): the encoder is trained by the supervised contrastive loss of its first tokens alone, and the
/// classifier's head alongside, by the cross-entropy on first tokens that pass no gradient on.
/// </summary>
public sealed record ContrastOptions
{
    /// <summary>The weight of the contrastive loss, above 0.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>τ, what the cosines of two samples' first tokens are divided by, above 0.</summary>
    public double Temperature { get; init; } = 0.1;

    /// <summary>Sentences about what is out of range, as parts of a longer one.</summary>
    public IReadOnlyList<string> Faults() => [.. Fault("weight", Weight), .. Fault("temperature", Temperature)];

    private static IEnumerable<string> Fault(string name, double value) =>
        value > 0 && double.IsFinite(value) ? [] : [$"the {name} of SupCon is {value} but must be above 0"];
}
