namespace ActorTrain.DataPipeline.Tests;

public sealed class SyntheticTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_same_options_give_the_same_bytes_and_another_seed_or_domain_others()
    {
        var options = new SyntheticOptions { Images = 24, Seed = 1 };
        string first = await ContentAsync(options);
        Assert.Equal(first, await ContentAsync(options));
        Assert.NotEqual(first, await ContentAsync(options with { Seed = 2 }));
        Assert.NotEqual(first, await ContentAsync(options with { Domain = SyntheticDomain.Target }));
    }

    [Fact]
    public async Task Images_spread_evenly_over_the_classes_and_the_domains_look_different()
    {
        var spreads = new List<double>();
        foreach (var domain in Enum.GetValues<SyntheticDomain>())
        {
            await using var source = await WriteAsync(new SyntheticOptions { Images = 60, Size = 24, Domain = domain });
            Assert.Equal(SyntheticImages.ClassNames, source.ClassNames);
            Assert.Equal([10, 10, 10, 10, 10, 10], Enumerable.Range(0, 60).CountBy(i => source.LabelOf(i)).Select(pair => pair.Value));
            await using var loader = new ImageLoader(source, new ImageOptions { Size = 24 }, 1, new SampleOrder(60, 1));
            var pixels = (await loader.LoadConsecutiveAsync(0, 60, default)).Pixels;
            int plane = 24 * 24;
            spreads.Add(Enumerable.Range(0, 60).Average(image => Math.Abs(
                pixels.AsSpan(image * 3 * plane, plane).ToArray().Average(value => value)
                - pixels.AsSpan(((image * 3) + 2) * plane, plane).ToArray().Average(value => value))));
        }
        // Red against blue: colourful in the source domain, grey in the target domain.
        Assert.InRange(spreads[0], 20, 255);
        Assert.Equal(0, spreads[1]);
    }

    [Theory]
    [InlineData(SyntheticDomain.Source)]
    [InlineData(SyntheticDomain.Target)]
    public async Task Stripes_run_as_their_class_says(SyntheticDomain domain)
    {
        await using var source = await WriteAsync(new SyntheticOptions { Images = 120, Domain = domain });
        await using var loader = new ImageLoader(source, new ImageOptions { Size = 32 }, 1, new SampleOrder(120, 1));
        var batch = await loader.LoadConsecutiveAsync(0, 120, default);
        Assert.True(Change("horizontals", 0, 1) > Change("horizontals", 1, 0));
        Assert.True(Change("verticals", 1, 0) > Change("verticals", 0, 1));

        // Squared difference between every pixel of a class and its neighbour in the given direction.
        long Change(string name, int right, int down)
        {
            long change = 0;
            for (int image = 0; image < 120; image++)
            {
                if (SyntheticImages.ClassNames[batch.Labels[image]] != name)
                    continue;
                for (int y = 0; y < 31; y++)
                {
                    for (int x = 0; x < 31; x++)
                    {
                        int difference = Red(image, x + right, y + down) - Red(image, x, y);
                        change += difference * difference;
                    }
                }
            }
            return change;
        }

        int Red(int image, int x, int y) => batch.Pixels[(((image * 3 * 32) + y) * 32) + x];
    }

    [Fact]
    public void A_folder_that_exists_or_cannot_be_made_is_an_error()
    {
        _folder.Write("there/1.png", [1]);
        Assert.Contains("exists already", Assert.Throws<DataException>(() => SyntheticImages.Write(_folder.File("there"), new SyntheticOptions())).Message);
        Assert.Contains("could not be written", Assert.Throws<DataException>(
            () => SyntheticImages.Write(_folder.File("there", "1.png", "below"), new SyntheticOptions())).Message);
    }

    private async Task<string> ContentAsync(SyntheticOptions options)
    {
        await using var source = await WriteAsync(options);
        using var all = new MemoryStream();
        for (long i = 0; i < source.Count; i++)
            all.Write((await source.ReadAsync(i, default)).Bytes.Span);
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(all.ToArray()));
    }

    private Task<ISampleSource> WriteAsync(SyntheticOptions options)
    {
        string folder = _folder.File(Guid.NewGuid().ToString("N"));
        SyntheticImages.Write(folder, options);
        return SampleSources.OpenAsync(new SourceOptions { Location = folder }, default);
    }
}
