using ActorTrain.Host.Report;

namespace ActorTrain.Host.Study;

/// <summary>A stage's losses, thinned so that a cell's file stays small.</summary>
internal static class LossCurve
{
    /// <summary>Points of a curve at most.</summary>
    public const int Points = 50;

    /// <summary>Reads the curve of a stage.</summary>
    /// <param name="metrics">The run's <c>metrics.jsonl</c>; a missing one holds nothing.</param>
    /// <param name="stage">The stage's name there.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<IReadOnlyList<CurvePoint>> ReadAsync(string metrics, string stage, long steps, CancellationToken cancel)
    {
        var curves = await MetricsFile.ReadAsync(metrics, new Dictionary<string, long> { [stage] = steps }, cancel, Points);
        StageCurves curve = curves[stage];
        // The points of all three lie at the same steps.
        Dictionary<double, double> masked = curve.MaeLoss.ToDictionary(point => point.X, point => point.Y);
        Dictionary<double, double> distance = curve.DistillLoss.ToDictionary(point => point.X, point => point.Y);
        return [.. curve.Loss.Select(point => new CurvePoint(point.X, point.Y, ValueAt(masked, point.X), ValueAt(distance, point.X)))];
    }

    private static double? ValueAt(Dictionary<double, double> points, double step) => points.TryGetValue(step, out double value) ? value : null;
}
