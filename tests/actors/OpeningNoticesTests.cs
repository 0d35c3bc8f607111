using ActorTrain.Actors.Stages;
using ActorTrain.DataPipeline;

namespace ActorTrain.Actors.Tests;

public class OpeningNoticesTests
{
    [Fact]
    public void A_long_opening_is_told_every_five_seconds_and_a_short_one_never()
    {
        var time = new ManualTime();
        var events = new Events();
        var notices = new OpeningNotices("pretrain", events, time);
        for (int second = 0; second < 12; second++)
        {
            notices.Report(new OpeningProgress("data.train", OpeningPhase.Indexing, second * 10, 240));
            if (second == 4)
                Assert.Empty(events.All);
            time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Equal(
            [new Notice("pretrain: data.train: indexing shards, 21%, 0:00:19 left"), new Notice("pretrain: data.train: indexing shards, 42%, 0:00:14 left")],
            events.All);
    }

    private sealed class Events : IProgress<RunEvent>
    {
        public List<RunEvent> All { get; } = [];

        public void Report(RunEvent value) => All.Add(value);
    }
}
