using System.Text.RegularExpressions;

namespace ActorTrain.DataPipeline.Storage;

/// <summary>Signed URLs carry their signature as a query behind the file's name.</summary>
internal static partial class SignedUrl
{
    /// <summary>The name without the query, which begins at a question mark behind one of the known extensions: elsewhere it is part of a name.</summary>
    public static string WithoutQuery(string path) => Query().Match(path) is { Success: true } query ? path[..query.Groups[1].Index] : path;

    [GeneratedRegex(@"\.(?:jsonl|json|ndjson|txt|tar|gz)(\?.*)$")]
    private static partial Regex Query();
}
