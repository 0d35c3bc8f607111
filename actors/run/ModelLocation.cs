namespace ActorTrain.Actors;

/// <summary>The forms in which a plan names a model: <c>preset:NAME</c>, <c>stage:NAME</c> or a folder.</summary>
internal static class ModelLocation
{
    private const string StagePrefix = "stage:";
    private const string PresetPrefix = "preset:";

    public static string? StageOf(string location) => After(StagePrefix, location);

    public static string? PresetOf(string location) => After(PresetPrefix, location);

    private static string? After(string prefix, string location) =>
        location.StartsWith(prefix, StringComparison.Ordinal) ? location[prefix.Length..] : null;
}
