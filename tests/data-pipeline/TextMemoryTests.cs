using System.Text;

namespace ActorTrain.DataPipeline.Tests;

/// <summary>Text that does not fit into memory: how much of it the process takes while it opens and reads it.</summary>
[Collection(nameof(MemoryTests))]
public sealed class TextMemoryTests : IDisposable
{
    // The runtime takes its time to give memory back; of 100 MB of text the index has 50 MB, and the tokens have more.
    private const long Allowed = 40_000_000;

    private readonly TemporaryFolder _folder = new();
    private int _runs;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(100)]
    public Task Memory_stays_flat_however_much_text_there_is(int megabytes) => AssertFlatAsync(megabytes);

    [LongTheory]
    [InlineData(2_000)]
    public Task Memory_stays_flat_with_gigabytes_of_text(int megabytes) => AssertFlatAsync(megabytes);

    private async Task AssertFlatAsync(int megabytes)
    {
        // The first time is for what the tests before left behind.
        await PeakAsync(10);
        long small = await PeakAsync(10), large = await PeakAsync(megabytes);
        Console.WriteLine($"Resident at most: {small / 1e6:0} MB with 10 MB of text, {large / 1e6:0} MB with {megabytes} MB.");
        Assert.InRange(large - small, long.MinValue, Allowed);
    }

    /// <summary>The most that the process had while it opened, indexed, tokenised, packed and read so much text.</summary>
    private async Task<long> PeakAsync(int megabytes)
    {
        string name = $"corpus-{megabytes}.jsonl";
        await WriteAsync(_folder.File(name), megabytes);
        long peak = MemoryTests.ResidentBytes(), reports = 0;
        var options = Texts.Options(maxLength: 128) with { Pack = true, BatchSize = 64, BucketBatches = 50 };
        await using var source = await TextSources.OpenAsync(
            _folder.Source(name) with { CacheDirectory = _folder.File($"cache-{_runs++}"), Progress = new Observer(() => Note(every: 5000)) }, options, Texts.Tokenizer, default);
        var order = new SampleOrder(source.Count, seed: 1);
        await using var loader = new TextLoader(source, options, seed: 1, order);
        for (int step = 0; step < 50; step++)
        {
            var batch = await loader.LoadAsync(step * 64L * 50, 64, default);
            Assert.Equal(64, batch.Count);
            Note(every: 1);
        }
        File.Delete(_folder.File(name));
        return peak;

        void Note(int every)
        {
            if (reports++ % every == 0)
                peak = Math.Max(peak, Environment.WorkingSet);
        }
    }

    /// <summary>Documents of about fifty bytes, none like the other.</summary>
    private static async Task WriteAsync(string path, int megabytes)
    {
        await using var file = new StreamWriter(path, append: false, new UTF8Encoding(false), 1 << 20);
        long bytes = megabytes * 1_000_000L;
        var random = new CounterRandom(1, RandomPurpose.Synthesis, 0, 0);
        for (long document = 0; bytes > 0; document++)
        {
            string line = $"{{\"text\": \"the document {document} of {Word(random.NextUInt32())} {Word(random.NextUInt32())}\"}}\n";
            file.Write(line);
            bytes -= line.Length;
        }
    }

    private static string Word(uint random) => $"{(char)('a' + (random % 26))}{(char)('a' + (random / 26 % 26))}{(random >> 16) % 100}";

    private sealed class Observer(Action seen) : IProgress<OpeningProgress>
    {
        public void Report(OpeningProgress value) => seen();
    }
}
