using Akka.Actor;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class AsyncReceiveTests : ActorTest
{
    [Fact]
    public async Task No_other_message_is_handled_while_a_handler_awaits()
    {
        var probe = NewProbe();
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var actor = Make(self =>
        {
            self.OnAsync<string>(async text =>
            {
                probe.Ref.Tell("begin " + text);
                await open.Task;
                probe.Ref.Tell("end " + text);
            });
            self.On<int>(number => probe.Ref.Tell(number));
        });
        actor.Tell("a", ActorRefs.NoSender);
        actor.Tell(1, ActorRefs.NoSender);
        Assert.Equal("begin a", await probe.Next());
        Assert.Empty(await probe.Flush());
        open.SetResult();
        Assert.Equal(["end a", 1], await probe.Next(2));
    }

    [Fact]
    public async Task After_an_await_the_context_the_sender_and_the_actors_own_thread_are_there()
    {
        var actor = Make(self => self.OnAsync<string>(async text =>
        {
            await Task.Yield();
            await Task.Run(() => { });
            self.From.Tell(text + " from " + self.Around.Self.Path.Name);
        }), "async");
        Assert.Equal("x from async", await actor.Ask<string>("x", Limit));
    }

    [Fact]
    public async Task A_failure_after_an_await_goes_to_the_supervisor()
    {
        var restarted = new TaskCompletionSource<(Exception, object)>();
        var actor = Make(self =>
        {
            self.Restarting = (cause, message) => restarted.TrySetResult((cause, message));
            self.OnAsync<string>(async _ =>
            {
                await Task.Yield();
                throw new InvalidDataException();
            });
            self.On<int>(number => self.From.Tell(number));
        });
        actor.Tell("bad", ActorRefs.NoSender);
        var (cause, message) = await restarted.Task.WaitAsync(Limit);
        Assert.IsType<InvalidDataException>(cause);
        Assert.Equal("bad", message);
        Assert.Equal(5, await actor.Ask<int>(5, Limit));
    }

    [Fact]
    public async Task A_handler_that_awaits_can_stash_the_message_that_it_handles()
    {
        var probe = NewProbe();
        var actor = Make(self => self.OnAsync<string>(async _ =>
        {
            await Task.Yield();
            self.Stash.Stash();
            self.Turn(() => self.On<string>(probe.Ref.Tell));
            self.Stash.UnstashAll();
        }));
        actor.Tell("kept", ActorRefs.NoSender);
        Assert.Equal("kept", await probe.Next());
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_a_handler_that_awaits()
    {
        var begun = new TaskCompletionSource();
        var never = new TaskCompletionSource();
        var actor = Make(self => self.OnAsync<string>(_ =>
        {
            begun.TrySetResult();
            return never.Task;
        }));
        actor.Tell("x", ActorRefs.NoSender);
        await begun.Task.WaitAsync(Limit);
        var probe = NewProbe();
        await probe.Watch(actor);
        System.Stop(actor);
        Assert.Equal(actor, (await probe.Next<Terminated>()).ActorRef);
    }
}
