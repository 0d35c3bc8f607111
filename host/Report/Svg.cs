using System.Globalization;
using System.Net;
using System.Text;

namespace ActorTrain.Host.Report;

/// <summary>Builds one inline SVG picture. Colours and fonts come from the page's style sheet by class name.</summary>
internal sealed class Svg
{
    private readonly StringBuilder _content = new();

    /// <summary>A picture with its own coordinates, drawn as wide as its place on the page allows.</summary>
    public Svg(double width, double height, string description) =>
        _content.Append(CultureInfo.InvariantCulture,
            $"<svg viewBox=\"0 0 {Number(width)} {Number(height)}\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{Escape(description)}\">\n");

    public void Line(string style, double x1, double y1, double x2, double y2) =>
        Element($"<line class=\"{style}\" x1=\"{Number(x1)}\" y1=\"{Number(y1)}\" x2=\"{Number(x2)}\" y2=\"{Number(y2)}\"/>");

    public void Polyline(string style, IEnumerable<(double X, double Y)> points) =>
        Element($"<polyline class=\"{style}\" points=\"{string.Join(' ', points.Select(point => $"{Number(point.X)},{Number(point.Y)}"))}\"/>");

    public void Circle(string style, double x, double y, double radius, string tooltip) =>
        Element($"<circle class=\"{style}\" cx=\"{Number(x)}\" cy=\"{Number(y)}\" r=\"{Number(radius)}\"><title>{Escape(tooltip)}</title></circle>");

    public void Rectangle(string style, double x, double y, double width, double height) =>
        Element($"<rect class=\"{style}\" x=\"{Number(x)}\" y=\"{Number(y)}\" width=\"{Number(width)}\" height=\"{Number(height)}\"/>");

    /// <summary>Text; the style says where its anchor is.</summary>
    public void Text(string style, double x, double y, string text) =>
        Element($"<text class=\"{style}\" x=\"{Number(x)}\" y=\"{Number(y)}\">{Escape(text)}</text>");

    /// <summary>The finished element.</summary>
    public override string ToString() => _content + "</svg>\n";

    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private void Element(string element) => _content.Append(element).Append('\n');
}
