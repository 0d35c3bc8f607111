using System.IO.Enumeration;

namespace ActorTrain.DataPipeline.Storage;

/// <summary>Files below a local folder.</summary>
internal sealed class LocalStore(string root) : IFileStore
{
    private static readonly EnumerationOptions EveryVisibleFile = new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = false,
        AttributesToSkip = FileAttributes.Hidden,
        // Links to a parent folder would otherwise be followed until the kernel refuses.
        MaxRecursionDepth = 16,
    };

    public string Locate(string path) => Path.Combine(root, path);

    public Task<StoredFile?> FindAsync(string path, CancellationToken cancel)
    {
        var file = new FileInfo(Locate(path));
        return Task.FromResult<StoredFile?>(
            file.Exists ? new StoredFile(path, file.Length, file.LastWriteTimeUtc.Ticks.ToString()) : null);
    }

    public IAsyncEnumerable<StoredFile> ListAsync(CancellationToken cancel) => List(cancel).ToAsyncEnumerable();

    // A local read blocks its thread either way, so it takes no detour over the thread pool.
    public ValueTask ReadAsync(string path, long offset, Memory<byte> buffer, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        try
        {
            // ReadWrite | Delete: .NET takes no advisory lock then.
            using var handle = File.OpenHandle(Locate(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            int filled = 0;
            while (filled < buffer.Length)
            {
                int read = RandomAccess.Read(handle, buffer.Span[filled..], offset + filled);
                if (read == 0)
                    throw new DataException($"{Locate(path)} ends at offset {offset + filled}, {buffer.Length - filled} bytes too early; restore the file.");
                filled += read;
            }
            return ValueTask.CompletedTask;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{Locate(path)} cannot be read ({error.Message}); check that it exists and its permissions.", error);
        }
    }

    public void Dispose() { }

    private IEnumerable<StoredFile> List(CancellationToken cancel)
    {
        if (File.Exists(root))
            throw new DataException($"{root} is a file of a kind that is not read here; name a folder, .tar shards or, for a model of text, files of text.");
        if (!Directory.Exists(root))
            throw new DataException($"the folder {root} does not exist; correct the path.");
        int prefix = Path.TrimEndingDirectorySeparator(root).Length + 1;
        var entries = new FileSystemEnumerable<StoredFile>(root, (ref entry) => new StoredFile(
            entry.ToFullPath()[prefix..] + (entry.IsDirectory ? "/" : ""),
            entry.IsDirectory ? 0 : entry.Length,
            entry.IsDirectory ? "" : entry.LastWriteTimeUtc.Ticks.ToString()), EveryVisibleFile);
        using var enumerator = entries.GetEnumerator();
        while (MoveNext(enumerator))
        {
            cancel.ThrowIfCancellationRequested();
            yield return enumerator.Current;
        }
    }

    private bool MoveNext(IEnumerator<StoredFile> entries)
    {
        try
        {
            return entries.MoveNext();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"the folder {root} cannot be listed ({error.Message}); check its permissions.", error);
        }
    }
}
