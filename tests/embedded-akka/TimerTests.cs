using Akka.Actor;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class TimerTests : ActorTest
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Never = TimeSpan.FromHours(1);

    [Fact]
    public async Task A_single_timer_fires_once_and_a_periodic_one_until_it_is_cancelled()
    {
        var probe = NewProbe();
        var ticks = 0;
        MakeWithTimers(self =>
        {
            self.Timers.StartSingleTimer("once", 1, Soon);
            self.Timers.StartPeriodicTimer("often", "tick", TimeSpan.Zero, Soon);
            self.On<int>(_ => probe.Ref.Tell(("once", self.Timers.IsTimerActive("once"))));
            self.On<string>(_ =>
            {
                if (++ticks < 3)
                    return;
                self.Timers.Cancel("often");
                probe.Ref.Tell(("often", self.Timers.IsTimerActive("often")));
            });
        });
        var messages = await probe.Next(2);
        Assert.Contains(("once", false), messages);
        Assert.Contains(("often", false), messages);
    }

    [Fact]
    public async Task A_timer_replaces_the_one_under_its_key_even_when_that_one_has_fired()
    {
        var probe = NewProbe();
        var actor = Make(self =>
        {
            self.OnAsync<string>(async text =>
            {
                if (text != "start")
                {
                    probe.Ref.Tell(text);
                    return;
                }
                self.Timers.StartSingleTimer("key", "old", TimeSpan.Zero);
                // Ask another actor through the scheduler, so that the old message is in the mailbox by now.
                var later = new TaskCompletionSource();
                System.Scheduler.ScheduleTellOnce(TimeSpan.FromMilliseconds(30), Make(other => other.On<int>(_ => later.SetResult())), 1, ActorRefs.NoSender);
                await later.Task;
                self.Timers.StartSingleTimer("key", "new", Soon);
            });
        });
        actor.Tell("start", ActorRefs.NoSender);
        Assert.Equal("new", await probe.Next());
    }

    [Fact]
    public async Task A_restart_cancels_the_timers()
    {
        var actor = Make(self =>
        {
            self.On<string>(text =>
            {
                if (text == "fail")
                    throw new InvalidDataException();
                self.Timers.StartSingleTimer("key", 1, Never);
            });
            self.On<int>(_ => self.From.Tell(self.Timers.IsTimerActive("key")));
        });
        actor.Tell("start", ActorRefs.NoSender);
        Assert.True(await actor.Ask<bool>(1, Limit));
        actor.Tell("fail", ActorRefs.NoSender);
        Assert.False(await actor.Ask<bool>(1, Limit));
    }

    [Fact]
    public async Task A_timers_message_can_be_stashed()
    {
        var probe = NewProbe();
        MakeWithTimers(self =>
        {
            self.Timers.StartSingleTimer("key", "timed", Soon);
            self.On<string>(_ =>
            {
                self.Stash.Stash();
                self.Turn(() => self.On<string>(text => probe.Ref.Tell(text)));
                self.Stash.UnstashAll();
            });
        });
        Assert.Equal("timed", await probe.Next());
    }

    [Fact]
    public async Task The_receive_timeout_repeats_until_it_is_cleared()
    {
        var probe = NewProbe();
        var timeouts = 0;
        Make(self =>
        {
            self.Around.SetReceiveTimeout(Soon);
            self.On<ReceiveTimeout>(_ =>
            {
                if (++timeouts == 3)
                {
                    self.Around.SetReceiveTimeout(null);
                    probe.Ref.Tell(self.Around.ReceiveTimeout == null);
                }
            });
        });
        Assert.Equal(true, await probe.Next());
    }

    [Fact]
    public async Task The_scheduler_tells_once_and_repeatedly_until_cancelled()
    {
        var probe = NewProbe();
        System.Scheduler.ScheduleTellOnce(Soon, probe.Ref, "once", ActorRefs.NoSender);
        Assert.Equal("once", await probe.Next());
        var cancelled = System.Scheduler.ScheduleTellOnceCancelable(Never, probe.Ref, "never", ActorRefs.NoSender);
        cancelled.Cancel();
        Assert.True(cancelled.IsCancellationRequested);
        var repeated = System.Scheduler.ScheduleTellRepeatedlyCancelable(TimeSpan.Zero, Soon, probe.Ref, "again", probe.Ref);
        Assert.Equal(["again", "again", "again"], await probe.Next(3));
        Assert.Equal(probe.Ref, probe.LastSender);
        repeated.Cancel();
    }

    // An actor gets its timers after its constructor.
    private IActorRef MakeWithTimers(Action<Scripted> configure) => Make(self => self.Started = () => self.Turn(() => configure(self)));
}
