namespace ActorTrain.DataPipeline.Tests;

/// <summary>A test on the public data sets in ../shared/data beside the repository; skipped where they are absent.</summary>
public sealed class SharedDataFactAttribute : FactAttribute
{
    private static readonly string? Found = Find();

    public SharedDataFactAttribute()
    {
        if (Found is null)
            Skip = "../shared/data is absent";
    }

    public static string Folder => Found!;

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ActorTrain.sln")))
                return Path.Combine(folder.FullName, "..", "shared", "data") is var data && Directory.Exists(data) ? Path.GetFullPath(data) : null;
        }
        return null;
    }
}
