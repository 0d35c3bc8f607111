using System.Text.Json;
using ActorTrain.DataPipeline.Mixing;

namespace ActorTrain.DataPipeline.Tests;

/// <summary>The golden values are golden/make_mixing.py's.</summary>
public sealed class MixingTests : IDisposable
{
    private static readonly JsonSerializerOptions Names = new(JsonSerializerDefaults.Web);

    private static readonly GoldenMixing Golden = JsonSerializer.Deserialize<GoldenMixing>(File.ReadAllText(DecodingTests.Golden("mixing.json")), Names)!;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<double> Alphas => [.. Golden.Distributions.Select(distribution => distribution.Alpha)];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_key_gives_the_golden_partner_share_and_place() => Assert.All(Golden.Draws, draw =>
    {
        var mixture = Mixture.Draw(MixKind.CutMix, draw.Alpha, draw.Seed, draw.Epoch, draw.Sample, draw.Partners, Golden.Size);
        Assert.Equal((draw.Partner, draw.X, draw.Y), (mixture.Partner, mixture.X, mixture.Y));
        Assert.Equal(draw.Share, mixture.Share, tolerance: 1e-13);
    });

    [Theory]
    [MemberData(nameof(Alphas))]
    public void Shares_are_distributed_as_a_beta(double alpha)
    {
        const int count = 20_000;
        double[] shares = [.. Enumerable.Range(0, count).Select(sample => Mixture.Draw(MixKind.MixUp, alpha, seed: 7, epoch: 0, sample, 1, 1).Share).Order()];
        // Kolmogorov and Smirnov's statistic at the points; its 1 % quantile is 1.63 / √count.
        var distribution = Golden.Distributions.Single(golden => golden.Alpha == alpha);
        Assert.All(distribution.Points.Zip(distribution.Values), point =>
        {
            int index = Array.BinarySearch(shares, point.First);
            Assert.Equal(point.Second, (double)(index < 0 ? ~index : index) / count, tolerance: 1.63 / Math.Sqrt(count));
        });
        // Its central moments: 0, 1 / (4 (2α + 1)) and 3 / (16 (2α + 1) (2α + 3)); four standard deviations.
        double variance = 1 / (4 * ((2 * alpha) + 1)), fourth = 3 / (16 * ((2 * alpha) + 1) * ((2 * alpha) + 3));
        Assert.Equal(0.5, shares.Average(), tolerance: 4 * Math.Sqrt(variance / count));
        Assert.Equal(variance, shares.Average(share => (share - 0.5) * (share - 0.5)), tolerance: 4 * Math.Sqrt((fourth - (variance * variance)) / count));
    }

    [Theory]
    [InlineData(ImageMixing.LeastAlpha)]
    [InlineData(ImageMixing.MostAlpha)]
    public void The_widest_alphas_give_shares_too(double alpha) => Assert.All(Enumerable.Range(0, 5000), sample =>
        Assert.InRange(Mixture.Draw(MixKind.MixUp, alpha, seed: 1, epoch: 0, sample, 1, 1).Share, 0, 1));

    [Fact]
    public void Partners_are_equally_likely()
    {
        var counts = new int[5];
        for (int sample = 0; sample < 20_000; sample++)
            counts[Mixture.Draw(MixKind.MixUp, 1, seed: 1, epoch: 2, sample, partners: 5, size: 8).Partner]++;
        // 4,000 each, standard deviation 56.6.
        Assert.All(counts, count => Assert.InRange(count, 3760, 4240));
    }

    [Theory]
    [InlineData(MixKind.MixUp)]
    [InlineData(MixKind.CutMix)]
    public void Mixed_pixels_are_the_golden_ones(MixKind kind) => Assert.All(Golden.Images.Mixed, mixed =>
    {
        byte[] pixels = [.. Golden.Images.Own];
        new Mixture(kind, Partner: 0, mixed.Share, mixed.X, mixed.Y).Apply(pixels, Golden.Images.Partner, Golden.Size);
        Assert.Equal(kind == MixKind.MixUp ? mixed.MixUp : mixed.CutMix, pixels);
    });

