using ActorTrain.Host.Results;

namespace ActorTrain.Host.Report;

/// <summary>A row of an interval plot.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Colour">Its colour class.</param>
/// <param name="Test">The difference over pairs.</param>
/// <param name="OverDraws">The same difference with one observation a draw; null where no key is pooled.</param>
internal sealed record IntervalRow(string Name, string Colour, PairedTest Test, PairedTest? OverDraws);

/// <summary>Draws differences with their 95 % confidence intervals against no difference: over pairs, and thin below it over draws.</summary>
internal static class IntervalPlot
{
    private const double Width = 460;
    private const double Right = 16;
    private const double Top = 8;
    private const double RowHeight = 26;

    /// <summary>How much higher a row with two intervals is, and how far apart these are.</summary>
    private const double Apart = 9;

    /// <summary>Draws the plot.</summary>
    /// <param name="description">What is compared, for those who do not see it.</param>
    /// <param name="measure">What differs.</param>
    /// <param name="rows">The rows; each has a difference.</param>
    public static string Draw(string description, Measure measure, IReadOnlyList<IntervalRow> rows)
    {
        double apart = rows.Any(row => row.OverDraws is { Low: not null }) ? Apart : 0, rowHeight = RowHeight + apart;
        double left = Svg.RoomFor(rows.Select(row => row.Name)) + 10, bottom = Top + rowHeight * rows.Count;
        double[] values = [0, .. rows.SelectMany(row => new[] { row.Test.Mean, row.Test.Low, row.Test.High, row.OverDraws?.Low, row.OverDraws?.High }).OfType<double>()];
        double margin = Math.Max(0.002, (values.Max() - values.Min()) * 0.06);
        var x = new Axis(values.Min() - margin, values.Max() + margin, left, Width - Right, 5);
        var svg = new Svg(Width, bottom + 40, description);
        foreach ((double value, string label) in x.Marks())
        {
            svg.Line("grid", x.At(value), Top, x.At(value), bottom);
            svg.Text("mark middle", x.At(value), bottom + 17, label);
        }
        svg.Line("axis", x.At(0), Top, x.At(0), bottom);
        svg.Line("axis", left, bottom, Width - Right, bottom);
        svg.Text("mark middle", (left + Width - Right) / 2, bottom + 34, $"difference in {measure.Name}");
        for (int row = 0; row < rows.Count; row++)
        {
            (string name, string colour, PairedTest test, PairedTest? overDraws) = rows[row];
            double middle = Top + rowHeight * (row + 0.5), y = middle - apart / 2;
            svg.Text("label end", left - 10, middle + 4, name, left - 10);
            if (test is { Low: { } low, High: { } high })
                svg.Whiskers($"error over-pairs {colour}", x.At(low), x.At(high), y);
            if (overDraws is { Low: { } lowOverDraws, High: { } highOverDraws })
                svg.Whiskers($"error over-draws {colour}", x.At(lowOverDraws), x.At(highOverDraws), y + apart);
            svg.Circle($"filled {colour}", x.At(test.Mean), y, 4.5, $"{name}: {Numbers.Signed(test.Mean, measure.Format)}, p {Numbers.Probability(test.P)}, n = {test.Pairs}"
                + (overDraws is null ? "" : $"; over {overDraws.Pairs} draws p {Numbers.Probability(overDraws.P)}"));
        }
        return svg.ToString();
    }
}
