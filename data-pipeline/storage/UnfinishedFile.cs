namespace ActorTrain.DataPipeline.Storage;

/// <summary>
/// A file in the cache directory while it is written: under a name of its own, flushed to the disk, renamed when complete. So of two
/// processes that write the same one, the later wins and neither reads half a file. What a killed process left of the same file is
/// removed.
/// </summary>
internal sealed class UnfinishedFile : IDisposable
{
    // A writer locks its file, but only after it was created; one that lives writes more often than this.
    private static readonly TimeSpan Abandoned = TimeSpan.FromDays(1);

    private readonly string _path;
    private readonly string _temporaryPath;

    /// <summary>Begins to write the file.</summary>
    /// <exception cref="IOException">It cannot be created; so <see cref="UnauthorizedAccessException"/>.</exception>
    public UnfinishedFile(string path)
    {
        _path = path;
        _temporaryPath = $"{path}.{Guid.NewGuid():N}.tmp";
        string folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        foreach (string left in Directory.EnumerateFiles(folder, $"{Path.GetFileName(path)}.*.tmp"))
            RemoveAbandoned(left);
        Stream = new FileStream(_temporaryPath, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
    }

    /// <summary>What is written.</summary>
    public FileStream Stream { get; }

    /// <summary>Puts the file in its place.</summary>
    public void Commit()
    {
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
        File.Move(_temporaryPath, _path, overwrite: true);
    }

    /// <summary>Removes the file unless it is in its place.</summary>
    public void Dispose()
    {
        try
        {
            // Writes what is buffered, and so fails again on a full disk.
            Stream.Dispose();
        }
        finally
        {
            File.Delete(_temporaryPath);
        }
    }

    private static void RemoveAbandoned(string path)
    {
        try
        {
            if (DateTime.UtcNow - File.GetLastWriteTimeUtc(path) < Abandoned)
                return;
            using var locked = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another process writes it, has removed it or owns it.
        }
    }
}
