using ActorTrain.DataPipeline.Sources;
using ActorTrain.DataPipeline.Storage;

namespace ActorTrain.DataPipeline.Tests;

/// <summary>Runs alone, so that the process's memory is this test's.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
public sealed class MemoryCollection;

[Collection(nameof(MemoryTests))]
public sealed class MemoryTests : IDisposable
{
    private const int ClassCount = 10;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Memory_stays_flat_however_large_the_corpus_is()
    {
        await using (await OpenAndReadAsync(samples: 5_000))
        {
        }
        long before = ResidentBytes();
        await using var source = await OpenAndReadAsync(samples: 1_000_000);
        Assert.Equal(1_000_000, source.Count);
        // The index has 24 MB, and any table in memory would have as much; the runtime's own growth is left room for.
        Assert.InRange(ResidentBytes() - before, long.MinValue, 16_000_000);
    }

    private async Task<ISampleSource> OpenAndReadAsync(int samples)
    {
        var store = new EndlessStore(samples);
        var options = new SourceOptions { Location = $"endless-{samples}.tar", CacheDirectory = _folder.File("cache") };
        var whole = await ShardSource.OpenAsync(store, options.Location, options, default);
        var limited = SubsetSource.Create(whole, options with { Limit = 100, LimitSeed = 1 }, groups: null);
        Assert.Equal(10, Enumerable.Range(0, 100).Count(i => limited.LabelOf(i) == 3));
        var order = new SampleOrder(whole.Count, seed: 1);
        for (int position = 0; position < 5_000; position++)
        {
            long sample = order.SampleAt(0, position);
            var read = await whole.ReadAsync(sample, default);
            Assert.Equal(sample % ClassCount, read.Label);
        }
        return whole;
    }

    internal static long ResidentBytes()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return Environment.WorkingSet;
    }

    /// <summary>A shard of any length, made while it is read: label and image of a sample repeat with the classes.</summary>
    private sealed class EndlessStore(int samples) : IFileStore
    {
        // A label and an image member of a header and a block each, ten samples, over and over.
        private readonly byte[] _period = Shards.MakeSamples(0, ClassCount, ClassCount)[..(ClassCount * SampleBytes)];

        private const int SampleBytes = 4 * 512;

        public string Locate(string path) => $"/endless/{path}";

        public Task<StoredFile?> FindAsync(string path, CancellationToken cancel) => Task.FromResult<StoredFile?>(
            path == "classes.json" ? null : new StoredFile(path, ((long)samples * SampleBytes) + 1024, "1"));

        public IAsyncEnumerable<StoredFile> ListAsync(CancellationToken cancel) => AsyncEnumerable.Empty<StoredFile>();

        public ValueTask ReadAsync(string path, long offset, Memory<byte> buffer, CancellationToken cancel)
        {
            long end = (long)samples * SampleBytes;
            for (int filled = 0; filled < buffer.Length;)
            {
                long at = offset + filled;
                var rest = buffer.Span[filled..];
                if (at >= end)
                {
                    rest.Clear();
                    break;
                }
                var part = _period.AsSpan((int)(at % _period.Length));
                int count = (int)Math.Min(Math.Min(part.Length, rest.Length), end - at);
                part[..count].CopyTo(rest);
                filled += count;
            }
            return ValueTask.CompletedTask;
        }

        public void Dispose() { }
    }
}
