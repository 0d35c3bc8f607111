using System.Globalization;
using System.Text.RegularExpressions;

namespace ActorTrain.DataPipeline.Sources;

/// <summary>Brace patterns of file names: <c>train-{000000..000009}.tar</c>.</summary>
internal static partial class ShardPattern
{
    private const int MaxShards = 1_000_000;

    /// <summary>Splits a location at the last slash before any brace: the root of its files and a name or pattern below it.</summary>
    public static (string Root, string Pattern) Split(string location)
    {
        int end = location.IndexOfAny(['{', '?']);
        int slash = location.LastIndexOf('/', end < 0 ? location.Length - 1 : end);
        return slash < 0 ? (".", location) : (slash == 0 ? "/" : location[..slash], location[(slash + 1)..]);
    }

    /// <summary>The names that a pattern stands for, in order.</summary>
    /// <exception cref="DataException">It has braces that are no range, or too large a one.</exception>
    public static IEnumerable<string> Expand(string pattern)
    {
        int open = pattern.IndexOfAny(['{', '}']);
        if (open < 0)
            return [pattern];
        var range = Range().Match(pattern);
        if (!range.Success || range.Index != open
            || !int.TryParse(range.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int first)
            || !int.TryParse(range.Groups[2].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int last)
            || last < first || last - first >= MaxShards)
            throw new DataException($"the braces in {pattern} are no rising range of at most {MaxShards} files such as {{000000..000009}}; correct the pattern.");
        int digits = range.Groups[1].Length;
        var rest = Expand(pattern[(range.Index + range.Length)..]).ToList();
        return Enumerable.Range(first, last - first + 1)
            .SelectMany(number => rest.Select(tail => pattern[..open] + number.ToString("D" + digits) + tail));
    }

    [GeneratedRegex(@"\{(\d+)\.\.(\d+)\}")]
    private static partial Regex Range();
}