    [Theory]
    [InlineData(MixKind.MixUp, false)]
    [InlineData(MixKind.MixUp, true)]
    [InlineData(MixKind.CutMix, false)]
    [InlineData(MixKind.CutMix, true)]
    public async Task A_mixed_image_is_a_function_of_its_epoch_and_number(MixKind kind, bool fromSource)
    {
        const int size = 16, count = 30;
        const ulong seed = 4;
        await using var target = await OpenAsync("target", SyntheticDomain.Target, count);
        await using var source = await OpenAsync("source", SyntheticDomain.Source, 20);
        var options = new ImageOptions { Size = size, Flip = true, CropPadding = 3 };
        var order = new SampleOrder(count, seed);
        await using var sources = new ImageLoader(source, options, seed, new SampleOrder(source.Count, seed));
        await using var plain = new ImageLoader(target, options, seed, order);
        await using var mixing = new ImageLoader(target, options, seed, order, new ImageMixing { Kind = kind, Alpha = 0.7, Partners = fromSource ? sources : null });

        var whole = await mixing.LoadAsync(5, 2 * count, default);

        var parts = await Task.WhenAll(Enumerable.Range(0, 20).Select(part => mixing.LoadAsync(5 + (3 * part), 3, default)));
        Assert.Equal(whole.Pixels, parts.SelectMany(part => part.Pixels));
        var unmixed = await plain.LoadAsync(5, 2 * count, default);
        Assert.Equal(unmixed.Epochs.Zip(unmixed.Samples, unmixed.Labels), whole.Epochs.Zip(whole.Samples, whole.Labels));
        int different = 0;
        for (int i = 0; i < whole.Count; i++)
        {
            var partners = fromSource ? sources : plain;
            long partnerCount = fromSource ? source.Count : count;
            var mixture = Mixture.Draw(kind, 0.7, seed, whole.Epochs[i], whole.Samples[i], partnerCount, size);
            byte[] expected = Image(unmixed, i);
            byte[] partner = await InEpochAsync(partners, new SampleOrder(partnerCount, seed), partnerCount, whole.Epochs[i], mixture.Partner);
            mixture.Apply(expected, partner, size);
            Assert.Equal(expected, Image(whole, i));
            different += Image(unmixed, i).AsSpan().SequenceEqual(expected) ? 0 : 1;
        }
        Assert.InRange(different, whole.Count / 2, whole.Count);
        Assert.Equal((await plain.LoadConsecutiveAsync(0, count, default)).Pixels, (await mixing.LoadConsecutiveAsync(0, count, default)).Pixels);
    }

    [Fact]
    public async Task Images_of_another_size_cannot_be_mixed_in()
    {
        await using var source = await OpenAsync("source", SyntheticDomain.Source, 6);
        await using var small = new ImageLoader(source, new ImageOptions { Size = 8 }, seed: 1, new SampleOrder(6, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageLoader(source, new ImageOptions { Size = 16 }, seed: 1, new SampleOrder(6, 1),
            new ImageMixing { Kind = MixKind.MixUp, Alpha = 1, Partners = small }));
    }

    private static byte[] Image(ImageBatch batch, int number) => batch.Pixels.Chunk(batch.Pixels.Length / batch.Count).ElementAt(number);

    private static async Task<byte[]> InEpochAsync(ImageLoader loader, SampleOrder order, long count, long epoch, long sample)
    {
        long position = Enumerable.Range(0, (int)count).Single(position => order.SampleAt(epoch, position) == sample);
        return (await loader.LoadAsync((epoch * count) + position, 1, default)).Pixels;
    }

    private Task<ISampleSource> OpenAsync(string name, SyntheticDomain domain, int images)
    {
        SyntheticImages.Write(_folder.File(name), new SyntheticOptions { Domain = domain, Images = images, Size = 16, Seed = 1 });
        return SampleSources.OpenAsync(new SourceOptions { Location = _folder.File(name) }, default);
    }

    private sealed record GoldenMixing(int Size, GoldenDistribution[] Distributions, GoldenDraw[] Draws, GoldenImages Images);

    private sealed record GoldenDistribution(double Alpha, double[] Points, double[] Values);

    private sealed record GoldenDraw(double Alpha, ulong Seed, long Epoch, long Sample, long Partners, long Partner, double Share, int X, int Y);

    private sealed record GoldenImages(byte[] Own, byte[] Partner, GoldenMixed[] Mixed);

    private sealed record GoldenMixed(double Share, int X, int Y, byte[] MixUp, byte[] CutMix);
}
