using Akka.Actor;
using Akka.Event;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class StashTests : ActorTest
{
    [Fact]
    public async Task Unstashed_messages_come_in_their_order_before_all_others_and_keep_their_senders()
    {
        var probe = NewProbe();
        var actor = Make(self => self.OnAny(message =>
        {
            if (!Equals(message, "open"))
            {
                self.Stash.Stash();
                return;
            }
            self.Turn(() => self.OnAny(later => probe.Ref.Tell(later, self.From)));
            self.Me.Tell("behind");
            self.Stash.UnstashAll();
        }));
        actor.Tell(1, actor);
        actor.Tell(2, probe.Ref);
        actor.Tell("open", ActorRefs.NoSender);
        Assert.Equal([1, 2], await probe.Next(2));
        Assert.Equal(probe.Ref, probe.LastSender);
        Assert.Equal("behind", await probe.Next());
    }

    [Fact]
    public async Task Unstash_puts_back_the_oldest_only()
    {
        var probe = NewProbe();
        var actor = Make(self => self.OnAny(message =>
        {
            if (message is int)
                self.Stash.Stash();
            else
                self.Turn(() => self.OnAny(later =>
                {
                    probe.Ref.Tell(later);
                    if (later is string)
                        self.Stash.Unstash();
                }));
        }));
        foreach (var message in new object[] { 1, 2, "open", "a", "b" })
            actor.Tell(message, ActorRefs.NoSender);
        Assert.Equal(["a", 1, "b", 2], await probe.Next(4));
    }

    [Fact]
    public async Task One_message_cannot_be_stashed_twice()
    {
        var error = new TaskCompletionSource<Exception>();
        Make(self => self.OnAny(_ =>
        {
            self.Stash.Stash();
            error.TrySetResult(Record.Exception(self.Stash.Stash));
        })).Tell("x", ActorRefs.NoSender);
        Assert.IsType<IllegalActorStateException>(await error.Task.WaitAsync(Limit));
    }

    [Fact]
    public async Task A_restart_replays_the_stash()
    {
        var probe = NewProbe();
        var instances = 0;
        var actor = Make(self =>
        {
            var instance = ++instances;
            self.On<string>(_ => throw new InvalidDataException());
            self.On<int>(number =>
            {
                if (instance == 1)
                    self.Stash.Stash();
                else
                    probe.Ref.Tell(number);
            });
        });
        foreach (var message in new object[] { 1, 2, "fail", 3 })
            actor.Tell(message, ActorRefs.NoSender);
        Assert.Equal([1, 2, 3], await probe.Next(3));
    }

    [Fact]
    public async Task What_is_stashed_at_the_death_becomes_dead_letters()
    {
        var probe = NewProbe();
        System.EventStream.Subscribe(probe.Ref, typeof(DeadLetter));
        var actor = Make(self => self.OnAny(_ => self.Stash.Stash()));
        actor.Tell(1, ActorRefs.NoSender);
        actor.Tell(2, ActorRefs.NoSender);
        actor.Tell(PoisonPill.Instance, ActorRefs.NoSender);
        Assert.Equal([1, 2], (await probe.Next(2)).Select(letter => ((DeadLetter)letter).Message));
    }
}
