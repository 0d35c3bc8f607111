using MathNet.Numerics.Distributions;

namespace ActorTrain.Host.Results;

/// <summary>A method's score against another one's over pairs that share everything else (subset and seed), by Student's paired t-test.</summary>
/// <param name="Pairs">How many pairs there are.</param>
/// <param name="Mean">Mean of the differences; NaN without a pair.</param>
/// <param name="Low">Lower end of the mean's 95 % confidence interval; null where the pairs do not tell.</param>
/// <param name="High">Its upper end.</param>
/// <param name="P">Two-sided probability of such a mean or a farther one if there were no difference; null where the pairs do not tell.</param>
public sealed record PairedTest(int Pairs, double Mean, double? Low, double? High, double? P)
{
    private const double Confidence = 0.95;

    /// <summary>Differences whose deviation is a smaller share of the values than this are equal but for rounding.</summary>
    private const double Rounding = 1e-12;

    /// <summary>
    /// Tests the mean of value − baseline against 0. Fewer than two pairs, and differences that are all equal, have a mean but
    /// neither interval nor probability: the t statistic divides by their deviation.
    /// </summary>
    public static PairedTest Of(IReadOnlyList<(double Value, double Baseline)> pairs)
    {
        var differences = new SeedStatistics([.. pairs.Select(pair => pair.Value - pair.Baseline)]);
        double largest = pairs.Select(pair => Math.Max(Math.Abs(pair.Value), Math.Abs(pair.Baseline))).DefaultIfEmpty(0).Max();
        if (differences.Deviation is not { } deviation || !(deviation > Rounding * largest))
            return new PairedTest(pairs.Count, differences.Mean, null, null, null);
        double error = deviation / Math.Sqrt(pairs.Count);
        var student = new StudentT(0, 1, pairs.Count - 1);
        double reach = student.InverseCumulativeDistribution((1 + Confidence) / 2) * error;
        return new PairedTest(pairs.Count, differences.Mean, differences.Mean - reach, differences.Mean + reach,
            2 * student.CumulativeDistribution(-Math.Abs(differences.Mean) / error));
    }
}
