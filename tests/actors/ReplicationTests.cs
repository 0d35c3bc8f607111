using ActorTrain.Actors.Files;
using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Tests;

public class ReplicationTests : FileFixture
{
    private static readonly Address[] Addresses = [.. Enumerable.Range(1, 4).Select(port => new Address("akka.tcp", "actortrain", "host", port))];

    [Fact]
    public async Task Copies_are_on_other_nodes_disks_before_they_count()
    {
        var (from, first, second, third) = (NewNode(), NewNode(), NewNode(), NewNode());
        var set = await from.WriteAsync("checkpoint-1", ("weights", 3_000_000), ("state", 10));
        var held = await ReplicateAsync(Order(from, set), 2, first.Server, second.Server, third.Server);
        Assert.Equal([Addresses[0], Addresses[1]], held);
        FileTests.AssertSame(from.At("checkpoint-1"), first.At("runs/a/checkpoint-1"));
        FileTests.AssertSame(from.At("checkpoint-1"), second.At("runs/a/checkpoint-1"));
        Assert.False(Directory.Exists(third.At("runs")));
        Assert.True(second.Files.TryFind(set.Files[0].Sha256, out _));
    }

    [Fact]
    public async Task A_candidate_that_is_dead_refuses_or_makes_no_progress_is_passed_over()
    {
        var (from, broken, good) = (NewNode(), NewNode(), NewNode());
        var set = await from.WriteAsync("checkpoint-1", ("weights", 100));
        await File.WriteAllTextAsync(broken.At("runs"), "a file where the folder should be");
        var dead = Server((_, _) => { });
        var time = new StandingTime(timersThatEnd: 1);
        var stuck = System.ActorOf(Props.Create(() => new Stuck(time)));
        await dead.GracefulStop(TimeSpan.FromSeconds(30));
        var held = await ReplicateAsync(Order(from, set), 1, time, dead, broken.Server, stuck, good.Server);
        Assert.Equal([Addresses[3]], held);
        await NoticeAsync("does not answer");
        await NoticeAsync("runs/a/checkpoint-1 cannot be written");
        await NoticeAsync("receives nothing");
    }

    [Fact]
    public async Task Fewer_candidates_than_copies_are_reported_as_they_are()
    {
        var (from, only) = (NewNode(), NewNode());
        var set = await from.WriteAsync("checkpoint-1", ("weights", 100));
        Assert.Equal([Addresses[0]], await ReplicateAsync(Order(from, set), 3, only.Server));
        Assert.Empty(await ReplicateAsync(Order(from, set), 1));
    }

    [Fact]
    public async Task A_stale_epoch_is_refused_also_after_a_restart_of_the_node()
    {
        var (from, to) = (NewNode(), NewNode());
        var set = await from.WriteAsync("checkpoint-1", ("weights", 100));
        await ReplicateAsync(Order(from, set) with { Epoch = 5 }, 1, to.Server);
        var other = await from.WriteAsync("checkpoint-2", ("weights", 200));
        var error = await Assert.ThrowsAsync<StaleEpochException>(() => ReplicateAsync(Order(from, other) with { Epoch = 4 }, 1, to.Server));
        Assert.Contains("epoch 5", error.Message);
        FileTests.AssertSame(from.At("checkpoint-1"), to.At("runs/a/checkpoint-1"));

        var restarted = new EpochFence(to.At("epochs.json"));
        Assert.Equal(5, restarted.Highest("a"));
        Assert.Throws<StaleEpochException>(() => restarted.Raise("a", 4));
        Assert.Throws<StaleEpochException>(() => restarted.Commit("a", 4, () => Assert.Fail("It committed.")));
        Assert.Equal([Addresses[0]], await ReplicateAsync(Order(from, set) with { Run = "b", Epoch = 1, Folder = "runs/b" }, 1, to.Server));
    }

