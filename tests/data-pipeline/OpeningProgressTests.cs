using System.Collections.Concurrent;

namespace ActorTrain.DataPipeline.Tests;

public sealed class OpeningProgressTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Indexing_goes_from_nothing_to_every_byte_of_the_shards()
    {
        long bytes = 0;
        for (int shard = 0; shard < 2; shard++)
        {
            byte[] tar = Shards.MakeSamples(shard * 5, 5, classes: 2);
            _folder.Write($"data-{shard}.tar", tar);
            bytes += tar.Length;
        }
        OpeningProgress[] reports = await OpenAsync("data-{0..1}.tar");
        Assert.All(reports, report => Assert.Equal("data.train", report.Key));

        Assert.Equal([1, 2], reports.Where(report => report.Phase == OpeningPhase.LookingUpShards).Select(report => report.Done).Order());
        Assert.All(reports.Where(report => report.Phase == OpeningPhase.LookingUpShards), report => Assert.Equal(2, report.Total));

        OpeningProgress[] indexing = [.. reports.Where(report => report.Phase == OpeningPhase.Indexing)];
        Assert.Equal((0, bytes), (indexing[0].Done, indexing[^1].Done));
        Assert.Equal(indexing.Select(report => report.Done).Order(), indexing.Select(report => report.Done));
        Assert.All(indexing, report => Assert.Equal(bytes, report.Total));
        // Within a shard too: one may hold a whole corpus.
        Assert.True(indexing.DistinctBy(report => report.Done).Count() > 10);
    }

    [Fact]
    public async Task An_index_that_is_there_takes_no_indexing()
    {
        _folder.Write("data.tar", Shards.MakeSamples(0, 5, classes: 2));
        Assert.Contains(await OpenAsync("data.tar"), report => report.Phase == OpeningPhase.Indexing);
        Assert.DoesNotContain(await OpenAsync("data.tar"), report => report.Phase == OpeningPhase.Indexing);
    }

    [Theory]
    [InlineData(OpeningPhase.LookingUpShards, "looking up shards")]
    [InlineData(OpeningPhase.Unpacking, "unpacking text")]
    [InlineData(OpeningPhase.IndexingText, "indexing text")]
    [InlineData(OpeningPhase.Tokenizing, "tokenizing documents")]
    public void Every_phase_has_a_name(OpeningPhase phase, string name)
    {
        var estimate = new OpeningEstimate(TimeProvider.System);
        estimate.Report(new OpeningProgress("data.train", phase, 0, 10));
        Assert.Equal(new OpeningView($"data.train: {name}", 0, 10, "0%"), estimate.View());
    }

    [Fact]
    public async Task Listing_a_folder_counts_its_files()
    {
        for (int image = 0; image < 3; image++)
            _folder.Write($"images/cat/{image}.png", [1]);
        OpeningProgress[] reports = await OpenAsync("images");
        // The class folder counts as well.
        Assert.Equal([1, 2, 3, 4], reports.Select(report => report.Done));
        Assert.All(reports, report => Assert.Equal((OpeningPhase.Listing, null), (report.Phase, report.Total)));
    }

    [Fact]
    public void The_time_left_is_that_of_the_phase_and_reports_that_overtake_each_other_never_lead_back()
    {
        var time = new HandMovedTime();
        var estimate = new OpeningEstimate(time);
        Assert.Null(estimate.View());
        estimate.Report(new OpeningProgress("location", OpeningPhase.LookingUpShards, 1, 2));
        time.Seconds += 1000;
        estimate.Report(new OpeningProgress("location", OpeningPhase.Indexing, 0, 4000));
        Assert.Equal(new OpeningView("location: indexing shards", 0, 4000, "0%"), estimate.View());
        time.Seconds += 3700;
        foreach (long done in new[] { 500, 1000, 900 })
            estimate.Report(new OpeningProgress("location", OpeningPhase.Indexing, done, 4000));
        Assert.Equal(new OpeningView("location: indexing shards", 1000, 4000, "25%, 3:05:00 left"), estimate.View());
    }

    private async Task<OpeningProgress[]> OpenAsync(string name)
    {
        var reports = new Reports();
        await using var source = await SampleSources.OpenAsync(
            new SourceOptions { Location = _folder.File(name), Key = "data.train", CacheDirectory = _folder.File("cache"), Progress = reports }, default);
        return [.. reports.All];
    }

    private sealed class Reports : IProgress<OpeningProgress>
    {
        public ConcurrentQueue<OpeningProgress> All { get; } = [];

        public void Report(OpeningProgress value) => All.Enqueue(value);
    }

    private sealed class HandMovedTime : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
