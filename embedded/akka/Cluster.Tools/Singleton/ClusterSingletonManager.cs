using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster.Tools.Singleton;

/// <summary>From the next oldest member to one that leaves, as far as it knows: stop the singleton and say so.</summary>
internal sealed record HandOverToMe(UniqueAddress To) : IClusterMessage;

/// <summary>That process does not run the singleton and never will again.</summary>
internal sealed record HandOverDone(UniqueAddress From) : IClusterMessage;

/// <summary>
/// Runs an actor on one member of the cluster: on the oldest one with the role. To be started on all of these. When the oldest member leaves,
/// it stops its singleton and hands over to the next; when it dies, the next one starts the singleton once the dead member is removed.
/// </summary>
public sealed class ClusterSingletonManager : ReceiveActor, IWithTimers
{
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly UniqueAddress _self;
    private readonly Props _singletonProps;
    private readonly object _terminationMessage;
    private readonly ClusterSingletonManagerSettings _settings;

    // All with the role that were ever Up, until they are removed and the margin has passed.
    private readonly Dictionary<UniqueAddress, Member> _members = [];
    private readonly HashSet<UniqueAddress> _handedOver = [];
    private readonly HashSet<IActorRef> _successors = [];
    private readonly TaskCompletionSource _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Func<Task> _exitTask;
    private IActorRef? _singleton;
    private Phase _phase = Phase.Waiting;

    public ClusterSingletonManager(Props singletonProps, object terminationMessage, ClusterSingletonManagerSettings settings)
    {
        _singletonProps = singletonProps;
        _terminationMessage = terminationMessage;
        _settings = settings;
        _self = _cluster.SelfUniqueAddress;
        _exitTask = () => _exited.Task;
        Receive<ClusterEvent.CurrentClusterState>(_ => Follow());
        Receive<ClusterEvent.MemberRemoved>(removed =>
        {
            if (removed.Member.UniqueAddress == _self)
                Context.Stop(Self);
            else
                Follow();
        });
        Receive<ClusterEvent.IMemberEvent>(_ => Follow());
        Receive<RemovalMarginPassed>(passed => Forget(passed.Node));
        Receive<Retry>(_ => Advance());
        Receive<HandOverToMe>(request => HandOver(request.To));
        Receive<HandOverDone>(done =>
        {
            _handedOver.Add(done.From);
            Advance();
        });
        Receive<Terminated>(_ => WhenSingletonStopped());
    }

    private enum Phase
    {
        /// <summary>An older member may still run the singleton.</summary>
        Waiting,

        /// <summary>This member is the one; its singleton runs, or has stopped by itself.</summary>
        Oldest,

        Stopping,

        /// <summary>This member leaves or has handed over.</summary>
        Done,
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private sealed record Retry;

    private sealed record RemovalMarginPassed(UniqueAddress Node);

    /// <summary>Stops the singleton by <see cref="PoisonPill"/>.</summary>
    public static Props Props(Props singletonProps, ClusterSingletonManagerSettings settings) => Props(singletonProps, PoisonPill.Instance, settings);

    /// <param name="singletonProps">The singleton.</param>
    /// <param name="terminationMessage">Tells the singleton to stop, for a hand-over.</param>
    /// <param name="settings">Names, role and times.</param>
    public static Props Props(Props singletonProps, object terminationMessage, ClusterSingletonManagerSettings settings) =>
        Actor.Props.Create(() => new ClusterSingletonManager(singletonProps, terminationMessage, settings))
            .WithDispatcher(Dispatch.Dispatchers.InternalDispatcherId);

    protected override void PreStart()
    {
        _cluster.AddExitTask(_exitTask);
        _cluster.Subscribe(Self, typeof(ClusterEvent.IMemberEvent));
        Timers.StartPeriodicTimer(nameof(Retry), new Retry(), _settings.HandOverRetryInterval);
    }

    protected override void PostStop()
    {
        _cluster.Unsubscribe(Self);
        _cluster.RemoveExitTask(_exitTask);
        _exited.TrySetResult();
    }

