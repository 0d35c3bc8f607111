using Akka.Actor;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class DeathWatchTests : ActorTest
{
    [Fact]
    public async Task A_watcher_learns_of_the_death()
    {
        var probe = NewProbe();
        var subject = Make(_ => { });
        await probe.Watch(subject);
        subject.Tell(PoisonPill.Instance, ActorRefs.NoSender);
        var terminated = await probe.Next<Terminated>();
        Assert.Equal((subject, true, false), (terminated.ActorRef, terminated.ExistenceConfirmed, terminated.AddressTerminated));
        Assert.Equal(subject, probe.LastSender);
    }

    [Fact]
    public async Task Watching_the_dead_gives_a_Terminated_without_confirmed_existence()
    {
        var subject = Make(_ => { });
        Assert.True(await subject.GracefulStop(Limit));
        var probe = NewProbe();
        await probe.Watch(subject);
        Assert.False((await probe.Next<Terminated>()).ExistenceConfirmed);
    }

    [Fact]
    public async Task Watching_twice_gives_one_Terminated()
    {
        var probe = NewProbe();
        var subject = Make(_ => { });
        await probe.Watch(subject);
        await probe.Watch(subject);
        System.Stop(subject);
        await probe.Next<Terminated>();
        Assert.Empty(await probe.Flush());
    }

    [Fact]
    public async Task Unwatch_takes_back_even_a_Terminated_that_is_in_the_mailbox()
    {
        var probe = NewProbe();
        var open = new TaskCompletionSource();
        var subject = Make(_ => { });
        var watcher = Make(self =>
        {
            self.Around.Watch(subject);
            self.OnAsync<string>(async _ =>
            {
                await open.Task;
                self.Around.Unwatch(subject);
            });
            self.On<Terminated>(terminated => probe.Ref.Tell(terminated));
            self.On<int>(number => probe.Ref.Tell(number));
        });
        watcher.Tell("wait", ActorRefs.NoSender);
        Assert.True(await subject.GracefulStop(Limit));
        var other = NewProbe();
        await other.Watch(subject);
        await other.Next<Terminated>();
        watcher.Tell(1, ActorRefs.NoSender);
        open.SetResult();
        Assert.Equal(1, await probe.Next());
    }

    [Fact]
    public async Task WatchWith_delivers_the_given_message()
    {
        var probe = NewProbe();
        var subject = Make(_ => { });
        Make(self =>
        {
            self.Around.WatchWith(subject, "it died");
            self.On<string>(text => probe.Ref.Tell(text));
        });
        System.Stop(subject);
        Assert.Equal("it died", await probe.Next());
    }

    [Fact]
    public async Task A_watcher_that_does_not_handle_Terminated_dies_too()
    {
        var probe = NewProbe();
        var subject = Make(_ => { });
        var watcher = Make(self =>
        {
            self.Around.Watch(subject);
            self.On<string>(_ => self.From.Tell("ready"));
        });
        Assert.Equal("ready", await watcher.Ask<string>("x", Limit));
        await probe.Watch(watcher);
        System.Stop(subject);
        Assert.Equal(watcher, (await probe.Next<Terminated>()).ActorRef);
    }

    [Fact]
    public async Task A_parent_that_watches_can_reuse_the_name_when_it_learns_of_the_death()
    {
        var probe = NewProbe();
        var parent = Make(self =>
        {
            void MakeChild() => self.Around.Watch(self.Around.ActorOf(Script(_ => { }), "child"));
            MakeChild();
            self.On<string>(_ => self.Around.Stop(self.Around.Child("child")));
            self.On<Terminated>(_ =>
            {
                MakeChild();
                probe.Ref.Tell("made again");
            });
        });
        parent.Tell("stop", ActorRefs.NoSender);
        Assert.Equal("made again", await probe.Next());
        parent.Tell("stop", ActorRefs.NoSender);
        Assert.Equal("made again", await probe.Next());
    }

    [Fact]
    public async Task A_restart_is_no_death()
    {
        var probe = NewProbe();
        var subject = Make(self =>
        {
            self.On<string>(_ => throw new InvalidDataException());
            self.On<int>(number => self.From.Tell(number));
        });
        await probe.Watch(subject);
        subject.Tell("fail", ActorRefs.NoSender);
        Assert.Equal(1, await subject.Ask<int>(1, Limit));
        Assert.Empty(await probe.Flush());
    }
}
