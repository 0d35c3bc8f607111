namespace ActorTrain.Host.Results;

/// <summary>Holm's step-down adjustment of the probabilities of several tests (Scandinavian Journal of Statistics 6, 1979).</summary>
public static class HolmAdjustment
{
    /// <summary>The adjusted probabilities, in the same order: rejecting those below α keeps the chance of any false rejection at α.</summary>
    /// <param name="probabilities">Of each test; a null is a test that could not be made, and does not count as one.</param>
    public static IReadOnlyList<double?> Adjust(IReadOnlyList<double?> probabilities)
    {
        var adjusted = new double?[probabilities.Count];
        int[] ascending = [.. Enumerable.Range(0, probabilities.Count).Where(test => probabilities[test] is not null).OrderBy(test => probabilities[test])];
        double least = 0;
        for (int rank = 0; rank < ascending.Length; rank++)
        {
            least = Math.Max(least, Math.Min(1, probabilities[ascending[rank]]!.Value * (ascending.Length - rank)));
            adjusted[ascending[rank]] = least;
        }
        return adjusted;
    }
}
