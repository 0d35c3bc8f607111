using System.Globalization;
using System.Net;
using System.Text;

namespace ActorTrain.Host.Report;

/// <summary>Builds one inline SVG picture. Colours and fonts come from the page's style sheet by class name.</summary>
internal sealed class Svg
{
    /// <summary>What a character of a label takes on average, in a wide font.</summary>
    private const double CharacterWidth = 7.2;

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

    /// <summary>A level line with a short upright one at each end.</summary>
    public void Whiskers(string style, double left, double right, double y)
    {
        Line(style, left, y, right, y);
        Line(style, left, y - 4, left, y + 4);
        Line(style, right, y - 4, right, y + 4);
    }

    public void Rectangle(string style, double x, double y, double width, double height, string tooltip) =>
        Element($"<rect class=\"{style}\" x=\"{Number(x)}\" y=\"{Number(y)}\" width=\"{Number(width)}\" height=\"{Number(height)}\"><title>{Escape(tooltip)}</title></rect>");

    /// <summary>Text; the style says where its anchor is.</summary>
    public void Text(string style, double x, double y, string text) =>
        Element($"<text class=\"{style}\" x=\"{Number(x)}\" y=\"{Number(y)}\">{Escape(text)}</text>");

    /// <summary>Text of which no more than its end is shown where there is no room for all; all of it is in a tooltip.</summary>
    public void Text(string style, double x, double y, string text, double room)
    {
        int characters = (int)(room / CharacterWidth);
        if (text.Length <= characters)
            Text(style, x, y, text);
        else
            Element($"<text class=\"{style}\" x=\"{Number(x)}\" y=\"{Number(y)}\">…{Escape(text[^(characters - 1)..].TrimStart())}<title>{Escape(text)}</title></text>");
    }

    /// <summary>The room that names beside a plot's rows get.</summary>
    public static double RoomFor(IEnumerable<string> names) => Math.Clamp(names.Max(name => name.Length) * CharacterWidth + 4, 140, 230);

    /// <summary>The finished element.</summary>
    public override string ToString() => _content + "</svg>\n";

    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private void Element(string element) => _content.Append(element).Append('\n');
}
