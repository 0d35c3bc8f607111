using Akka.Actor;
using Akka.Event;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class MessagingTests : ActorTest
{
    [Fact]
    public async Task An_actor_answers_its_sender()
    {
        var echo = Make(actor => actor.On<string>(text => actor.From.Tell(text + "!")));
        Assert.Equal("hello!", await echo.Ask<string>("hello", Limit));
    }

    [Fact]
    public void Messages_of_each_sender_arrive_in_order()
    {
        // Several senders at once, each with its own count of messages: no sender's messages may overtake each other or be lost.
        Check.QuickThrowOnFailure(Prop.ForAll(
            Gen.ArrayOf(Gen.Choose(0, 200)).Where(counts => counts.Length is > 0 and < 6).ToArbitrary(),
            async counts =>
            {
                var expected = counts.Sum();
                var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var next = new int[counts.Length];
                var received = 0;
                var inOrder = true;
                var receiver = Make(actor => actor.On<(int Sender, int Number)>(message =>
                {
                    inOrder &= next[message.Sender]++ == message.Number;
                    if (++received == expected)
                        done.TrySetResult();
                }));
                if (expected == 0)
                    done.TrySetResult();
                Parallel.For(0, counts.Length, sender =>
                {
                    for (var number = 0; number < counts[sender]; number++)
                        receiver.Tell((sender, number), ActorRefs.NoSender);
                });
                await done.Task.WaitAsync(Limit);
                return inOrder;
            }));
    }

    [Fact]
    public async Task An_actor_never_runs_twice_at_once_and_no_message_is_left_behind()
    {
        // Bursts that just empty the mailbox again and again: the moment in which a wake-up could be lost.
        const int Rounds = 20_000;
        var inside = 0;
        var overlaps = 0;
        var ponger = Make(actor => actor.On<int>(number =>
        {
            if (Interlocked.Increment(ref inside) != 1)
                overlaps++;
            Interlocked.Decrement(ref inside);
            actor.From.Tell(number);
        }));
        async Task Player(int player)
        {
            var finished = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var pinger = Make(actor => actor.On<int>(left =>
            {
                if (left == 0)
                    finished.TrySetResult();
                else
                    ponger.Tell(left - 1, actor.Me);
            }));
            pinger.Tell(Rounds, ActorRefs.NoSender);
            await finished.Task.WaitAsync(Limit);
        }
        await Task.WhenAll(Enumerable.Range(0, 4).Select(Player));
        Assert.Equal(0, overlaps);
    }

    [Fact]
    public async Task Many_senders_wake_a_mailbox_that_runs_empty()
    {
        const int PerSender = 50_000;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var received = 0;
        var receiver = Make(actor => actor.OnAny(_ =>
        {
            if (++received == 4 * PerSender)
                done.TrySetResult();
        }));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(sender => Task.Run(() =>
        {
            for (var number = 0; number < PerSender; number++)
            {
                receiver.Tell("message", ActorRefs.NoSender);
                if (number % 64 == sender)
                    Thread.Yield();
            }
        })));
        await done.Task.WaitAsync(Limit);
        Assert.Equal(4 * PerSender, received);
    }

    [Fact]
    public async Task A_null_message_is_refused()
    {
        var child = await Make(self => self.On<string>(_ => self.From.Tell(self.Around.ActorOf(Script(_ => { }))))).Ask<IActorRef>("child", Limit);
        Assert.Throws<ArgumentNullException>(() => child.Tell(null!, ActorRefs.NoSender));
    }

    [Fact]
    public async Task Forward_keeps_the_first_sender()
    {
        var probe = NewProbe();
        var target = Make(actor => actor.On<string>(_ => actor.From.Tell("seen")));
        var middle = Make(actor => actor.On<string>(text => target.Forward(text)));
        middle.Tell("x", probe.Ref);
        Assert.Equal("seen", await probe.Next());
        Assert.Equal(target, probe.LastSender);
    }

    [Fact]
    public async Task Without_a_sender_the_sender_is_the_dead_letters()
    {
        var probe = NewProbe();
        Make(actor => actor.On<string>(_ => probe.Ref.Tell(actor.From == System.DeadLetters))).Tell("x", ActorRefs.NoSender);
        Assert.Equal(true, await probe.Next());
    }

    [Fact]
    public async Task Become_replaces_and_stacks_behaviours()
    {
        var actor = Make(self =>
        {
            void Answer(string name) => self.On<string>(text =>
            {
                self.From.Tell(name);
                if (text == "become")
                    self.Turn(() => Answer("second"));
                else if (text == "stack")
                    self.TurnStacked(() => Answer("stacked"));
                else if (text == "back")
                    self.TurnBack();
            });
            Answer("first");
        });
        var answers = new List<string>();
        foreach (var message in new[] { "become", "stack", "back", "back", "back", "" })
            answers.Add(await actor.Ask<string>(message, Limit));
        Assert.Equal(["first", "second", "stacked", "second", "first", "first"], answers);
    }

    [Fact]
    public async Task A_message_that_no_handler_takes_is_published_as_unhandled()
    {
        var probe = NewProbe();
        System.EventStream.Subscribe(probe.Ref, typeof(UnhandledMessage));
        var actor = Make(self => self.On<string>(_ => { }));
        actor.Tell(42, ActorRefs.NoSender);
        var unhandled = await probe.Next<UnhandledMessage>();
        Assert.Equal(42, unhandled.Message);
        Assert.Equal(actor, unhandled.Recipient);
    }

    [Fact]
    public async Task A_handler_after_one_that_takes_everything_is_refused()
    {
        var refused = new TaskCompletionSource<Exception>();
        Make(self =>
        {
            self.OnAny(_ => { });
            refused.TrySetResult(Assert.ThrowsAny<Exception>(() => self.On<string>(_ => { })));
        });
        Assert.IsType<InvalidOperationException>(await refused.Task.WaitAsync(Limit));
    }

    [Fact]
    public async Task Names_are_unique_below_a_parent_and_free_again_after_the_death()
    {
        var first = Make(_ => { }, "x");
        var error = Assert.Throws<InvalidActorNameException>(() => Make(_ => { }, "x"));
        Assert.Equal("Actor name \"x\" is not unique!", error.Message);
        Assert.Throws<InvalidActorNameException>(() => Make(_ => { }, "$x"));
        Assert.Throws<InvalidActorNameException>(() => Make(_ => { }, "a b"));
        Assert.Throws<InvalidActorNameException>(() => Make(_ => { }, ""));
        Assert.Equal("akka://test/user/x", first.Path.ToString());

        var guard = NewProbe();
        await guard.Watch(first);
        Assert.True(await first.GracefulStop(Limit));
        await guard.Next<Terminated>();
        var second = await Eventually(() => Make(_ => { }, "x"));
        Assert.NotEqual(first, second);
        Assert.Equal(first.Path, second.Path);
    }

    [Fact]
    public async Task Messages_to_the_dead_are_dead_letters_and_a_poison_pill_is_a_suppressed_one()
    {
        var probe = NewProbe();
        System.EventStream.Subscribe(probe.Ref, typeof(AllDeadLetters));
        var actor = Make(_ => { });
        Assert.True(await actor.GracefulStop(Limit));
        actor.Tell("late", probe.Ref);
        var letter = await probe.Next<DeadLetter>();
        Assert.Equal(("late", probe.Ref, actor), (letter.Message, letter.Sender, letter.Recipient));
        actor.Tell(PoisonPill.Instance, ActorRefs.NoSender);
        Assert.Equal(PoisonPill.Instance, (await probe.Next<SuppressedDeadLetter>()).Message);
    }

    [Fact]
    public async Task What_is_queued_behind_a_poison_pill_becomes_dead_letters()
    {
        var probe = NewProbe();
        System.EventStream.Subscribe(probe.Ref, typeof(DeadLetter));
        var open = new TaskCompletionSource();
        var handled = 0;
        var actor = Make(self => self.OnAsync<string>(async _ =>
        {
            handled++;
            await open.Task;
        }));
        actor.Tell("first", ActorRefs.NoSender);
        actor.Tell("second", ActorRefs.NoSender);
        actor.Tell(PoisonPill.Instance, ActorRefs.NoSender);
        actor.Tell("third", ActorRefs.NoSender);
        open.SetResult();
        Assert.Equal("third", (await probe.Next<DeadLetter>()).Message);
        Assert.Equal(2, handled);
    }

    [Fact]
    public async Task Selections_follow_names_and_parents()
    {
        var probe = NewProbe();
        var parent = Make(
            self =>
            {
                foreach (var name in new[] { "left", "right" })
                    self.Around.ActorOf(Script(child => child.On<string>(_ => probe.Ref.Tell(name))), name);
                self.On<string>(path => self.Around.ActorSelection(path).Tell("x"));
                self.On<int>(_ => probe.Ref.Tell("parent"));
            },
            "parent");
        parent.Tell("left", ActorRefs.NoSender);
        Assert.Equal("left", await probe.Next());
        parent.Tell("left/../right", ActorRefs.NoSender);
        Assert.Equal("right", await probe.Next());
        System.ActorSelection("akka://test/user/parent").Tell(1, ActorRefs.NoSender);
        Assert.Equal("parent", await probe.Next());

        Assert.Equal(parent, await System.ActorSelection("/user/parent").ResolveOne(Limit));
        await Assert.ThrowsAsync<ActorNotFoundException>(() => System.ActorSelection("/user/nobody").ResolveOne(Limit));
        var identity = await System.ActorSelection("/user/nobody").Ask<ActorIdentity>(new Identify(7), Limit);
        Assert.Null(identity.Subject);
        Assert.Equal(7, identity.MessageId);
    }

    [Fact]
    public async Task The_context_knows_its_children()
    {
        var probe = NewProbe();
        Make(self =>
        {
            var child = self.Around.ActorOf(Script(_ => { }), "a");
            self.On<string>(_ => probe.Ref.Tell((
                Equals(self.Around.Child("a"), child),
                self.Around.Child("b").IsNobody(),
                self.Around.GetChildren().Single().Path.Name,
                Equals(child.Path.Parent, self.Me.Path))));
        }).Tell("x", ActorRefs.NoSender);
        Assert.Equal((true, true, "a", true), await probe.Next());
    }

    [Fact]
    public async Task Paths_parse_to_themselves()
    {
        var path = Make(_ => { }, "a-b").Path;
        Assert.Equal(path, ActorPath.Parse(path.ToString()));
        var remote = ActorPath.Parse("akka.tcp://other@host:4053/user/a/b#42");
        Assert.Equal(("other", "host", 4053), (remote.Address.System, remote.Address.Host, remote.Address.Port));
        Assert.Equal((42L, "b", "/user/a/b"), (remote.Uid, remote.Name, remote.ToStringWithoutAddress()));
        Assert.Equal("akka.tcp://other@host:4053/user/a/b#42", remote.ToSerializationFormat());
        Assert.False(ActorPath.TryParse("no path", out _));
        var answer = await Make(self => self.On<string>(_ => self.From.Tell(self.Around.Parent.Path.ToString()))).Ask<string>("x", Limit);
        Assert.Equal("akka://test/user", answer);
    }

    // The parent hears of a death before the watchers do, but the test may ask before the parent has taken note.
    private static async Task<T> Eventually<T>(Func<T> attempt)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            try
            {
                return attempt();
            }
            catch (InvalidActorNameException) when (!limit.IsCancellationRequested)
            {
                await Task.Yield();
            }
        }
    }
}
