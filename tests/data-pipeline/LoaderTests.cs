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

    private async Task<ISampleSource> OpenSyntheticAsync(int images)
    {
        string folder = _folder.File("synthetic");
        SyntheticImages.Write(folder, new SyntheticOptions { Images = images, Seed = 1 });
        return await SampleSources.OpenAsync(new SourceOptions { Location = folder }, default);
    }
}
