using System.Text.RegularExpressions;

namespace ActorTrain.Host.Configuration;

/// <summary>For whom a path sets its key.</summary>
internal enum KeyScopeKind
{
    /// <summary>For all: <c>pretrain.steps</c>.</summary>
    All,
    /// <summary>For one method: <c>methods.NAME.pretrain.steps</c>.</summary>
    Method,
    /// <summary>For one data set of a study: <c>study.datasets.NAME.pretrain.steps</c>.</summary>
    DataSet,
    /// <summary>The values that a study goes through: <c>study.sweep.pretrain.steps</c>.</summary>
    Sweep,
}

/// <summary>What a path says: which key, and for whom.</summary>
/// <param name="Kind">For whom.</param>
/// <param name="Name">The name of the method or data set; empty for others, and where the path is too short for one.</param>
/// <param name="Key">The key, such as <c>pretrain.steps</c>; empty where the path ends before it.</param>
internal sealed partial record KeyScope(KeyScopeKind Kind, string Name, string Key)
{
    /// <summary>The section of methods.</summary>
    public const string Methods = "methods";

    /// <summary>The section of a study's data sets.</summary>
    public const string DataSets = "study.datasets";

    /// <summary>The section of the keys whose values a study goes through.</summary>
    public const string Sweep = "study.sweep";

    /// <summary>Reads a path. A name may hold dots (<c>methods.mae-0.3.distill.mae-weight</c>), for every key has two parts.</summary>
    public static KeyScope Of(string path) =>
        After(Methods, path) is { } method ? Named(KeyScopeKind.Method, method)
        : After(DataSets, path) is { } dataSet ? Named(KeyScopeKind.DataSet, dataSet)
        : After(Sweep, path) is { } swept ? new KeyScope(KeyScopeKind.Sweep, "", swept)
        : new KeyScope(KeyScopeKind.All, "", path);

    /// <summary>What stands before the key.</summary>
    public string Prefix => Kind switch
    {
        KeyScopeKind.Method => $"{Methods}.{Name}.",
        KeyScopeKind.DataSet => $"{DataSets}.{Name}.",
        KeyScopeKind.Sweep => $"{Sweep}.",
        _ => "",
    };

    /// <summary>Whether the key may have a value of its own here.</summary>
    public bool Takes(ConfigurationKey key) => Kind switch
    {
        KeyScopeKind.Method => !HoldsForAll(key.Path) && !HoldsForMethods(key.Path),
        KeyScopeKind.DataSet => !HoldsForAll(key.Path),
        KeyScopeKind.Sweep => !HoldsForAll(key.Path) && !key.IsList,
        _ => true,
    };

    /// <summary>Whether a name can be part of a file's.</summary>
    public static bool IsName(string name) => FileName().IsMatch(name);

    private static string? After(string section, string path) =>
        path == section ? "" : path.StartsWith(section + ".", StringComparison.Ordinal) ? path[(section.Length + 1)..] : null;

    private static KeyScope Named(KeyScopeKind kind, string rest)
    {
        string[] parts = rest.Split('.');
        int key = parts.Length < 3 || ConfigurationKeys.All.All(known => known.Path != $"{parts[^2]}.{parts[^1]}") ? 1 : parts.Length - 2;
        return new KeyScope(kind, string.Join('.', parts[..key]), string.Join('.', parts[key..]));
    }

    /// <summary>Whether a key has one value for everything that a command carries out.</summary>
    private static bool HoldsForAll(string path) =>
        path is "run.name" or "run.folder" or "run.seeds" or "run.methods" || Section(path) is "cache" or "cluster" or "study";

    /// <summary>Whether a key has one value for all methods that are compared: they share θ_init, the labelled data and how they are carried out.</summary>
    private static bool HoldsForMethods(string path) => Section(path) switch
    {
        "run" => path != "run.adapt",
        "source" => true,
        "model" => path is "model.from" or "model.image-size",
        "text" => path is not ("text.mask-ratio" or "text.whole-word" or "text.pack" or "text.dropout"),
        "data" => path is not ("data.unlabelled" or "data.crop-padding" or "data.flip"),
        _ => false,
    };

    private static string Section(string path) => path.Split('.')[0];

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]*\z")]
    private static partial Regex FileName();
}
