namespace ActorTrain.Actors;

/// <summary>The forms in which a plan names a model: <c>preset:NAME</c>, <c>stage:NAME</c> or a folder.</summary>
public static class ModelLocation
{
    private const string StagePrefix = "stage:";
    private const string PresetPrefix = "preset:";

    /// <summary>The reference to the result of a stage.</summary>
    public static string OfStage(string name) => StagePrefix + name;

    /// <summary>The stage whose result is meant; null for another form.</summary>
    public static string? StageOf(string location) => After(StagePrefix, location);

    /// <summary>The preset that is meant; null for another form.</summary>
    public static string? PresetOf(string location) => After(PresetPrefix, location);

    private static string? After(string prefix, string location) =>
        location.StartsWith(prefix, StringComparison.Ordinal) ? location[prefix.Length..] : null;
}
