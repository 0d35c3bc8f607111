using ActorTrain.DataPipeline.Images;

namespace ActorTrain.DataPipeline.Tests;

public sealed class LoaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Batches_follow_the_order_whatever_the_number_of_threads()
    {
        await using var source = await OpenSyntheticAsync(60);
        var order = new SampleOrder(source.Count, seed: 1);
        var options = new ImageOptions { Size = 16, CropPadding = 2, Flip = true };
        await using var one = new ImageLoader(source, options with { DecodeThreads = 1 }, seed: 1, order);
        await using var four = new ImageLoader(source, options with { DecodeThreads = 4 }, seed: 1, order);
        var expected = await one.LoadAsync(50, 32, default);
        var batches = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => four.LoadAsync(50, 32, default)));
        Assert.Equal(Enumerable.Range(50, 32).Select(position => order.At(position)), expected.Epochs.Zip(expected.Samples));
        Assert.Equal(expected.Samples.Select(source.LabelOf), expected.Labels);
        Assert.All(batches, batch => Assert.Equal(expected.Pixels, batch.Pixels));
        Assert.Equal(expected.Samples, await one.SamplesAsync(50, 32, default));
        Assert.Equal(expected.Samples, (await ((ISampleLoader)four).LoadAsync(50, 32, default)).Samples);
    }

    [Fact]
    public async Task Consecutive_samples_are_not_augmented_and_the_cache_of_decoded_images_changes_nothing()
    {
        await using var source = await OpenSyntheticAsync(30);
        var order = new SampleOrder(source.Count, seed: 1);
        await using var plain = new ImageLoader(source, new ImageOptions { Size = 32 }, seed: 1, order);
        await using var cached = new ImageLoader(
            source, new ImageOptions { Size = 32, Flip = true, CropPadding = 4, DecodedCacheBytes = 10 * 3 * 32 * 32 }, seed: 1, order);
        var expected = await plain.LoadConsecutiveAsync(3, 20, default);
        Assert.Equal(expected.Pixels, (await cached.LoadConsecutiveAsync(3, 20, default)).Pixels);
        Assert.Equal(expected.Pixels, (await cached.LoadConsecutiveAsync(3, 20, default)).Pixels);
        Assert.Equal(Enumerable.Range(3, 20).Select(i => (long)i), expected.Samples);
    }

    [Fact]
    public async Task A_broken_sample_stops_the_load_with_its_name()
    {
        await using var source = await OpenWithBrokenAsync("empty.png", "garbage.png", "cut.jpg");
        await using var loader = new ImageLoader(source, new ImageOptions { Size = 4 }, seed: 1, new SampleOrder(source.Count, 1));
        var messages = new List<string>();
        for (int i = 0; i < source.Count; i++)
        {
            try
            {
                await loader.LoadConsecutiveAsync(i, 1, default);
            }
            catch (DataException error)
            {
                messages.Add(error.Message);
            }
        }
        Assert.Equal(3, messages.Count);
        Assert.All(["empty.png is empty", "garbage.png is neither", "cut.jpg is a damaged JPEG"], text => Assert.Contains(messages, message => message.Contains(text)));
        Assert.Equal(0, loader.SkippedSamples);
    }

    [Fact]
    public async Task Under_skip_broken_the_next_whole_sample_stands_in_and_each_broken_one_counts_once()
    {
        await using var source = await OpenWithBrokenAsync("b1.png", "b2.png", "z.png");
        await using var loader = new ImageLoader(source, new ImageOptions { Size = 4, SkipBroken = true }, seed: 1, new SampleOrder(source.Count, 1));
        // In order: a.png, b1.png and b2.png (broken), c.png, z.png (broken; after it comes a.png again).
        for (int round = 0; round < 2; round++)
        {
            var batch = await loader.LoadConsecutiveAsync(0, 5, default);
            Assert.Equal([1, 3, 3, 3, 1], Enumerable.Range(0, 5).Select(i => batch.Pixels[i * 48]));
            Assert.Equal([0L, 1, 2, 3, 4], batch.Samples);
            Assert.Equal(3, loader.SkippedSamples);
        }
    }

    [Fact]
    public async Task A_source_without_any_whole_sample_is_an_error_even_when_skipping()
    {
        _folder.Write("broken/1.png", [1]);
        _folder.Write("broken/2.png", [1]);
        await using var source = await SampleSources.OpenAsync(new SourceOptions { Location = _folder.Path }, default);
        await using var loader = new ImageLoader(source, new ImageOptions { Size = 4, SkipBroken = true }, seed: 1, new SampleOrder(2, 1));
        Assert.Contains("holds no image that can be decoded", (await Assert.ThrowsAsync<DataException>(() => loader.LoadAsync(0, 4, default))).Message);
    }

    [Fact]
    public async Task A_cancelled_load_ends_while_a_read_is_under_way_and_the_loader_goes_on()
    {
        var source = new GatedSource();
        await using var loader = new ImageLoader(source, new ImageOptions { Size = 4, DecodeThreads = 2 }, seed: 1, new SampleOrder(1000, 1));
        using var cancel = new CancellationTokenSource();
        var load = loader.LoadConsecutiveAsync(0, 500, cancel.Token);
        await source.Reading;
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load);
        source.Open();
        Assert.Equal(3, (await loader.LoadConsecutiveAsync(2, 3, default)).Count);
    }

    [Fact]
    public async Task Disposal_ends_the_batches_under_way()
    {
        var source = new GatedSource();
        var loader = new ImageLoader(source, new ImageOptions { Size = 4, DecodeThreads = 2 }, seed: 1, new SampleOrder(1000, 1));
        var loads = Enumerable.Range(0, 5).Select(i => loader.LoadConsecutiveAsync(i, 50, default)).ToList();
        await source.Reading;
        await loader.DisposeAsync();
        foreach (var load in loads)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => loader.LoadAsync(0, 1, default));
        await loader.DisposeAsync();
    }

    [Fact]
    public void Augmentation_shifts_within_its_padding_and_mirrors_half_of_the_images()
    {
        const int size = 8, padding = 2;
        var source = new byte[3 * size * size];
        for (int i = 0; i < source.Length; i++)
            source[i] = (byte)(1 + i);
        var seen = new HashSet<(int, int, bool)>();
        int mirrored = 0;
        for (int sample = 0; sample < 1000; sample++)
        {
            var target = new byte[source.Length];
            Augmentation.Apply(source, target, size, padding, flip: true, seed: 1, epoch: 0, sample);
            var match = (from dy in Enumerable.Range(-padding, 5)
                         from dx in Enumerable.Range(-padding, 5)
                         from flip in new[] { false, true }
                         where target.SequenceEqual(Moved(source, size, dx, dy, flip))
                         select (dx, dy, flip)).Single();
            seen.Add(match);
            mirrored += match.flip ? 1 : 0;
        }
        Assert.Equal(50, seen.Count);
        // Standard deviation 15.8.
        Assert.InRange(mirrored, 420, 580);
    }

    private static byte[] Moved(byte[] source, int size, int dx, int dy, bool flip)
    {
        var target = new byte[source.Length];
        for (int plane = 0; plane < 3; plane++)
        {
            for (int y = 0; y < size; y++)
            {
                for (int x = 0; x < size; x++)
                {
                    int fromX = (flip ? size - 1 - x : x) + dx, fromY = y + dy;
                    if (fromX >= 0 && fromX < size && fromY >= 0 && fromY < size)
                        target[(((plane * size) + y) * size) + x] = source[(((plane * size) + fromY) * size) + fromX];
                }
            }
        }
        return target;
    }

    /// <summary>a.png and c.png whole, of the levels 1 and 3, and the named files broken, in one class.</summary>
    private async Task<ISampleSource> OpenWithBrokenAsync(params string[] broken)
    {
        _folder.Write("class/a.png", Shards.Image(1));
        _folder.Write("class/c.png", Shards.Image(3));
        byte[] jpeg = File.ReadAllBytes(DecodingTests.Golden("rgb.jpg"));
        foreach (string name in broken)
            _folder.Write($"class/{name}", name == "empty.png" ? [] : name == "cut.jpg" ? jpeg[..(jpeg.Length / 2)] : "no image at all"u8.ToArray());
        return await SampleSources.OpenAsync(new SourceOptions { Location = _folder.Path }, default);
    }

    private async Task<ISampleSource> OpenSyntheticAsync(int images)
    {
        string folder = _folder.File("synthetic");
        SyntheticImages.Write(folder, new SyntheticOptions { Images = images, Seed = 1 });
        return await SampleSources.OpenAsync(new SourceOptions { Location = folder }, default);
    }

    /// <summary>A thousand images, none of which can be read before the gate is opened.</summary>
    private sealed class GatedSource : ISampleSource
    {
        private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _reading = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reading => _reading.Task;

        public string Location => "gated";

        public long Count => 1000;

        public IReadOnlyList<string> ClassNames => [];

        public string Fingerprint => "00";

        public void Open() => _gate.SetResult();

        public int LabelOf(long sample) => -1;

        public async ValueTask<Sample> ReadAsync(long sample, CancellationToken cancel)
        {
            _reading.TrySetResult();
            await _gate.Task.WaitAsync(cancel);
            return new Sample(Shards.Image(1), -1, "gated");
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
