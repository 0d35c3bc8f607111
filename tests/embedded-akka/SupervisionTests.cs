using System.Collections.Concurrent;
using Akka.Actor;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class SupervisionTests : ActorTest
{
    private sealed class Mishap(string message = "mishap") : Exception(message);

    [Fact]
    public async Task A_restart_runs_the_hooks_in_their_order_and_loses_only_the_failing_message()
    {
        var probe = NewProbe();
        var instances = 0;
        var parentStopped = new ManualResetEventSlim();
        var actor = Make(self =>
        {
            var instance = ++instances;
            self.Around.ActorOf(Script(child => child.Stopped = () =>
            {
                // The child ends on another thread, and the next instance waits for it: it leaves the parent's hook the time.
                parentStopped.Wait(Limit);
                probe.Ref.Tell("child PostStop");
            }));
            probe.Ref.Tell($"constructor {instance}");
            self.Started = () => probe.Ref.Tell($"PreStart {instance}");
            self.Stopped = () =>
            {
                probe.Ref.Tell($"PostStop {instance}");
                parentStopped.Set();
            };
            self.Restarting = (cause, message) => probe.Ref.Tell($"PreRestart {instance} {cause.Message} {message}");
            self.Restarted = cause => probe.Ref.Tell($"PostRestart {instance} {cause.Message}");
            self.On<string>(text => throw new Mishap(text));
            self.On<int>(number => probe.Ref.Tell(number));
        });
        actor.Tell("boom", ActorRefs.NoSender);
        actor.Tell(1, ActorRefs.NoSender);
        Assert.Equal(
            [
                "constructor 1", "PreStart 1", "PreRestart 1 boom boom", "PostStop 1", "child PostStop",
                "constructor 2", "PostRestart 2 boom", "PreStart 2", 1,
            ],
            await probe.Next(9));
    }

    [Fact]
    public async Task On_a_stop_children_end_before_their_parent()
    {
        var probe = NewProbe();
        var actor = Make(self =>
        {
            self.Around.ActorOf(Script(child =>
            {
                child.Around.ActorOf(Script(grandchild => grandchild.Stopped = () => probe.Ref.Tell("grandchild")));
                child.Stopped = () => probe.Ref.Tell("child");
            }));
            self.Stopped = () => probe.Ref.Tell("parent");
        });
        System.Stop(actor);
        Assert.Equal(["grandchild", "child", "parent"], await probe.Next(3));
    }

    [Fact]
    public async Task Resume_keeps_the_state()
    {
        var (supervisor, _) = Supervisor(new OneForOneStrategy(_ => Directive.Resume), Counting);
        Assert.Equal([1, 2, 3], await Ask(supervisor, "count", "count", "fail", "count"));
    }

    [Fact]
    public async Task Restart_makes_a_new_state()
    {
        var (supervisor, _) = Supervisor(new OneForOneStrategy(_ => Directive.Restart), Counting);
        Assert.Equal([1, 2, 1], await Ask(supervisor, "count", "count", "fail", "count"));
    }

    [Fact]
    public async Task Stop_ends_the_child()
    {
        var (supervisor, children) = Supervisor(new OneForOneStrategy(_ => Directive.Stop), Counting);
        Assert.Equal([1], await Ask(supervisor, "count"));
        var probe = NewProbe();
        await probe.Watch(children[0]);
        supervisor.Tell("fail", ActorRefs.NoSender);
        Assert.Equal(children[0], (await probe.Next<Terminated>()).ActorRef);
    }

    [Fact]
    public async Task Escalate_makes_the_supervisor_fail_with_the_same_cause()
    {
        var failure = new TaskCompletionSource<Exception>();
        var actor = Make(self =>
        {
            self.Strategy = new OneForOneStrategy(_ => Directive.Escalate);
            self.Restarting = (cause, _) => failure.TrySetResult(cause);
            var child = self.Around.ActorOf(Script(Counting));
            self.OnAny(child.Forward);
        });
        actor.Tell("fail", ActorRefs.NoSender);
        Assert.IsType<Mishap>(await failure.Task.WaitAsync(Limit));
        Assert.Equal(1, await actor.Ask<int>("count", Limit));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task After_the_last_retry_the_child_is_stopped(int retries)
    {
        var (supervisor, children) = Supervisor(new OneForOneStrategy(retries, -1, _ => Directive.Restart), Counting);
        var probe = NewProbe();
        for (var retry = 0; retry < retries; retry++)
        {
            supervisor.Tell("fail", ActorRefs.NoSender);
            Assert.Equal(1, await supervisor.Ask<int>("count", Limit));
        }
        await supervisor.Ask<string>("ready", Limit);
        await probe.Watch(children[0]);
        supervisor.Tell("fail", ActorRefs.NoSender);
        Assert.True((await probe.Next<Terminated>()).ExistenceConfirmed);
    }

    [Fact]
    public async Task AllForOne_restarts_every_child()
    {
        var probe = NewProbe();
        var supervisor = Make(self =>
        {
            self.Strategy = new AllForOneStrategy(_ => Directive.Restart);
            var children = Enumerable.Range(0, 3).Select(number => self.Around.ActorOf(Script(child =>
            {
                child.Restarted = _ => probe.Ref.Tell(number);
                child.OnAny(_ => throw new Mishap());
            }))).ToList();
            self.OnAny(_ => children[1].Tell("fail"));
        });
        supervisor.Tell("x", ActorRefs.NoSender);
        Assert.Equal([0, 1, 2], (await probe.Next(3)).Order());
    }

    [Fact]
    public async Task By_default_a_child_that_cannot_be_made_or_was_killed_is_stopped()
    {
        var probe = NewProbe();
        var supervisor = Make(self => self.On<Props>(props => self.From.Tell(self.Around.Watch(self.Around.ActorOf(props)))));
        var stillborn = Make(_ => throw new Mishap());
        await probe.Watch(stillborn);
        Assert.Equal(stillborn, (await probe.Next<Terminated>()).ActorRef);

        var unstarted = Make(self => self.Started = () => throw new Mishap());
        await probe.Watch(unstarted);
        Assert.Equal(unstarted, (await probe.Next<Terminated>()).ActorRef);

        var killed = Make(_ => { });
        await probe.Watch(killed);
        killed.Tell(Kill.Instance, ActorRefs.NoSender);
        Assert.Equal(killed, (await probe.Next<Terminated>()).ActorRef);
        Assert.False(supervisor.IsNobody());
    }

    [Fact]
    public async Task A_child_whose_constructor_failed_can_be_tried_again()
    {
        var attempts = 0;
        var supervisor = Make(self =>
        {
            self.Strategy = new OneForOneStrategy(5, -1, _ => Directive.Restart);
            var child = self.Around.ActorOf(Script(made =>
            {
                if (++attempts < 3)
                    throw new Mishap();
                made.OnAny(_ => made.From.Tell(attempts));
            }));
            self.OnAny(child.Forward);
        });
        Assert.Equal(3, await supervisor.Ask<int>("x", Limit));
    }

    [Fact]
    public async Task Children_that_outlive_the_restart_of_their_parent_restart_with_it()
    {
        var probe = NewProbe();
        var actor = System.ActorOf(Props.Create(() => new KeepsChildren(probe.Ref)));
        actor.Tell("fail", ActorRefs.NoSender);
        Assert.Equal("child restarted", await probe.Next());
    }

    [Fact]
    public async Task A_failing_PreRestart_does_not_prevent_the_restart_and_a_failing_PostRestart_stops()
    {
        var first = Make(self =>
        {
            self.Restarting = (_, _) => throw new Mishap("in PreRestart");
            self.On<string>(_ => throw new Mishap());
            self.On<int>(number => self.From.Tell(number));
        });
        first.Tell("fail", ActorRefs.NoSender);
        Assert.Equal(3, await first.Ask<int>(3, Limit));

        var probe = NewProbe();
        var second = Make(self =>
        {
            self.Restarted = _ => throw new Mishap("in PostRestart");
            self.On<string>(_ => throw new Mishap());
        });
        await probe.Watch(second);
        second.Tell("fail", ActorRefs.NoSender);
        Assert.Equal(second, (await probe.Next<Terminated>()).ActorRef);
    }

    [Fact]
    public async Task The_decider_sees_what_failed()
    {
        var seen = new ConcurrentQueue<Type>();
        var (supervisor, _) = Supervisor(
            new OneForOneStrategy(cause =>
            {
                seen.Enqueue(cause.GetType());
                return Directive.Resume;
            }),
            Counting);
        Assert.Equal([1], await Ask(supervisor, "fail", "count"));
        Assert.Equal([typeof(Mishap)], seen);
        Assert.Equal(Directive.Stop, SupervisorStrategy.DefaultStrategy.Decider.Decide(new ActorKilledException("Kill")));
        Assert.Equal(Directive.Stop, SupervisorStrategy.DefaultStrategy.Decider.Decide(new DeathPactException(supervisor)));
        Assert.Equal(Directive.Restart, SupervisorStrategy.DefaultStrategy.Decider.Decide(new Mishap()));
    }

    private static void Counting(Scripted self)
    {
        var count = 0;
        self.On<string>(text =>
        {
            if (text == "fail")
                throw new Mishap();
            self.From.Tell(++count);
        });
    }

    private (IActorRef Supervisor, List<IActorRef> Children) Supervisor(SupervisorStrategy strategy, Action<Scripted> child)
    {
        var children = new List<IActorRef>();
        var supervisor = Make(self =>
        {
            self.Strategy = strategy;
            children.Add(self.Around.ActorOf(Script(child)));
            self.On<string>(text =>
            {
                if (text == "ready")
                    self.From.Tell(text);
                else
                    children[0].Forward(text);
            });
        });
        return (supervisor, children);
    }

    private static async Task<List<int>> Ask(IActorRef actor, params string[] messages)
    {
        var answers = new List<int>();
        foreach (var message in messages)
        {
            if (message == "fail")
                actor.Tell(message, ActorRefs.NoSender);
            else
                answers.Add(await actor.Ask<int>(message, Limit));
        }
        return answers;
    }

    private sealed class KeepsChildren : UntypedActor
    {
        public KeepsChildren(IActorRef probe)
        {
            if (Context.Child("child").IsNobody())
                Context.ActorOf(Script(child => child.Restarted = _ => probe.Tell("child restarted")), "child");
        }

        protected override void PreRestart(Exception reason, object message)
        {
            // Keeps the children.
        }

        protected override void OnReceive(object message) => throw new Mishap();
    }
}
