using System.Text.RegularExpressions;

namespace ActorTrain.DataPipeline.Storage;

/// <summary>
/// What files hold by the ends of their names, whatever the case. Signed URLs carry their signature as a query behind the file's name.
/// </summary>
internal static partial class FileNames
{
    private const string TextEnds = "jsonl|ndjson|txt";
    private const RegexOptions AnyCase = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;

    /// <summary>JSON lines or plain text, packed or not.</summary>
    public static bool IsText(string name) => Text().IsMatch(name);

    /// <summary>Text with a document per line, and no JSON.</summary>
    public static bool IsPlainText(string name) => PlainText().IsMatch(name);

    /// <summary>A tar archive, packed or not.</summary>
    public static bool IsArchive(string name) => Archive().IsMatch(name);

    /// <summary>Anything that is packed with gzip.</summary>
    public static bool IsPacked(string name) => Packed().IsMatch(name);

    /// <summary>The name without the query, which begins at a question mark behind one of the known ends: elsewhere it is part of a name.</summary>
    public static string WithoutQuery(string name) => Query().Match(name) is { Success: true } query ? name[..query.Groups[1].Index] : name;

    [GeneratedRegex(@"\.(?:" + TextEnds + @")(?:\.gz)?(?:\?.*)?$", AnyCase)]
    private static partial Regex Text();

    [GeneratedRegex(@"\.txt(?:\.gz)?(?:\?.*)?$", AnyCase)]
    private static partial Regex PlainText();

    [GeneratedRegex(@"\.tar(?:\.gz)?(?:\?.*)?$", AnyCase)]
    private static partial Regex Archive();

    [GeneratedRegex(@"\.gz(?:\?.*)?$", AnyCase)]
    private static partial Regex Packed();

    [GeneratedRegex(@"\.(?:" + TextEnds + @"|tar|gz)(\?.*)$", AnyCase)]
    private static partial Regex Query();
}
