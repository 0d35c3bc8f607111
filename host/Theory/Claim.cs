namespace ActorTrain.Host.Theory;

/// <summary>What became of a claim.</summary>
/// <param name="Name">The claim in a few words.</param>
/// <param name="Statement">What was compared.</param>
/// <param name="Deviation">How far the worst case is off; NaN where something could not be computed.</param>
/// <param name="Limit">How far it may be off.</param>
/// <param name="Strict">Whether the limit itself is too much.</param>
internal sealed record Claim(string Name, string Statement, double Deviation, double Limit, bool Strict = false)
{
    /// <summary>Whether it holds.</summary>
    public bool Holds => Strict ? Deviation < Limit : Deviation <= Limit;
}
