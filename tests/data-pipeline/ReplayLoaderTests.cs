namespace ActorTrain.DataPipeline.Tests;

public sealed class ReplayLoaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_batch_has_its_share_of_replayed_samples_spread_evenly_however_it_is_cut()
    {
        foreach (int batchSize in Enumerable.Range(1, 12))
        {
            for (int replayed = 0; replayed < batchSize; replayed++)
            {
                foreach (int step in new[] { 0, 1, 5, 999 })
                    await AssertBatchAsync(batchSize, replayed, step);
            }
        }
    }

    [Fact]
    public async Task Images_of_both_domains_come_whole_and_in_their_own_orders()
    {
        await using var target = await OpenAsync("target", SyntheticDomain.Target, 26);
        await using var source = await OpenAsync("source", SyntheticDomain.Source, 17);
        var options = new ImageOptions { Size = 16, Flip = true, CropPadding = 2 };
        var sourceOrder = new SampleOrder(17, 1, purpose: RandomPurpose.ReplayOrder);
        await using var alone = new ImageLoader(target, options, seed: 1, new SampleOrder(26, 1));
        await using var sourceAlone = new ImageLoader(source, options, seed: 1, sourceOrder);
        await using var loader = new ReplayLoader(
            new ImageLoader(target, options, seed: 1, new SampleOrder(26, 1)), 26, new ImageLoader(source, options, seed: 1, sourceOrder), batchSize: 8, replayed: 3);

        var batch = (ImageBatch)await loader.LoadAsync(16, 8, default);

        var (own, replayed) = (await alone.LoadAsync(10, 5, default), await sourceAlone.LoadAsync(6, 3, default));
        // Places 2, 5 and 7.
        long[] samples = [own.Samples[0], own.Samples[1], 26 + replayed.Samples[0], own.Samples[2], own.Samples[3], 26 + replayed.Samples[1], own.Samples[4], 26 + replayed.Samples[2]];
        Assert.Equal(samples, batch.Samples);
        byte[][] images = [.. own.Pixels.Chunk(768)], others = [.. replayed.Pixels.Chunk(768)];
        byte[][] expected = [images[0], images[1], others[0], images[2], images[3], others[1], images[4], others[2]];
        Assert.Equal(expected.SelectMany(image => image), batch.Pixels);
        Assert.Equal(batch.Samples, await loader.SamplesAsync(16, 8, default));
        // A place that is the source's alone.
        var single = (ImageBatch)await loader.LoadAsync(18, 1, default);
        Assert.Equal(others[0], single.Pixels);
        Assert.Equal((26 + replayed.Samples[0], -1), (single.Samples[0], single.Labels[0]));
        Assert.Equal((await alone.LoadConsecutiveAsync(4, 9, default)).Pixels, ((ImageBatch)await loader.LoadConsecutiveAsync(4, 9, default)).Pixels);
    }

    [Fact]
    public async Task Texts_are_sorted_by_length_in_windows_of_their_own_domain()
    {
        var (target, source) = (await OpenTextsAsync("target.jsonl", 40), await OpenTextsAsync("source.jsonl", 15));
        await using var _ = target;
        await using var __ = source;
        var (ofTarget, ofSource) = (Texts.Options(200) with { BatchSize = 6, BucketBatches = 3 }, Texts.Options(200) with { BatchSize = 2, BucketBatches = 3 });
        await using var alone = new TextLoader(target, ofTarget, seed: 1, new SampleOrder(40, 1));
        await using var sourceAlone = new TextLoader(source, ofSource, seed: 1, new SampleOrder(15, 1));
        await using var loader = new ReplayLoader(new TextLoader(target, ofTarget, seed: 1, new SampleOrder(40, 1)), 40,
            new TextLoader(source, ofSource, seed: 1, new SampleOrder(15, 1)), batchSize: 8, replayed: 2);
        for (int step = 0; step < 20; step++)
        {
            var batch = (TextBatch)await loader.LoadAsync(step * 8, 8, default);
            var (own, replayed) = (await alone.LoadAsync(step * 6, 6, default), await sourceAlone.LoadAsync(step * 2, 2, default));
            // Places 3 and 7.
            int[] expected = [.. own.Lengths[..3], replayed.Lengths[0], .. own.Lengths[3..], replayed.Lengths[1]];
            Assert.Equal(expected, batch.Lengths);
            Assert.Equal(batch.Samples.SelectMany(sample => sample < 40 ? target.Read(sample) : source.Read(sample - 40)), batch.Tokens);
            Assert.Equal(own.Samples, batch.Samples.Where(sample => sample < 40));
            Assert.Equal(batch.Samples.Skip(4), await loader.SamplesAsync((step * 8) + 4, 4, default));
        }
    }

    [Fact]
    public async Task Broken_samples_of_both_domains_count_and_disposal_ends_both()
    {
        var (target, source) = (new Positions(7) { SkippedSamples = 3 }, new Positions(3) { SkippedSamples = 2 });
        var loader = new ReplayLoader(target, 10, source, batchSize: 4, replayed: 0);
        Assert.Equal(5, loader.SkippedSamples);
        Assert.Equal(4, (await loader.LoadAsync(0, 4, default)).Count);
        await loader.DisposeAsync();
        Assert.True(target.Disposed && source.Disposed);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReplayLoader(target, 10, source, batchSize: 4, replayed: 4));
    }

    private static async Task AssertBatchAsync(int batchSize, int replayed, int step)
    {
        const long targetCount = 100_000;
        await using var loader = new ReplayLoader(new Positions(7), targetCount, new Positions(3), batchSize, replayed);
        long first = (long)step * batchSize;
        var batch = (TextBatch)await loader.LoadAsync(first, batchSize, default);

        int[] places = [.. Enumerable.Range(0, batchSize).Where(i => (i + 1) * replayed / batchSize > i * replayed / batchSize)];
        Assert.Equal(replayed, places.Length);
        Assert.Equal(places, Enumerable.Range(0, batchSize).Where(i => batch.Samples[i] >= targetCount));
        Assert.All(Enumerable.Range(1, batchSize), length => Assert.All(Enumerable.Range(0, batchSize - length + 1), start => Assert.InRange(
            Enumerable.Range(start, length).Count(places.Contains), length * replayed / batchSize, ((length * replayed) + batchSize - 1) / batchSize)));
        // Each domain's samples are the next ones of its own order.
        long source = (long)step * replayed;
        Assert.Equal(Enumerable.Range(0, batchSize - replayed).Select(rank => first - source + rank), batch.Samples.Where(sample => sample < targetCount));
        Assert.Equal(Enumerable.Range(0, replayed).Select(rank => targetCount + source + rank), batch.Samples.Where(sample => sample >= targetCount));
        Assert.All(batch.Labels.Index(), label => Assert.Equal(places.Contains(label.Index) ? -1 : 7, label.Item));
        Assert.All(batch.Epochs.Index(), epoch => Assert.Equal(places.Contains(epoch.Index) ? 3 : 7, epoch.Item));
        foreach (int parts in Enumerable.Range(1, batchSize).Where(parts => batchSize % parts == 0))
        {
            int size = batchSize / parts;
            List<TextBatch> cut = [];
            for (int part = 0; part < parts; part++)
                cut.Add((TextBatch)await loader.LoadAsync(first + (part * size), size, default));
            Assert.Equal(batch.Samples, cut.SelectMany(part => part.Samples));
            Assert.Equal(batch.Labels, cut.SelectMany(part => part.Labels));
            Assert.Equal(batch.Epochs, cut.SelectMany(part => part.Epochs));
            Assert.Equal(batch.Lengths, cut.SelectMany(part => part.Lengths));
            Assert.Equal(batch.Tokens, cut.SelectMany(part => part.Tokens));
        }
    }

    private Task<ISampleSource> OpenAsync(string name, SyntheticDomain domain, int images)
    {
        SyntheticImages.Write(_folder.File(name), new SyntheticOptions { Domain = domain, Images = images, Size = 16, Seed = 1 });
        return SampleSources.OpenAsync(new SourceOptions { Location = _folder.File(name) }, default);
    }

    private Task<ITextSource> OpenTextsAsync(string name, int documents)
    {
        _folder.Write(name, Texts.Utf8(string.Concat(Enumerable.Range(0, documents).Select(i => $"{{\"text\":\"{new string('x', 1 + (i * 7919 % 101))}\",\"label\":{i % 3}}}\n"))));
        return _folder.OpenTextAsync(name, Texts.Options(200));
    }

    /// <summary>Gives positions as samples, a few tokens each, under one number as label and epoch.</summary>
    private sealed class Positions(int mark) : ISampleLoader
    {
        public long SkippedSamples { get; init; }

        public bool Disposed { get; private set; }

        public Task<LoadedBatch> LoadAsync(long firstPosition, int count, CancellationToken cancel)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
            long[] samples = [.. Enumerable.Range(0, count).Select(i => firstPosition + i)];
            return Task.FromResult<LoadedBatch>(new TextBatch
            {
                Samples = samples,
                Epochs = [.. samples.Select(_ => (long)mark)],
                Labels = [.. samples.Select(_ => mark)],
                Lengths = [.. samples.Select(LengthOf)],
                Tokens = [.. samples.SelectMany(sample => Enumerable.Repeat(mark * (int)sample, LengthOf(sample)))],
            });
        }

        public Task<LoadedBatch> LoadConsecutiveAsync(long firstSample, int count, CancellationToken cancel) => LoadAsync(firstSample, count, cancel);

        public async ValueTask<long[]> SamplesAsync(long firstPosition, int count, CancellationToken cancel) => (await LoadAsync(firstPosition, count, cancel)).Samples;

        public ValueTask DisposeAsync()
        {
            Disposed = true;
            return ValueTask.CompletedTask;
        }

        private int LengthOf(long sample) => 1 + (int)((sample + mark) % 4);
    }
}
