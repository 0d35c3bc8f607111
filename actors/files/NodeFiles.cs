using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using ActorTrain.Actors.Messages;
using ActorTrain.Model;

namespace ActorTrain.Actors.Files;

/// <summary>
/// The files that this node can serve, by content. A file is hashed once; its length and time of change tell whether that still holds.
/// Thread-safe.
/// </summary>
internal sealed class NodeFiles
{
    private readonly object _lock = new();
    private readonly Dictionary<string, Known> _byPath = []; // guarded by _lock
    private readonly Dictionary<string, HashSet<string>> _bySha256 = []; // guarded by _lock

    /// <summary>Hashes and offers the files of a folder, not those of folders in it.</summary>
    /// <exception cref="RunException">The folder cannot be read.</exception>
    public Task<FileSet> AddAsync(string folder, CancellationToken cancel = default) => AddAsync(folder, _ => true, cancel);

    /// <summary>Hashes and offers what belongs to a model: hubs put the same weights in other formats beside them.</summary>
    /// <exception cref="RunException">The folder cannot be read.</exception>
    public Task<FileSet> AddModelAsync(string folder, CancellationToken cancel = default) => AddAsync(
        folder, name => name is ModelFolder.ConfigurationName or ModelFolder.WeightsName || ModelFolder.TokenizerNames.Contains(name), cancel);

    private async Task<FileSet> AddAsync(string folder, Func<string, bool> counts, CancellationToken cancel)
    {
        try
        {
            List<FileEntry> entries = [];
            foreach (string path in Directory.EnumerateFiles(Path.GetFullPath(folder)).Where(path => counts(Path.GetFileName(path))).Order(StringComparer.Ordinal))
            {
                var file = new FileInfo(path);
                string sha256 = Find(file) ?? Register(file, await HashAsync(path, cancel));
                entries.Add(new FileEntry(file.Name, file.Length, sha256));
            }
            return new FileSet([.. entries]);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RunException($"{folder} cannot be read ({error.Message.TrimEnd('.')}); restore it or correct its rights.", error);
        }
    }

    /// <summary>Hashes and offers the files of a folder and of all folders below it; what cannot be read is not offered.</summary>
    public async Task AddTreeAsync(string root, CancellationToken cancel)
    {
        if (!Directory.Exists(root))
            return;
        var everywhere = new EnumerationOptions { RecurseSubdirectories = true };
        foreach (string folder in Directory.EnumerateDirectories(root, "*", everywhere).Prepend(root))
        {
            try
            {
                if (!FileFolders.IsTemporary(folder))
                    await AddAsync(folder, cancel);
            }
            catch (RunException)
            {
                // It was removed meanwhile or the disk is broken: other nodes are asked then.
            }
        }
    }

    /// <summary>Offers a file whose hash is known.</summary>
    public void Add(string path, string sha256) => Register(new FileInfo(path), sha256);

    /// <summary>Whether a known file still has that content.</summary>
    public bool Has(string path, string sha256) => Find(new FileInfo(path)) == sha256;

    /// <summary>A path of a file with that content.</summary>
    public bool TryFind(string sha256, [NotNullWhen(true)] out string? path)
    {
        path = FindAll(sha256).FirstOrDefault();
        return path is not null;
    }

    /// <summary>The paths of all files with that content.</summary>
    public IEnumerable<string> FindAll(string sha256)
    {
        string[] paths;
        lock (_lock)
            paths = _bySha256.TryGetValue(sha256, out var known) ? [.. known] : [];
        return paths.Where(candidate => Has(candidate, sha256));
    }

    /// <summary>Offers the files of a folder and of those below it no longer.</summary>
    public void Forget(string folder)
    {
        string prefix = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar;
        lock (_lock)
        {
            foreach (string path in _byPath.Keys.Where(path => path.StartsWith(prefix, StringComparison.Ordinal)).ToList())
                Remove(path);
        }
    }

    /// <summary>The file's hash if it is known and the file has not changed since; one that has is forgotten.</summary>
    private string? Find(FileInfo file)
    {
        lock (_lock)
        {
            if (!_byPath.TryGetValue(file.FullName, out var known))
                return null;
            if (file.Exists && known.Length == file.Length && known.Changed == file.LastWriteTimeUtc)
                return known.Sha256;
            Remove(file.FullName);
            return null;
        }
    }

    // The length and time that count are those from before the file was read: a change during the reading shows.
    private string Register(FileInfo file, string sha256)
    {
        lock (_lock)
        {
            Remove(file.FullName);
            _byPath[file.FullName] = new Known(sha256, file.Length, file.LastWriteTimeUtc);
            if (!_bySha256.TryGetValue(sha256, out var paths))
                _bySha256[sha256] = paths = [];
            paths.Add(file.FullName);
        }
        return sha256;
    }

    private void Remove(string path)
    {
        if (!_byPath.Remove(path, out var known))
            return;
        var paths = _bySha256[known.Sha256];
        paths.Remove(path);
        if (paths.Count == 0)
            _bySha256.Remove(known.Sha256);
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancel)
    {
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancel));
    }

    private readonly record struct Known(string Sha256, long Length, DateTime Changed);
}
