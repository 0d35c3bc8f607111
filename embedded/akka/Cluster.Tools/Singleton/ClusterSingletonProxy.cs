using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster.Tools.Singleton;

/// <summary>Passes messages on to the singleton, wherever it runs, and keeps them while that is not known.</summary>
public sealed class ClusterSingletonProxy : ReceiveActor, IWithTimers
{
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly Queue<(object Message, IActorRef Sender)> _buffer = new();
    private readonly ClusterSingletonProxySettings _settings;
    private readonly string[] _singletonPath;
    private Member? _oldest;
    private IActorRef? _singleton;
    private int _search;

    public ClusterSingletonProxy(string singletonManagerPath, ClusterSingletonProxySettings settings)
    {
        _settings = settings;
        _singletonPath = $"{singletonManagerPath}/{settings.SingletonName}".Split('/', StringSplitOptions.RemoveEmptyEntries);
        Receive<ClusterEvent.CurrentClusterState>(_ => Follow());
        Receive<ClusterEvent.MemberRemoved>(removed =>
        {
            if (removed.Member.UniqueAddress == _cluster.SelfUniqueAddress)
                Context.Stop(Self);
            else
                Follow();
        });
        Receive<ClusterEvent.IMemberEvent>(_ => Follow());
        Receive<Identification>(_ => Identify());
        Receive<ActorIdentity>(identity => Found(identity), identity => Equals(identity.MessageId, _search));
        Receive<ActorIdentity>(_ => { });
        Receive<Terminated>(terminated =>
        {
            if (terminated.ActorRef.Equals(_singleton))
                Search();
        });
        ReceiveAny(Pass);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private sealed record Identification;

    public static Props Props(string singletonManagerPath, ClusterSingletonProxySettings settings) =>
        Actor.Props.Create(() => new ClusterSingletonProxy(singletonManagerPath, settings)).WithDispatcher(Dispatch.Dispatchers.InternalDispatcherId);

    protected override void PreStart() => _cluster.Subscribe(Self, typeof(ClusterEvent.IMemberEvent));

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    /// <summary>The oldest member runs the singleton: with another oldest one it has to be found anew.</summary>
    private void Follow()
    {
        var oldest = _cluster.State.Members
            .Where(member => member.Status is MemberStatus.Up or MemberStatus.Leaving && (string.IsNullOrEmpty(_settings.Role) || member.HasRole(_settings.Role)))
            .Min(Member.AgeOrdering);
        if (Equals(oldest, _oldest))
            return;
        _oldest = oldest;
        Search();
    }

    private void Search()
    {
        if (_singleton != null)
            Context.Unwatch(_singleton);
        _singleton = null;
        _search++;
        Timers.StartPeriodicTimer(nameof(Identification), new Identification(), TimeSpan.Zero, _settings.SingletonIdentificationInterval);
    }

    private void Identify()
    {
        if (_oldest != null)
            Context.ActorSelection(new RootActorPath(_oldest.Address) / _singletonPath).Tell(new Identify(_search));
    }

    private void Found(ActorIdentity identity)
    {
        if (_singleton != null || identity.Subject is not { } subject)
            return;
        _log.Info("Singleton identified at [{0}]", subject.Path);
        _singleton = Context.Watch(subject);
        Timers.Cancel(nameof(Identification));
        while (_buffer.TryDequeue(out var waiting))
            _singleton.Tell(waiting.Message, waiting.Sender);
    }

    private void Pass(object message)
    {
        if (_singleton != null)
        {
            _singleton.Forward(message);
            return;
        }
        if (_buffer.Count >= _settings.BufferSize)
        {
            var (lost, sender) = _buffer.TryDequeue(out var first) ? first : (message, Sender);
            _log.Debug("The singleton is not known and the buffer is full: a message of type [{0}] is dropped", lost.GetType());
            Context.System.DeadLetters.Tell(new DeadLetter(lost, sender, Self), sender);
        }
        if (_settings.BufferSize > 0)
            _buffer.Enqueue((message, Sender));
    }
}
