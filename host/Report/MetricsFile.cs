using System.Text.Json;

namespace ActorTrain.Host.Report;

/// <summary>The curves of one stage, thinned for plotting; empty where the stage does not measure such a number.</summary>
internal sealed record StageCurves(IReadOnlyList<(double X, double Y)> Loss, IReadOnlyList<(double X, double Y)> MaeLoss, IReadOnlyList<(double X, double Y)> DistillLoss);

/// <summary>Reads <c>metrics.jsonl</c>.</summary>
internal static class MetricsFile
{
    /// <summary>Points of a curve in a run's report.</summary>
    private const int UsualPoints = 120;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower };

    /// <summary>The curves of every stage.</summary>
    /// <param name="path">The file; a missing one holds nothing.</param>
    /// <param name="steps">How many steps each stage has.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="points">Points of a curve at most; each is the mean over the steps around it.</param>
    public static async Task<IReadOnlyDictionary<string, StageCurves>> ReadAsync(string path, IReadOnlyDictionary<string, long> steps, CancellationToken cancel,
        int points = UsualPoints)
    {
        var bins = new Dictionary<(string Stage, string Metric), (double[] Sum, long[] Count)>();
        if (File.Exists(path))
        {
            await foreach (string text in File.ReadLinesAsync(path, cancel))
            {
                if (Parse(text) is not { Stage: { } stage } line || !steps.TryGetValue(stage, out long count))
                    continue;
                int bin = (int)Math.Clamp((line.Step - 1) * points / count, 0, points - 1);
                foreach ((string metric, double? value) in new[] { ("loss", line.Loss), ("mae-loss", line.MaeLoss), ("distill-loss", line.DistillLoss) })
                {
                    if (value is not { } number)
                        continue;
                    if (!bins.TryGetValue((stage, metric), out (double[] Sum, long[] Count) series))
                        bins[(stage, metric)] = series = (new double[points], new long[points]);
                    series.Sum[bin] += number;
                    series.Count[bin]++;
                }
            }
        }
        return steps.ToDictionary(stage => stage.Key, stage => new StageCurves(
            Curve(bins, stage.Key, "loss", stage.Value, points), Curve(bins, stage.Key, "mae-loss", stage.Value, points), Curve(bins, stage.Key, "distill-loss", stage.Value, points)));
    }

    /// <summary>Null for a line that a kill cut short: a finished stage leaves it in the file.</summary>
    private static Line? Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<Line>(text, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static List<(double X, double Y)> Curve(
        Dictionary<(string, string), (double[] Sum, long[] Count)> bins, string stage, string metric, long steps, int points)
    {
        var curve = new List<(double, double)>();
        if (bins.TryGetValue((stage, metric), out (double[] Sum, long[] Count) series))
        {
            for (int bin = 0; bin < points; bin++)
            {
                if (series.Count[bin] > 0)
                    curve.Add(((bin + 0.5) * steps / points, series.Sum[bin] / series.Count[bin]));
            }
        }
        return curve;
    }

    /// <summary>What of a line is drawn.</summary>
    private sealed record Line(string? Stage, long Step, double? Loss, double? MaeLoss, double? DistillLoss);
}
