using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ActorTrain.DataPipeline.Storage;

namespace ActorTrain.DataPipeline.Sources;

/// <summary>WebDataset tar shards. Class names come from a <c>classes.json</c> (a list of names) beside the shards, or are the numbers.</summary>
internal sealed class ShardSource : INamedSamples
{
    private const string ClassesName = "classes.json";
    private const int MaxClassesBytes = 1 << 24;

    private readonly IFileStore _store;
    private readonly IReadOnlyList<StoredFile> _shards;
    private readonly ShardIndex _index;

    private ShardSource(IFileStore store, string location, IReadOnlyList<StoredFile> shards, ShardIndex index, IReadOnlyList<string> classNames)
    {
        _store = store;
        _shards = shards;
        _index = index;
        Location = location;
        ClassNames = classNames;
    }

    public string Location { get; }

    public long Count => _index.Count;

    public IReadOnlyList<string> ClassNames { get; }

    public string Fingerprint => _index.Fingerprint;

    /// <summary>Opens the shards that a pattern below the store's root stands for, building their index where the cached one does not fit.</summary>
    public static async Task<ShardSource> OpenAsync(IFileStore store, string pattern, SourceOptions options, CancellationToken cancel)
    {
        var shards = await StoredFiles.FindAsync(store, pattern, "shard", options, cancel);
        var index = await OpenIndexAsync(store, pattern, shards, options, cancel);
        try
        {
            var names = index.HighestLabel < 0 ? options.ClassNames ?? [] : options.ClassNames ?? await ReadClassNamesAsync(store, cancel)
                ?? [.. Enumerable.Range(0, index.HighestLabel + 1).Select(label => label.ToString())];
            var source = new ShardSource(store, options.Location, shards, index, names);
            if (index.HighestLabel >= names.Count)
                throw source.LabelOutOfRange();
            return source;
        }
        catch
        {
            index.Dispose();
            throw;
        }
    }

    public int LabelOf(long sample) => _index[sample].Label;

    public async ValueTask<Sample> ReadAsync(long sample, CancellationToken cancel)
    {
        var record = _index[sample];
        var bytes = new byte[record.Length];
        await _store.ReadAsync(_shards[record.Shard].Path, record.Offset, bytes, cancel);
        return new Sample(bytes, record.Label, IdentityOf(record));
    }

    /// <summary>The index has no names: the shards' headers are read once more.</summary>
    public async IAsyncEnumerable<string> ReadNamesAsync(SourceOptions options, [EnumeratorCancellation] CancellationToken cancel)
    {
        long sample = 0, before = 0, total = _shards.Sum(shard => shard.Length);
        for (int shard = 0; shard < _shards.Count; shard++)
        {
            var tar = new TarReader(_store, _shards[shard]);
            await foreach (var member in tar.ReadMembersAsync(cancel))
            {
                options.Report(OpeningPhase.Indexing, before + member.HeaderOffset, total);
                if (!ShardIndexBuilder.IsImage(member.Name))
                    continue;
                if (sample == Count || (_index[sample].Shard, _index[sample].Offset) != (shard, member.Offset))
                    throw tar.Damaged(member.HeaderOffset, $"{member.Name} was not indexed here, the shard has changed meanwhile");
                sample++;
                yield return member.Name;
            }
            before += _shards[shard].Length;
        }
        if (sample < Count)
            throw new DataException($"{IdentityOf(_index[sample])}: the image that was indexed here is gone, the shard has changed meanwhile; start again.");
    }

    public ValueTask DisposeAsync()
    {
        _index.Dispose();
        _store.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<ShardIndex> OpenIndexAsync(
        IFileStore store, string pattern, StoredFile[] shards, SourceOptions options, CancellationToken cancel)
    {
        string place = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(store.Locate(pattern))));
        string path = Path.Combine(Path.GetFullPath(options.CacheDirectory), $"shards-{place[..16]}.index");
        try
        {
            if (StoredFiles.HaveVersions(shards) && ShardIndex.TryOpen(path, shards) is { } known)
                return known;
            using var writer = new ShardIndex.Writer(path, shards);
            var builder = new ShardIndexBuilder(store, writer);
            long before = 0, total = shards.Sum(shard => shard.Length);
            for (int shard = 0; shard < shards.Length; shard++)
            {
                await builder.AddShardAsync(shard, shards[shard], offset => options.Report(OpeningPhase.Indexing, before + offset, total), cancel);
                before += shards[shard].Length;
                options.Report(OpeningPhase.Indexing, before, total);
            }
            if (writer.Count == 0)
                throw new DataException($"{store.Locate(pattern)} holds no image (.jpg, .jpeg, .png); name shards of images.");
            writer.Commit();
            return ShardIndex.TryOpen(path, shards) ?? throw new IOException("another process changed it meanwhile");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"the shard index {path} cannot be kept ({error.Message}); check the cache directory's permissions and free space.", error);
        }
    }

    private static async Task<IReadOnlyList<string>?> ReadClassNamesAsync(IFileStore store, CancellationToken cancel)
    {
        if (await store.FindAsync(ClassesName, cancel) is not { } file)
            return null;
        try
        {
            var bytes = new byte[file.Length <= MaxClassesBytes ? file.Length : throw new JsonException("it is too large")];
            await store.ReadAsync(ClassesName, 0, bytes, cancel);
            return JsonSerializer.Deserialize<string[]>(bytes) is { } names && Array.TrueForAll(names, name => name is not null)
                ? names : throw new JsonException("it holds null");
        }
        catch (JsonException error)
        {
            throw new DataException($"{store.Locate(ClassesName)} is no JSON list of class names ({error.Message}); correct it or remove it.", error);
        }
    }

    private DataException LabelOutOfRange()
    {
        for (long sample = 0; ; sample++)
        {
            var record = _index[sample];
            if (record.Label >= ClassNames.Count)
                return new DataException($"{IdentityOf(record)} has the label {record.Label}, but there are {ClassNames.Count} class names; correct the label or the names.");
        }
    }

    private string IdentityOf(ShardRecord record) => $"{_store.Locate(_shards[record.Shard].Path)}, offset {record.Offset}";
}
