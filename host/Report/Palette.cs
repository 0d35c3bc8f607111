using System.Text;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Report;

/// <summary>The colours of a page's methods, the same in every picture: classes of the style sheet.</summary>
/// <param name="methods">The methods, in the order of tables and legends.</param>
internal sealed class Palette(IReadOnlyList<string> methods)
{
    /// <summary>Colours in the style sheet, <c>c0</c>, <c>c1</c>, ….</summary>
    private const int Colours = 12;

    /// <summary>The first colours are told apart by everybody; curves of the others are dashed as well.</summary>
    private const int Solid = 6;

    /// <summary>The colour class of a method.</summary>
    public string Colour(string method) => $"c{Index(method) % Colours}";

    /// <summary>The classes of a method's curve.</summary>
    public string Curve(string method) => Index(method) % Colours < Solid ? Colour(method) : $"{Colour(method)} dashed";

    /// <summary>The methods' names beside their colours.</summary>
    public string Legend(IEnumerable<string> shown) => shown
        .Aggregate(new StringBuilder("<p class=\"legend\">"), (html, method) => html.Append($"<span><i class=\"dot {Colour(method)}\"></i>{Svg.Escape(Methods.Display(method))}</span> "))
        .Append("</p>\n").ToString();

    private int Index(string method) => Math.Max(0, methods.ToList().IndexOf(method));
}
