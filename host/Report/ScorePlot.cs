using ActorTrain.Host.Configuration;
using ActorTrain.Host.Results;

namespace ActorTrain.Host.Report;

/// <summary>Draws what the methods are compared by, accuracy for images and macro-F1 for text: a point per seed, and mean ± standard deviation.</summary>
internal static class ScorePlot
{
    private const double Width = 460;
    private const double Left = 138;
    private const double Right = 16;
    private const double Top = 14;
    private const double RowHeight = 50;

    /// <summary>How far mean and seeds keep from the middle of their row, above and below.</summary>
    private const double Apart = 7;

    /// <summary>Draws the plot.</summary>
    /// <param name="results">The results; a row for each of their methods.</param>
    public static string Draw(Comparison results)
    {
        IReadOnlyList<MethodResult> methods = results.Methods;
        string name = results.IsText ? "test macro-F1" : "test accuracy";
        double? majority = OfMostFrequentClass(results);
        double bottom = Top + RowHeight * methods.Count;
        IEnumerable<double> shown = methods.Select(method => Score(results, method)).SelectMany(score => score.Values
            .Append(score.Mean - (score.Deviation ?? 0))
            .Append(score.Mean + (score.Deviation ?? 0)));
        double[] values = majority is { } share ? [.. shown, share] : [.. shown];
        double margin = Math.Max(0.01, (values.Max() - values.Min()) * 0.08);
        var x = new Axis(Math.Max(0, values.Min() - margin), Math.Min(1, values.Max() + margin), Left, Width - Right, 6);
        var svg = new Svg(Width, bottom + 40, $"{name} by method");
        foreach ((double value, string label) in x.Marks())
        {
            svg.Line("grid", x.At(value), Top, x.At(value), bottom);
            svg.Text("mark middle", x.At(value), bottom + 17, label);
        }
        svg.Line("axis", Left, bottom, Width - Right, bottom);
        svg.Text("mark middle", (Left + Width - Right) / 2, bottom + 34, name);
        if (majority is { } chance)
        {
            svg.Line("reference", x.At(chance), Top, x.At(chance), bottom);
            svg.Text("mark", x.At(chance) + 5, Top + 8, "most frequent class");
        }
        for (int row = 0; row < methods.Count; row++)
            DrawRow(svg, x, Top + RowHeight * (row + 0.5), methods[row], Score(results, methods[row]));
        return svg.ToString();
    }

    private static void DrawRow(Svg svg, Axis x, double y, MethodResult method, SeedStatistics score)
    {
        string colour = Colour(method.Method);
        svg.Text("label end", Left - 10, y + 4, Methods.Display(method.Method));
        if (score.Deviation is { } deviation)
        {
            (double low, double high) = (x.At(score.Mean - deviation), x.At(score.Mean + deviation));
            svg.Line($"error {colour}", low, y - Apart, high, y - Apart);
            svg.Line($"error {colour}", low, y - Apart - 4, low, y - Apart + 4);
            svg.Line($"error {colour}", high, y - Apart - 4, high, y - Apart + 4);
        }
        svg.Line($"mean {colour}", x.At(score.Mean), y - Apart - 7, x.At(score.Mean), y - Apart + 7);
        foreach ((ulong seed, double value) in method.Seeds.Zip(score.Values))
            svg.Circle($"seed {colour}", x.At(value), y + Apart, 4, $"seed {seed}: {value:0.000}");
    }

    private static SeedStatistics Score(Comparison results, MethodResult method) => results.IsText ? method.TestMacroF1 : method.TestAccuracy;

    /// <summary>What always naming the most frequent class of the test set would reach; null when unknown.</summary>
    private static double? OfMostFrequentClass(Comparison results)
    {
        if (results.Stages.Select(stage => stage.Confusion).OfType<int[][]>().FirstOrDefault() is not { } confusion)
            return null;
        ClassificationScores scores = ClassificationScores.OfMostFrequentClass(confusion);
        return results.IsText ? scores.MacroF1 : scores.Accuracy;
    }

    /// <summary>The colour class of a method, the same in every picture.</summary>
    public static string Colour(string method) => $"c{Methods.Names.ToList().IndexOf(method)}";
}
