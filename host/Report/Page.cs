using System.Reflection;
using System.Text;
using ActorTrain.Host.Results;

namespace ActorTrain.Host.Report;

/// <summary>A page of HTML that needs nothing else: its style sheet is inside.</summary>
internal static class Page
{
    /// <summary>The whole page.</summary>
    /// <param name="title">Its heading, as plain text.</param>
    /// <param name="body">What follows the heading, as HTML.</param>
    public static string Compose(string title, string body) => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <title>{Svg.Escape(title)} · ActorTrain</title>
        <style>
        {StyleSheet()}</style>
        </head>
        <body>
        <h1>{Svg.Escape(title)}</h1>
        {body}</body>
        </html>

        """;

    /// <summary>A table that scrolls by itself where the page is narrow.</summary>
    /// <param name="table">Its cells.</param>
    /// <param name="colours">A colour class for each row, drawn as a dot; none for a table without.</param>
    public static string Table(ResultTable table, IReadOnlyList<string>? colours = null)
    {
        var html = new StringBuilder("<div class=\"wide\"><table>\n<thead><tr>");
        // A setting of several keys takes a line for each.
        foreach (string title in table.Header)
            html.Append($"<th>{Svg.Escape(title).Replace(", ", ",<br/>", StringComparison.Ordinal)}</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        for (int row = 0; row < table.Rows.Count; row++)
        {
            string dot = colours is null ? "" : $"<span class=\"dot {colours[row]}\"></span>";
            IEnumerable<string> cells = table.Rows[row].Select((cell, column) => table.Strong.Contains((row, column)) ? $"<strong>{Svg.Escape(cell)}</strong>" : Svg.Escape(cell));
            html.Append($"<tr><td>{dot}{string.Join("</td><td>", cells)}</td></tr>\n");
        }
        return html.Append("</tbody></table></div>\n").ToString();
    }

    private static string StyleSheet()
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("report.css")!);
        return reader.ReadToEnd();
    }
}
