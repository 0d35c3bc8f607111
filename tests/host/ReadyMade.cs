using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Tests;

/// <summary>The files of <c>hocon/</c>.</summary>
internal static class ReadyMade
{
    private static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "hocon");

    /// <summary>Their names, in ordinal order.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.GetFiles(Folder, "*.conf").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    /// <summary>One of them.</summary>
    public static ConfigurationText Open(string name) => RunConfiguration.File(Path.Combine(Folder, name));
}
