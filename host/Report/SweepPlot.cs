using ActorTrain.Host.Results;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Report;

/// <summary>A method's line in a plot over a swept key.</summary>
/// <param name="Name">The method's name.</param>
/// <param name="Colour">Its colour class.</param>
/// <param name="Curve">The classes of its curve.</param>
/// <param name="Points">What it measured at a value, by the value's number in the axis.</param>
internal sealed record SweepLine(string Name, string Colour, string Curve, IReadOnlyDictionary<int, SeedStatistics> Points);

/// <summary>Draws a measure over a swept key: a line through the means of each method, with bars of one standard deviation.</summary>
internal static class SweepPlot
{
    private const double Width = 420;
    private const double Height = 280;
    private const double Left = 50;
    private const double Right = 18;
    private const double Top = 32;
    private const double Bottom = 42;

    /// <summary>Room between the axis's ends and the plot's, for bars that stand beside each other.</summary>
    private const double Inset = 14;

    /// <summary>How far beside each other the bars of two methods stand.</summary>
    private const double Beside = 3;

    /// <summary>Draws the plot.</summary>
    /// <param name="title">Its title.</param>
    /// <param name="measure">What is measured.</param>
    /// <param name="axis">What it is drawn over.</param>
    /// <param name="lines">The lines; at least one point between them.</param>
    public static string Draw(string title, Measure measure, SweepAxis axis, IReadOnlyList<SweepLine> lines)
    {
        var x = new SweepScale(axis, Left + Inset, Width - Right - Inset);
        double[] values = [.. lines.SelectMany(line => line.Points.Values).SelectMany(point => new[] { point.Mean - (point.Deviation ?? 0), point.Mean + (point.Deviation ?? 0) })];
        // Values that hardly differ must not be told apart by digits that there is no room for.
        double margin = Math.Max((values.Max() - values.Min()) * 0.06, Math.Max(0.001, 0.01 * values.Max(Math.Abs)));
        var y = new Axis(values.Min() - margin, values.Max() + margin, Height - Bottom, Top, 5);
        var svg = new Svg(Width, Height, $"{measure.Name} over {x.Label}, {title}");
        svg.Text("title", 0, 16, title, Width - 130);
        svg.Text("mark end", Width - Right, 16, measure.Name);
        foreach ((double value, string label) in y.Marks())
        {
            svg.Line("grid", Left, y.At(value), Width - Right, y.At(value));
            svg.Text("mark end", Left - 6, y.At(value) + 4, label);
        }
        svg.Line("axis", Left, Height - Bottom, Width - Right, Height - Bottom);
        foreach ((double place, string label) in x.Marks())
        {
            svg.Line("axis", place, Height - Bottom, place, Height - Bottom + 4);
            svg.Text("mark middle", place, Height - Bottom + 17, label);
        }
        svg.Text("mark middle", (Left + Width - Right) / 2, Height - 6, x.Label);
        for (int line = 0; line < lines.Count; line++)
            DrawLine(svg, x, y, lines[line], (line - (lines.Count - 1) / 2.0) * Math.Min(Beside, 2 * Inset / lines.Count), measure);
        return svg.ToString();
    }

    private static void DrawLine(Svg svg, SweepScale x, Axis y, SweepLine line, double beside, Measure measure)
    {
        int[] measured = [.. x.Order.Where(line.Points.ContainsKey)];
        svg.Polyline($"curve {line.Curve}", measured.Select(value => (x.At(value) + beside, y.At(line.Points[value].Mean))));
        foreach (int value in measured)
        {
            SeedStatistics point = line.Points[value];
            double place = x.At(value) + beside;
            if (point.Deviation is { } deviation)
                svg.Line($"error {line.Colour}", place, y.At(point.Mean - deviation), place, y.At(point.Mean + deviation));
            svg.Circle($"filled {line.Colour}", place, y.At(point.Mean), 3.2, $"{line.Name}, {x.Axis.Key} = {x.Axis.Values[value]}: {point.Format(measure.Format)} (n = {point.Values.Count})");
        }
    }
}
