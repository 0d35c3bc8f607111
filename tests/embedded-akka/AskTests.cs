using Akka.Actor;
using Akka.Event;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class AskTests : ActorTest
{
    private sealed class Mishap : Exception;

    [Fact]
    public async Task Without_an_answer_in_time_it_times_out() =>
        await Assert.ThrowsAsync<AskTimeoutException>(() => Make(_ => { }).Ask<string>(1, TimeSpan.FromMilliseconds(20)));

    [Fact]
    public async Task A_cancelled_ask_is_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var asked = Make(_ => { }).Ask<string>(1, Limit, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => asked);
    }

    [Fact]
    public async Task An_answer_of_another_type_is_an_error() =>
        await Assert.ThrowsAsync<ArgumentException>(() => Make(self => self.OnAny(_ => self.From.Tell(42))).Ask<string>("x", Limit));

    [Fact]
    public async Task A_failure_rethrows_its_cause_except_to_those_who_take_any_object()
    {
        var actor = Make(self => self.OnAny(_ => self.From.Tell(new Status.Failure(new Mishap()))));
        await Assert.ThrowsAsync<Mishap>(() => actor.Ask<string>("x", Limit));
        Assert.IsType<Mishap>(Assert.IsType<Status.Failure>(await actor.Ask<object>("x", Limit)).Cause);
        Assert.IsType<Status.Failure>(await actor.Ask("x", Limit));
    }

    [Fact]
    public async Task The_second_answer_is_a_dead_letter()
    {
        var probe = NewProbe();
        System.EventStream.Subscribe(probe.Ref, typeof(DeadLetter));
        var actor = Make(self => self.OnAny(_ =>
        {
            self.From.Tell("first");
            self.From.Tell("second");
        }));
        Assert.Equal("first", await actor.Ask<string>("x", Limit));
        Assert.Equal("second", (await probe.Next<DeadLetter>()).Message);
    }

    [Fact]
    public async Task The_asker_has_a_path_that_leads_to_it()
    {
        var actor = Make(self => self.OnAny(_ => ((ExtendedActorSystem)System).Provider.ResolveActorRef(self.From.Path.ToString()).Tell("by path")));
        Assert.Equal("by path", await actor.Ask<string>("x", Limit));
    }

    [Fact]
    public async Task PipeTo_tells_the_result_or_the_failure()
    {
        var probe = NewProbe();
        await Task.FromResult("done").PipeTo(probe.Ref);
        Assert.Equal("done", await probe.Next());
        await Task.FromException<string>(new Mishap()).PipeTo(probe.Ref);
        Assert.IsType<Mishap>((await probe.Next<Status.Failure>()).Cause);
        await Task.FromResult(2).PipeTo(probe.Ref, success: number => number * 2);
        Assert.Equal(4, await probe.Next());
        await Task.FromException(new Mishap()).PipeTo(probe.Ref, failure: cause => cause.GetType().Name);
        Assert.Equal(nameof(Mishap), await probe.Next());
        var sender = NewProbe();
        await Task.CompletedTask.PipeTo(probe.Ref, sender.Ref, () => "success");
        Assert.Equal("success", await probe.Next());
        Assert.Equal(sender.Ref, probe.LastSender);
    }

    [Fact]
    public async Task GracefulStop_says_whether_the_actor_stopped_in_time()
    {
        var open = new TaskCompletionSource();
        var busy = Make(self => self.OnAsync<string>(_ => open.Task));
        busy.Tell("x", ActorRefs.NoSender);
        Assert.False(await busy.GracefulStop(TimeSpan.FromMilliseconds(20)));
        open.SetResult();
        Assert.True(await busy.GracefulStop(Limit));
        Assert.True(await busy.GracefulStop(Limit));
    }
}
