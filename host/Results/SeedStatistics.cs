namespace ActorTrain.Host.Results;

/// <summary>A number measured once per seed.</summary>
/// <param name="Values">The measurements.</param>
public sealed record SeedStatistics(IReadOnlyList<double> Values)
{
    /// <summary>The mean; NaN without a measurement.</summary>
    public double Mean => Values.Count == 0 ? double.NaN : Values.Average();

    /// <summary>The sample standard deviation (divisor n − 1); null with fewer than two measurements.</summary>
    public double? Deviation => Values.Count < 2
        ? null
        : Math.Sqrt(Values.Sum(value => (value - Mean) * (value - Mean)) / (Values.Count - 1));

    /// <summary><c>mean ± deviation</c>, each written in <paramref name="format"/>; a dash without a measurement.</summary>
    public string Format(string format) => Values.Count == 0
        ? Numbers.None
        : Numbers.Written(Mean, format) + (Deviation is { } deviation ? " ± " + Numbers.Written(deviation, format) : "");

    /// <summary>The measurements that exist.</summary>
    public static SeedStatistics Of(IEnumerable<double?> values) => new([.. values.OfType<double>()]);
}
