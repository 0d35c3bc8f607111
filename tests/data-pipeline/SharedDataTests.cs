namespace ActorTrain.DataPipeline.Tests;

public sealed class SharedDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SharedDataFact]
    public async Task Cifar10_has_its_fifty_thousand_images_evenly_over_ten_classes()
    {
        await using var source = await OpenAsync("cifar10/source_train-{000000..000009}.tar");
        Assert.Equal(50_000, source.Count);
        Assert.Equal(10, source.ClassNames.Count);
        Assert.Contains("airplane", source.ClassNames);
        var perClass = new int[10];
        for (long i = 0; i < source.Count; i++)
            perClass[source.LabelOf(i)]++;
        Assert.All(perClass, count => Assert.Equal(5000, count));

        await using var loader = new ImageLoader(source, new ImageOptions { Size = 32 }, seed: 1, new SampleOrder(source.Count, 1));
        var batch = await loader.LoadAsync(0, 512, default);
        // Published statistics of the training images: mean .491 .482 .447, over so few of them to about ± .02.
        double[] means = [.. Enumerable.Range(0, 3).Select(channel =>
            batch.Pixels.Where((_, i) => i / 1024 % 3 == channel).Average(value => value / 255.0))];
        Assert.InRange(means[0], .46, .52);
        Assert.InRange(means[2], .41, .48);
    }

    [SharedDataFact]
    public async Task The_chest_X_rays_open_limit_and_decode()
    {
        await using var train = await OpenAsync("xray/train");
        await using var test = await OpenAsync("xray/test", train.ClassNames);
        Assert.Equal(["covid19", "nofindings", "pneumonia"], train.ClassNames);
        Assert.Equal((804, 319), (train.Count, test.Count));
        await using var limited = await OpenAsync("xray/train", limit: 150);
        // 89, 359 and 356 of 804.
        Assert.Equal([17, 67, 66], Enumerable.Range(0, 150).CountBy(i => limited.LabelOf(i)).OrderBy(pair => pair.Key).Select(pair => pair.Value));

        await using var loader = new ImageLoader(test, new ImageOptions { Size = 32 }, seed: 1, new SampleOrder(test.Count, 1));
        var batch = await loader.LoadConsecutiveAsync(0, 319, default);
        Assert.Equal(Enumerable.Range(0, 319).Select(i => test.LabelOf(i)), batch.Labels);
        // Grey: the three planes of an image are the same.
        Assert.Equal(batch.Pixels[..1024], batch.Pixels[1024..2048]);
        Assert.InRange(batch.Pixels.Average(value => (double)value), 60, 200);
    }

    private Task<ISampleSource> OpenAsync(string location, IReadOnlyList<string>? classNames = null, int limit = 0) => SampleSources.OpenAsync(
        new SourceOptions
        {
            Location = Path.Combine(SharedDataFactAttribute.Folder, location),
            CacheDirectory = _folder.File("cache"),
            ClassNames = classNames,
            Limit = limit,
        }, default);
}