    /// <summary>
    /// Catches up with the whole state: the events of one change come one by one, and the first of them alone could make this member look oldest.
    /// </summary>
    private void Follow()
    {
        var state = _cluster.State;
        foreach (var removed in _members.Values.Except(state.Members).ToList())
            WhenRemoved(removed.UniqueAddress);
        foreach (var member in state.Members)
        {
            if (member.UpNumber != int.MaxValue && (string.IsNullOrEmpty(_settings.Role) || member.HasRole(_settings.Role)))
                _members[member.UniqueAddress] = member;
        }
        switch (_cluster.SelfMember.Status)
        {
            case MemberStatus.Down:
                _log.Info("Self downed, stopping ClusterSingletonManager");
                Context.Stop(Self);
                break;
            case MemberStatus.Exiting:
                StopSingleton();
                break;
            default:
                Advance();
                break;
        }
    }

    private void WhenRemoved(UniqueAddress node)
    {
        if (_settings.RemovalMargin == TimeSpan.Zero || _handedOver.Contains(node))
            Forget(node);
        else if (!Timers.IsTimerActive(node))
            Timers.StartSingleTimer(node, new RemovalMarginPassed(node), _settings.RemovalMargin);
    }

    private void Forget(UniqueAddress node)
    {
        _members.Remove(node);
        Advance();
    }

    /// <summary>
    /// Starts the singleton if no older member can run it any more, or asks those that leave to hand over. A status never goes back, so who
    /// hands over will not start a singleton again.
    /// </summary>
    private void Advance()
    {
        if (_phase != Phase.Waiting || !_members.TryGetValue(_self, out var self) || self.Status >= MemberStatus.Exiting)
            return;
        var older = _members.Values.Where(member => member.IsOlderThan(self) && !_handedOver.Contains(member.UniqueAddress)).ToList();
        if (older.Count == 0)
        {
            _phase = Phase.Oldest;
            _singleton = Context.Watch(Context.ActorOf(_singletonProps, _settings.SingletonName));
            _log.Info("Singleton manager starting singleton actor [{0}]", _singleton.Path);
        }
        else if (older.TrueForAll(member => member.Status >= MemberStatus.Exiting))
        {
            foreach (var member in older)
                Peer(member).Tell(new HandOverToMe(member.UniqueAddress));
        }
    }

    private void HandOver(UniqueAddress asked)
    {
        // There is a new process at the address, so the one that was asked is dead.
        if (asked != _self)
        {
            Sender.Tell(new HandOverDone(asked), Self);
            return;
        }
        // Not on another's word: who no longer hears this member takes it for dead, and may still reach it.
        if (_cluster.SelfMember.Status < MemberStatus.Exiting)
            return;
        _successors.Add(Sender);
        StopSingleton();
    }

    private void StopSingleton()
    {
        if (_phase == Phase.Waiting || (_phase == Phase.Oldest && _singleton == null))
            _phase = Phase.Done;
        if (_phase == Phase.Oldest)
        {
            _phase = Phase.Stopping;
            _singleton!.Tell(_terminationMessage, Self);
        }
        if (_phase == Phase.Done)
            FinishHandOver();
    }

    private void WhenSingletonStopped()
    {
        _log.Info("Singleton actor [{0}] was terminated", _singleton!.Path);
        _singleton = null;
        if (_phase != Phase.Stopping)
            return;
        _phase = Phase.Done;
        FinishHandOver();
    }

    /// <summary>Tells whoever asked, and the others before they need to ask: soon this member will be gone.</summary>
    private void FinishHandOver()
    {
        foreach (var successor in _successors)
            successor.Tell(new HandOverDone(_self), Self);
        _successors.Clear();
        foreach (var member in _members.Values.Where(member => member.UniqueAddress != _self))
            Peer(member).Tell(new HandOverDone(_self));
        _exited.TrySetResult();
    }

    /// <summary>The manager on another member.</summary>
    private ActorSelection Peer(Member member) => Context.ActorSelection(new RootActorPath(member.Address) / Self.Path.Elements);
}