    [Fact]
    public async Task A_copy_that_a_later_epoch_overtakes_is_not_committed()
    {
        var (from, to) = (NewNode(), NewNode());
        var set = await from.WriteAsync("checkpoint-1", ("weights", 3_000_000));
        var asked = new TaskCompletionSource();
        var source = Server((_, _) => asked.TrySetResult());
        var late = ReplicateAsync(Order(from, set) with { Source = source.Path.ToString() }, 1, to.Server);
        await asked.Task.WaitAsync(Limit.Token);
        var later = await from.WriteAsync("checkpoint-2", ("weights", 200));
        Assert.Equal([Addresses[0]], await ReplicateAsync(Order(from, later) with { Epoch = 2 }, 1, to.Server));
        await Assert.ThrowsAsync<StaleEpochException>(() => late);
        FileTests.AssertSame(from.At("checkpoint-2"), to.At("runs/a/checkpoint-1"));
    }

    [Theory]
    [InlineData("../../escaped")]
    [InlineData("/escaped")]
    [InlineData("runs//a")]
    [InlineData("")]
    public async Task A_folder_that_leads_elsewhere_is_refused(string folder)
    {
        var (from, to) = (NewNode(), NewNode());
        var set = await from.WriteAsync("checkpoint-1", ("weights", 100));
        Assert.Empty(await ReplicateAsync(Order(from, set) with { Folder = folder }, 1, to.Server));
        await NoticeAsync("cannot be a folder");
    }

    [Fact]
    public async Task Superseded_checkpoints_are_removed_from_the_copies()
    {
        var (from, to) = (NewNode(), NewNode());
        foreach (int step in new[] { 5, 10, 20, 30 })
        {
            var set = await from.WriteAsync($"checkpoint-{step}", ("weights", 100 + step));
            await ReplicateAsync(Order(from, set) with { Folder = $"runs/a/checkpoint-{step}", Keep = 2 }, 1, to.Server);
            Directory.CreateDirectory(to.At($"runs/a/checkpoint-{step - 1}.tmp"));
        }
        Directory.CreateDirectory(to.At("runs/a/model"));
        var last = await from.WriteAsync("checkpoint-25", ("weights", 125));
        await ReplicateAsync(Order(from, last) with { Folder = "runs/a/checkpoint-25", Keep = 2 }, 1, to.Server);
        Assert.Equal(["checkpoint-20", "checkpoint-25", "checkpoint-29.tmp", "checkpoint-30", "model"],
            Directory.EnumerateDirectories(to.At("runs/a")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_checkpoint_that_the_record_counts_on_stays()
    {
        var (from, to) = (NewNode(), NewNode());
        foreach (int step in new[] { 10, 20, 30 })
        {
            var set = await from.WriteAsync($"checkpoint-{step}", ("weights", 100 + step));
            if (step == 10)
                Needed[set.Files[0].Sha256] = true;
            await ReplicateAsync(Order(from, set) with { Folder = $"runs/a/checkpoint-{step}", Keep = 1 }, 1, to.Server);
        }
        Assert.Equal(["checkpoint-10", "checkpoint-30"],
            Directory.EnumerateDirectories(to.At("runs/a")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private static HoldFiles Order(Node from, FileSet set) => new(set, "runs/a/checkpoint-1", 1, "a", from.Server.Path.ToString(), 0);

    private Task<IReadOnlyList<Address>> ReplicateAsync(HoldFiles order, int copies, params IActorRef[] candidates) =>
        ReplicateAsync(order, copies, new StandingTime(), candidates);

    private Task<IReadOnlyList<Address>> ReplicateAsync(HoldFiles order, int copies, TimeProvider time, params IActorRef[] candidates) =>
        Replication.ReplicateAsync(order, copies, [.. Addresses.Zip(candidates, (address, server) => (address, (ICanTell)server))],
            new FetchOptions { Time = time, Notice = Notice }, Limit.Token);

    /// <summary>Says for ever that it is about to begin, and takes its time.</summary>
    private sealed class Stuck : ReceiveActor
    {
        public Stuck(StandingTime time) => Receive<HoldFiles>(order =>
        {
            time.Pass(TimeSpan.FromSeconds(4));
            Sender.Tell(new FilesComing(order.Folder, order.Epoch, 0));
        });
    }

    /// <summary>A clock that stands still unless it is moved. The first timers end at once, the others never: however slow the disk is, no patience ends.</summary>
    private sealed class StandingTime(int timersThatEnd = 0) : TimeProvider
    {
        private long _now;
        private int _timers;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _now);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, _timers++ < timersThatEnd ? TimeSpan.Zero : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public void Pass(TimeSpan time) => Interlocked.Add(ref _now, time.Ticks);
    }
}
