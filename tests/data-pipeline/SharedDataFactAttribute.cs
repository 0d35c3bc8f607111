namespace ActorTrain.DataPipeline.Tests;

/// <summary>A test on the public data sets in ../shared/data beside the repository; skipped where they are absent.</summary>
public sealed class SharedDataFactAttribute : FactAttribute
{
    private static readonly string? RepositoryRoot = FindRepository();

    private static readonly string? Found = RepositoryRoot is not null && Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared", "data")) is var data && Directory.Exists(data)
        ? data : null;

    public SharedDataFactAttribute()
    {
        if (Found is null)
            Skip = "../shared/data is absent";
    }

    public static string Folder => Found!;

    /// <summary>The repository's folder <c>hocon</c>.</summary>
    public static string Configurations => Path.Combine(RepositoryRoot!, "hocon");

    private static string? FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ActorTrain.sln")))
                return folder.FullName;
        }
        return null;
    }
}
