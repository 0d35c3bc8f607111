using System.Text;

namespace Akka.Configuration.Hocon;

/// <summary>Dotted paths whose parts may be quoted: <c>a."b.c".d</c>.</summary>
internal static class HoconPath
{
    public static List<string> Split(string path)
    {
        var parts = new List<string>();
        var part = new StringBuilder();
        var quoted = false;
        foreach (var character in path)
        {
            if (character == '"')
                quoted = !quoted;
            else if (character == '.' && !quoted)
            {
                parts.Add(part.ToString());
                part.Clear();
            }
            else
                part.Append(character);
        }
        parts.Add(part.ToString());
        return parts;
    }
}
