using ActorTrain.Host.Results;

namespace ActorTrain.Host.Report;

/// <summary>A row of a dot plot.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Colour">Its colour class.</param>
/// <param name="Values">Its measurements, with what each is called in a tooltip.</param>
internal sealed record DotRow(string Name, string Colour, IReadOnlyList<(string Name, double Value)> Values)
{
    /// <summary>Mean and deviation of the measurements.</summary>
    public SeedStatistics Statistics => new([.. Values.Select(value => value.Value)]);
}

/// <summary>Draws measurements by method: a ring for each, a bar at the mean, whiskers of one standard deviation.</summary>
internal static class DotPlot
{
    private const double Width = 460;
    private const double Right = 16;
    private const double Top = 30;
    private const double RowHeight = 40;

    /// <summary>How far mean and rings keep from the middle of their row, above and below.</summary>
    private const double Apart = 6;

    /// <summary>Draws the plot.</summary>
    /// <param name="title">Its title; null where what stands around it says that.</param>
    /// <param name="measure">What is measured.</param>
    /// <param name="rows">The rows; each has a measurement.</param>
    /// <param name="limits">What the measure cannot leave; null for no limits.</param>
    /// <param name="reference">A value to compare with, and its name.</param>
    public static string Draw(string? title, string measure, IReadOnlyList<DotRow> rows, (double Least, double Greatest)? limits = null, (double Value, string Name)? reference = null)
    {
        double bottom = Top + RowHeight * rows.Count;
        double left = Svg.RoomFor(rows.Select(row => row.Name)) + 10;
        Axis x = Scale(rows, limits, reference, left);
        var svg = new Svg(Width, bottom + 40, $"{measure} by method{(title is null ? "" : $", {title}")}");
        if (title is not null)
            svg.Text("title", 0, 16, title, Width);
        foreach ((double value, string label) in x.Marks())
        {
            svg.Line("grid", x.At(value), Top, x.At(value), bottom);
            svg.Text("mark middle", x.At(value), bottom + 17, label);
        }
        svg.Line("axis", left, bottom, Width - Right, bottom);
        svg.Text("mark middle", (left + Width - Right) / 2, bottom + 34, measure);
        if (reference is { } known)
        {
            svg.Line("reference", x.At(known.Value), Top, x.At(known.Value), bottom);
            svg.Text("mark", x.At(known.Value) + 5, Top + 8, known.Name);
        }
        for (int row = 0; row < rows.Count; row++)
            DrawRow(svg, x, Top + RowHeight * (row + 0.5), rows[row], left);
        return svg.ToString();
    }

    private static Axis Scale(IReadOnlyList<DotRow> rows, (double Least, double Greatest)? limits, (double Value, string Name)? reference, double left)
    {
        IEnumerable<double> shown = rows.SelectMany(row => row.Statistics.Values
            .Append(row.Statistics.Mean - (row.Statistics.Deviation ?? 0))
            .Append(row.Statistics.Mean + (row.Statistics.Deviation ?? 0)));
        double[] values = reference is { } known ? [.. shown, known.Value] : [.. shown];
        double margin = Math.Max(0.01, (values.Max() - values.Min()) * 0.08);
        (double least, double greatest) = limits ?? (double.NegativeInfinity, double.PositiveInfinity);
        return new Axis(Math.Max(least, values.Min() - margin), Math.Min(greatest, values.Max() + margin), left, Width - Right, 6);
    }

    private static void DrawRow(Svg svg, Axis x, double y, DotRow row, double left)
    {
        svg.Text("label end", left - 10, y + 4, row.Name, left - 10);
        double mean = row.Statistics.Mean;
        if (row.Statistics.Deviation is { } deviation)
            svg.Whiskers($"error {row.Colour}", x.At(mean - deviation), x.At(mean + deviation), y - Apart);
        svg.Line($"mean {row.Colour}", x.At(mean), y - Apart - 7, x.At(mean), y - Apart + 7);
        foreach ((string name, double value) in row.Values)
            svg.Circle($"seed {row.Colour}", x.At(value), y + Apart, 4, $"{name}: {Numbers.Written(value, "0.000")}");
    }
}
