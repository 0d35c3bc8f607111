using ActorTrain.Host.Results;

namespace ActorTrain.Host.Report;

/// <summary>A bar of a plot of times.</summary>
/// <param name="Name">Whose time it is.</param>
/// <param name="Parts">Its parts in seconds, in the order of the plot's kinds.</param>
internal sealed record TimeBar(string Name, IReadOnlyList<double> Parts);

/// <summary>Draws wall-clock by method, divided by what the stages do.</summary>
internal static class TimePlot
{
    private const double Width = 460;
    private const double Right = 76;
    private const double Top = 30;
    private const double RowHeight = 26;

    /// <summary>Draws the plot.</summary>
    /// <param name="title">Its title.</param>
    /// <param name="kinds">What the parts are, each with its colour class.</param>
    /// <param name="bars">The bars.</param>
    public static string Draw(string title, IReadOnlyList<(string Name, string Colour)> kinds, IReadOnlyList<TimeBar> bars)
    {
        double left = Svg.RoomFor(bars.Select(bar => bar.Name)) + 10;
        double longest = Math.Max(bars.Max(bar => bar.Parts.Sum()), 1e-9);
        var svg = new Svg(Width, Top + RowHeight * bars.Count + 4, $"wall-clock by method, {title}");
        svg.Text("title", 0, 16, title, Width);
        for (int row = 0; row < bars.Count; row++)
        {
            double y = Top + RowHeight * row, x = left;
            svg.Text("label end", left - 10, y + RowHeight / 2 + 4, bars[row].Name, left - 10);
            for (int part = 0; part < kinds.Count; part++)
            {
                double length = (Width - left - Right) * bars[row].Parts[part] / longest;
                if (length > 0)
                    svg.Rectangle($"bar {kinds[part].Colour}", x, y + 4, length, RowHeight - 8, $"{bars[row].Name}, {kinds[part].Name}: {ResultTable.Duration(bars[row].Parts[part])}");
                x += length;
            }
            svg.Text("mark", x + 6, y + RowHeight / 2 + 4, ResultTable.Duration(bars[row].Parts.Sum()));
        }
        return svg.ToString();
    }
}
