using System.Threading.Channels;
using Akka.Actor;
using Akka.Configuration;

namespace ActorTrain.Embedded.Akka.Tests;

/// <summary>A quiet actor system for a test, and what tests need around it.</summary>
public abstract class ActorTest : IAsyncLifetime
{
    protected static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    protected ActorSystem System { get; } = ActorSystem.Create("test", ConfigurationFactory.ParseString("akka.loglevel = OFF, akka.stdout-loglevel = OFF"));

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => System.Terminate();

    protected Probe NewProbe() => new(System);

    protected static Props Script(Action<Scripted> configure) => Props.Create(() => new Scripted(configure));

    protected IActorRef Make(Action<Scripted> configure, string? name = null) => System.ActorOf(Script(configure), name);

    /// <summary>An actor whose handlers are given by the test.</summary>
    public sealed class Scripted : ReceiveActor, IWithUnboundedStash, IWithTimers
    {
        public Scripted(Action<Scripted> configure) => configure(this);

        public IStash Stash { get; set; } = null!;

        public ITimerScheduler Timers { get; set; } = null!;

        public IUntypedActorContext Around => Context;

        public IActorRef Me => Self;

        public IActorRef From => Sender;

        public Action? Started { get; set; }

        public Action? Stopped { get; set; }

        public Action<Exception, object>? Restarting { get; set; }

        public Action<Exception>? Restarted { get; set; }

        public SupervisorStrategy? Strategy { get; set; }

        public void On<T>(Action<T> handler) => Receive(handler);

        public void OnAsync<T>(Func<T, Task> handler) => ReceiveAsync(handler);

        public void OnAny(Action<object> handler) => ReceiveAny(handler);

        public void Turn(Action configure) => Become(configure);

        public void TurnStacked(Action configure) => BecomeStacked(configure);

        public void TurnBack() => UnbecomeStacked();

        protected override SupervisorStrategy SupervisorStrategy() => Strategy ?? base.SupervisorStrategy();

        protected override void PreStart() => Started?.Invoke();

        protected override void PostStop() => Stopped?.Invoke();

        protected override void PreRestart(Exception reason, object message)
        {
            Restarting?.Invoke(reason, message);
            base.PreRestart(reason, message);
        }

        protected override void PostRestart(Exception reason)
        {
            Restarted?.Invoke(reason);
            base.PostRestart(reason);
        }
    }

    /// <summary>An actor that hands what it gets to the test.</summary>
    public sealed class Probe
    {
        private readonly Channel<(object Message, IActorRef Sender)> _received = Channel.CreateUnbounded<(object, IActorRef)>();

        public Probe(ActorSystem system) => Ref = system.ActorOf(Props.Create(() => new Forwarder(_received.Writer)));

        public IActorRef Ref { get; }

        public IActorRef LastSender { get; private set; } = ActorRefs.Nobody;

        public async Task<object> Next()
        {
            using var limit = new CancellationTokenSource(Limit);
            var (message, sender) = await _received.Reader.ReadAsync(limit.Token);
            LastSender = sender;
            return message;
        }

        public async Task<T> Next<T>() => Assert.IsType<T>(await Next());

        public async Task<List<object>> Next(int count)
        {
            var messages = new List<object>();
            while (messages.Count < count)
                messages.Add(await Next());
            return messages;
        }

        /// <summary>Watches with an actor of its own, and tells this probe of the death.</summary>
        public Task Watch(IActorRef subject) => Ref.Ask<string>(new Watching(subject), Limit);

        public Task Unwatch(IActorRef subject) => Ref.Ask<string>(new Unwatching(subject), Limit);

        /// <summary>What has come until now, which is all that was sent by whoever's answer the test has seen.</summary>
        public async Task<List<object>> Flush()
        {
            var marker = new object();
            Ref.Tell(marker, ActorRefs.NoSender);
            var messages = new List<object>();
            while (await Next() is var message && message != marker)
                messages.Add(message);
            return messages;
        }
    }

    private sealed record Watching(IActorRef Subject);

    private sealed record Unwatching(IActorRef Subject);

    private sealed class Forwarder(ChannelWriter<(object Message, IActorRef Sender)> received) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case Watching watching:
                    Context.Watch(watching.Subject);
                    Sender.Tell("watching");
                    break;
                case Unwatching watching:
                    Context.Unwatch(watching.Subject);
                    Sender.Tell("unwatched");
                    break;
                default:
                    received.TryWrite((message, Sender));
                    break;
            }
        }
    }
}
