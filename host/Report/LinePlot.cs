namespace ActorTrain.Host.Report;

/// <summary>A curve of a plot.</summary>
/// <param name="Name">Its name in the legend; curves of one name share an entry.</param>
/// <param name="Colour">Its colour: a class of the style sheet, <c>c0</c>, <c>c1</c>, ….</param>
/// <param name="Points">Its points, by ascending x.</param>
internal sealed record Curve(string Name, string Colour, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Draws curves over training steps or something else that is counted.</summary>
internal static class LinePlot
{
    private const double Width = 420;
    private const double Height = 260;
    private const double Left = 50;
    private const double Right = 18;
    private const double Top = 30;
    private const double Bottom = 40;

    /// <summary>Draws the plot.</summary>
    /// <param name="title">Its title.</param>
    /// <param name="yLabel">What is drawn, with its unit.</param>
    /// <param name="curves">The curves; at least one point between them.</param>
    /// <param name="xLabel">What it is drawn against.</param>
    /// <param name="whole">Whether the highest values must be seen; a loss may leave its first steps out.</param>
    /// <param name="legend">Whether the curves' names stand in the plot.</param>
    public static string Draw(string title, string yLabel, IReadOnlyList<Curve> curves, string xLabel = "step", bool whole = false, bool legend = true)
    {
        double[] values = [.. curves.SelectMany(curve => curve.Points).Select(point => point.Y).Order()];
        double lastStep = curves.SelectMany(curve => curve.Points).Max(point => point.X);
        // The first steps of a training may be far above the rest: the scale leaves out the highest hundredth.
        double highest = values[(int)((values.Length - 1) * (whole ? 1 : 0.99))];
        double margin = (highest - values[0]) * 0.05;
        var x = new Axis(0, lastStep, Left, Width - Right, 6);
        var y = new Axis(values[0] - margin, highest + margin, Height - Bottom, Top, 5);
        var svg = new Svg(Width, Height, title);
        svg.Text("title", Left, 16, title);
        foreach ((double value, string label) in y.Marks())
        {
            svg.Line("grid", Left, y.At(value), Width - Right, y.At(value));
            svg.Text("mark end", Left - 6, y.At(value) + 4, label);
        }
        foreach ((double value, string label) in x.Marks())
            svg.Text("mark middle", x.At(value), Height - Bottom + 16, label);
        svg.Line("axis", Left, Height - Bottom, Width - Right, Height - Bottom);
        svg.Text("mark middle", (Left + Width - Right) / 2, Height - 7, xLabel);
        svg.Text("mark end", Width - Right, 16, yLabel);
        foreach (Curve curve in curves)
            svg.Polyline($"curve {curve.Colour}", curve.Points.Select(point => (x.At(point.X), y.At(point.Y))));
        if (legend)
            Legend(svg, curves);
        return svg.ToString();
    }

    private static void Legend(Svg svg, IReadOnlyList<Curve> curves)
    {
        Curve[] named = [.. curves.DistinctBy(curve => curve.Name)];
        if (named.Length < 2)
            return;
        double top = Top + 12;
        foreach (Curve curve in named)
        {
            svg.Line($"curve {curve.Colour}", Width - Right - 14, top - 4, Width - Right, top - 4);
            svg.Text("mark end", Width - Right - 19, top, curve.Name);
            top += 15;
        }
    }
}
