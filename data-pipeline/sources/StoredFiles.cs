using System.Text;
using ActorTrain.DataPipeline.Storage;

namespace ActorTrain.DataPipeline.Sources;

/// <summary>The stored files that a location names.</summary>
internal static class StoredFiles
{
    /// <summary>Opens the store of a location's files.</summary>
    /// <param name="options">The location, for messages, and the clock.</param>
    /// <param name="root">Its folder, without a slash at the end.</param>
    /// <exception cref="DataException">It is no place that can be read.</exception>
    public static IFileStore OpenStore(SourceOptions options, string root)
    {
        if (root.StartsWith("s3://", StringComparison.Ordinal))
            return new S3Store(root, options.Time);
        if (root.StartsWith("http://", StringComparison.Ordinal) || root.StartsWith("https://", StringComparison.Ordinal))
            return Uri.TryCreate(root, UriKind.Absolute, out _)
                ? new HttpStore(root, options.Time)
                : throw new DataException($"{options.Location} is no valid URL; correct it.");
        if (options.Location.Contains("://", StringComparison.Ordinal))
            throw new DataException($"{options.Location} has a scheme that is not read; use a local path, http(s):// or s3://.");
        if (options.Location.Length == 0)
            throw new DataException("the path is empty; name a folder or files.");
        return new LocalStore(Path.GetFullPath(root.Length == 0 ? "/" : root));
    }

    /// <summary>Looks up the files that a name or brace pattern stands for, in order.</summary>
    /// <param name="store">Where they are.</param>
    /// <param name="pattern">The name or pattern below the store's root.</param>
    /// <param name="what">What such a file is called in messages.</param>
    /// <param name="options">Told how many were looked up.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DataException">One does not exist.</exception>
    public static Task<StoredFile[]> FindAsync(IFileStore store, string pattern, string what, SourceOptions options, CancellationToken cancel) =>
        LookUpAsync(store, [.. ShardPattern.Expand(pattern)], what, options, cancel);

    /// <summary>Looks up listed files where the list does not tell their versions.</summary>
    /// <exception cref="DataException">One does not exist.</exception>
    public static async Task<StoredFile[]> WithVersionsAsync(IFileStore store, StoredFile[] listed, SourceOptions options, CancellationToken cancel) =>
        HaveVersions(listed) ? listed : await LookUpAsync(store, Array.ConvertAll(listed, file => file.Path), "listed file", options, cancel);

    /// <summary>Whether every file has a version: without one, nobody can tell whether what was made of it once still fits.</summary>
    public static bool HaveVersions(IReadOnlyList<StoredFile> files) => files.All(file => file.Version.Length > 0);

    /// <summary>What a <see cref="SidecarFile{TRecord}"/> of these files is keyed by: name, length and version of each.</summary>
    public static byte[] KeyOf(IReadOnlyList<StoredFile> files)
    {
        using var list = new MemoryStream();
        using var writer = new BinaryWriter(list, Encoding.UTF8);
        foreach (var file in files)
        {
            writer.Write(file.Path);
            writer.Write(file.Length);
            writer.Write(file.Version);
        }
        writer.Flush();
        return list.ToArray();
    }

    private static async Task<StoredFile[]> LookUpAsync(IFileStore store, string[] names, string what, SourceOptions options, CancellationToken cancel)
    {
        int lookedUp = 0;
        var found = new StoredFile?[names.Length];
        var inParallel = new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancel };
        await Parallel.ForAsync(0, names.Length, inParallel, async (number, stop) =>
        {
            found[number] = await store.FindAsync(names[number], stop);
            options.Report(OpeningPhase.LookingUpShards, Interlocked.Increment(ref lookedUp), names.Length);
        });
        int missing = Array.IndexOf(found, null);
        return missing < 0
            ? Array.ConvertAll(found, file => file!.Value)
            : throw new DataException($"the {what} {store.Locate(names[missing])} does not exist; correct the path.");
    }
}
