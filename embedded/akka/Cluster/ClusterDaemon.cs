using Akka.Actor;
using Akka.Event;
using Akka.Remote;

namespace Akka.Cluster;

/// <summary>
/// Keeps what this node knows of the cluster, at /system/cluster: takes part in gossip, moves members on when it leads, and publishes what
/// changes. Who changes something tells all; who learns of it tells the leader, so that a step needs one round trip instead of many rounds of
/// gossip, which remain for what got lost.
/// </summary>
internal sealed partial class ClusterDaemon : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan ExitLimit = TimeSpan.FromSeconds(10);

    private readonly Cluster _cluster;
    private readonly Remoting _remoting;
    private readonly UniqueAddress _self;
    private readonly ClusterSettings _settings;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly HashSet<UniqueAddress> _exited = [];
    private readonly List<Action> _onUp = [];
    private MembershipState _state;
    private bool _exitConfirmed;
    private bool _endsSystem;

    public ClusterDaemon(Cluster cluster, Remoting remoting)
    {
        _cluster = cluster;
        _remoting = remoting;
        _self = cluster.SelfUniqueAddress;
        _settings = cluster.Settings;
        _monitor = new HeartbeatMonitor(_settings, _self, TimeProvider.System);
        _state = new MembershipState(Gossip.Empty, _self);
        remoting.IsMember = address => cluster.State.Members.Any(member => member.Address == address);
        ReceiveJoining();
        ReceiveReachability();
        Receive<GossipEnvelope>(envelope => TakeIn(envelope.From, envelope.Gossip));
        Receive<GossipTick>(_ => Spread());
        Receive<ExitingConfirmed>(exiting => BidFarewell(exiting.Node));
        Receive<Move>(move => Apply(move));
        Receive<ExitTasksDone>(_ => ConfirmExit());
        Receive<ExitTimeout>(_ => End("nobody confirmed in time that it left"));
        Receive<Subscribe>(Add);
        Receive<Unsubscribe>(Remove);
        Receive<OnMemberUp>(request =>
        {
            if (_state.SelfMember?.Status == MemberStatus.Up)
                Run(request.Callback);
            else
                _onUp.Add(request.Callback);
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>A member shall leave or be down.</summary>
    internal sealed record Move(Address Address, MemberStatus Status);

    internal sealed record OnMemberUp(Action Callback);

    internal sealed record Subscribe(IActorRef Subscriber, ClusterEvent.SubscriptionInitialStateMode InitialStateMode, Type[] To);

    internal sealed record Unsubscribe(IActorRef Subscriber, Type? To);

    private sealed record GossipTick;

    private sealed record ExitTasksDone;

    private sealed record ExitTimeout;

    protected override void PreStart()
    {
        if (_cluster.IsTerminated)
            return;
        Timers.StartPeriodicTimer(nameof(GossipTick), new GossipTick(), _settings.GossipInterval);
        StartReachability();
        if (_cluster.DowningProvider.DowningActorProps is { } downing)
            Context.ActorOf(downing.WithDispatcher(Context.Props.Dispatcher), "downing-provider");
        if (!_settings.SeedNodes.IsEmpty)
            Self.Tell(new JoinSeedNodes([.. _settings.SeedNodes]));
    }

    protected override void PreRestart(Exception reason, object message)
    {
        // What this node knew is lost: it can only begin anew, as another process would.
        _log.Error(reason, "The node fails as a member of the cluster and leaves it abruptly");
        _endsSystem = true;
        Context.Stop(Self);
        base.PreRestart(reason, message);
    }

    protected override void PostStop()
    {
        if (_cluster.IsTerminated)
            return;
        Context.System.EventStream.Publish(ClusterEvent.ClusterShuttingDown.Instance);
        var before = _state;
        _state = new MembershipState(Gossip.Empty, _self);
        _cluster.Publish(_state);
        foreach (var change in ClusterEvent.Between(before, _state))
            Context.System.EventStream.Publish(change);
        Run(_cluster.Terminate());
        if (_endsSystem)
            _ = Context.System.Terminate();
    }

    /// <summary>Takes in new knowledge, goes on from there as far as this node may, and tells whom it concerns.</summary>
    /// <param name="gossip">What is known now.</param>
    /// <param name="from">Who told it; null for a change of this node's own.</param>
    private void Update(Gossip gossip, UniqueAddress? from = null)
    {
        var before = _state;
        var decided = from == null;
        for (var next = gossip.SeenAlsoBy([_self]); !ReferenceEquals(next, _state.Gossip); decided = true)
        {
            Enter(new MembershipState(next, _self));
            next = _state.LeaderActions(_exited, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        }
        if (_state.Gossip.SaysTheSameAs(before.Gossip))
            return;
        _exited.IntersectWith(_state.Gossip.Members.Keys);
        if (decided)
            Tell(_state.Gossip.Members.Keys.Union(before.Gossip.Members.Keys));
        else if (_state.Leader is { } leader && leader != from)
            Tell([leader]);
    }

    private void Enter(MembershipState next)
    {
        var before = _state;
        _state = next;
        if (next.Gossip.SaysTheSameAs(before.Gossip))
            return;
        Publish(before);
        React(before);
    }

    private void TakeIn(UniqueAddress from, Gossip theirs)
    {
        if (_state.SelfMember == null || WasRemoved(from))
            return;
        if (!_state.Gossip.Members.ContainsKey(from))
        {
            // That cluster let this node in after it had given up asking for it, and waits for it to take part; so it does hear this node.
            if (_state.IsOfAnotherCluster(from, theirs))
                Meet(new Encounter(from, theirs.Members.Count - 1, theirs.Members.Keys.First(node => node != _self), 0, IsAnswer: true));
            return;
        }
        if (theirs.Removed.ContainsKey(_self))
        {
            End($"it was removed, as {from.Address} says");
            return;
        }
        if (!theirs.Members.ContainsKey(_self))
            return;
        var merged = _state.Gossip.Merge(theirs).SeenAlsoBy([_self]);
        var isNews = !merged.SaysTheSameAs(theirs) || !theirs.SeenBy.Contains(_self);
        Update(merged, from);
        if (isNews)
            Tell([from]);
    }

    /// <summary>Gossip at random, rather with somebody who may not know the latest.</summary>
    private void Spread()
    {
        Update(_state.Gossip);
        var reachable = _state.Gossip.Members.Keys.Where(CanTell).ToArray();
        var behind = Array.FindAll(reachable, node => !_state.Gossip.SeenBy.Contains(node));
        var candidates = behind.Length > 0 ? behind : reachable;
        if (candidates.Length > 0)
            Tell([candidates[Random.Shared.Next(candidates.Length)]]);
    }

    private void Apply(Move move)
    {
        var node = _state.Gossip.Members.Keys.FirstOrDefault(node => node.Address == move.Address);
        var member = node == null ? null : _state.Gossip.Members[node];
        if (member == null)
            _log.Warning("{0} cannot be moved to {1}: it is no member of the cluster", move.Address, move.Status);
        else
            Update(_state.Gossip.With(member.UniqueAddress, move.Status, _self));
    }

    private void Publish(MembershipState before)
    {
        _cluster.Publish(_state);
        foreach (var change in ClusterEvent.Between(before, _state))
        {
            if (_settings.LogInfo && change is ClusterEvent.IMemberEvent or ClusterEvent.IReachabilityEvent)
                _log.Info("Cluster Node [{0}] - {1}", _self.Address, change);
            Context.System.EventStream.Publish(change);
            if (change is not ClusterEvent.MemberRemoved removed)
                continue;
            var node = removed.Member.UniqueAddress;
            if (removed.PreviousStatus == MemberStatus.Down)
                _remoting.Quarantine(node.Address, node.Uid);
            _remoting.AddressTerminated(node.Address, node.Uid);
        }
    }

    /// <summary>What a change means for this node itself.</summary>
    private void React(MembershipState before)
    {
        if (_state.SelfMember is not { } member)
        {
            if (before.SelfMember != null)
                End("it was removed");
            return;
        }
        var previous = before.SelfMember?.Status;
        if (member.Status == MemberStatus.Up && previous != MemberStatus.Up)
        {
            _onUp.ForEach(Run);
            _onUp.Clear();
        }
        // Its actor system ends with a node that leaves.
        if (member.Status == MemberStatus.Exiting && previous != MemberStatus.Exiting)
        {
            _endsSystem = true;
            Timers.StartSingleTimer(nameof(ExitTimeout), new ExitTimeout(), ExitLimit);
            _ = _cluster.RunExitTasks().PipeTo(Self, success: () => new ExitTasksDone(), failure: _ => new ExitTasksDone());
        }
        if (member.Status == MemberStatus.Down)
            End("it was downed");
        else
            AdmitWaiting();
        EndIfLast();
    }

    /// <summary>This node exits and has ended its work: lets the leader remove it.</summary>
    private void ConfirmExit()
    {
        _exitConfirmed = true;
        SayFarewell();
        EndIfLast();
    }

    /// <summary>When all leave at the same time, nobody is left to remove the last one.</summary>
    private void EndIfLast()
    {
        if (_exitConfirmed && !_state.Gossip.Members.Keys.Any(CanTell))
            Context.Stop(Self);
    }

    private void SayFarewell()
    {
        foreach (var node in _state.Gossip.Members.Keys.Where(CanTell))
            Peer(node.Address).Tell(new ExitingConfirmed(_self), Self);
    }

    private void BidFarewell(UniqueAddress node)
    {
        if (!_state.Gossip.Members.TryGetValue(node, out var member))
            return;
        if (member.Status == MemberStatus.Down)
        {
            _monitor.Lost(node);
            Observe();
        }
        else if (_exited.Add(node))
            Update(_state.Gossip);
    }

    private void End(string why)
    {
        if (_state.SelfMember?.Status != MemberStatus.Exiting)
            _log.Warning("Cluster Node [{0}] - is no longer part of the cluster: {1}", _self.Address, why);
        if (_state.SelfMember?.Status == MemberStatus.Down)
            SayFarewell();
        _endsSystem = _endsSystem || _settings.RunCoordinatedShutdownWhenDown;
        Context.Stop(Self);
    }

    private void Add(Subscribe subscribe)
    {
        if (subscribe.InitialStateMode == ClusterEvent.SubscriptionInitialStateMode.InitialStateAsSnapshot)
            subscribe.Subscriber.Tell(_cluster.State);
        else
        {
            foreach (var change in ClusterEvent.Between(new MembershipState(Gossip.Empty, _self), _state))
            {
                if (Array.Exists(subscribe.To, type => type.IsInstanceOfType(change)))
                    subscribe.Subscriber.Tell(change);
            }
        }
        foreach (var type in subscribe.To)
            Context.System.EventStream.Subscribe(subscribe.Subscriber, type);
    }

    private void Remove(Unsubscribe unsubscribe)
    {
        if (unsubscribe.To is { } type)
            Context.System.EventStream.Unsubscribe(unsubscribe.Subscriber, type);
        else
            Context.System.EventStream.Unsubscribe(unsubscribe.Subscriber);
    }

    private bool CanTell(UniqueAddress node) => node != _self && !_monitor.Unreachable.Contains(node);

    private void Tell(IEnumerable<UniqueAddress> nodes)
    {
        foreach (var node in nodes.Where(CanTell))
            Peer(node.Address).Tell(new GossipEnvelope(_self, _state.Gossip), Self);
    }

    /// <summary>This actor's like on another node.</summary>
    private IActorRef Peer(Address address) => _remoting.Provider.ResolveActorRef(new RootActorPath(address) / Self.Path.Elements);

    private void Run(Action? callback)
    {
        try
        {
            callback?.Invoke();
        }
        catch (Exception failure)
        {
            _log.Error(failure, "A callback on a change of the cluster failed");
        }
    }
}
