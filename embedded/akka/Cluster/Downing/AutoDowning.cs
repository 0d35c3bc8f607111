using Akka.Actor;
using Akka.Configuration;

namespace Akka.Cluster;

/// <summary>Downs a member that was unreachable for <c>akka.cluster.auto-down-unreachable-after</c>, on either side of a split.</summary>
public sealed class AutoDowning(ActorSystem system, Cluster cluster) : IDowningProvider
{
    public TimeSpan DownRemovalMargin => cluster.Settings.DownRemovalMargin;

    /// <exception cref="ConfigurationException">The time is not set.</exception>
    public Props DowningActorProps
    {
        get
        {
            var patience = cluster.Settings.AutoDownUnreachableAfter ?? throw new ConfigurationException(
                $"{system} uses the AutoDowning downing provider, but akka.cluster.auto-down-unreachable-after is off.");
            return Props.Create(() => new AutoDown(cluster, patience));
        }
    }
}

/// <summary>The leader downs who has been unreachable for long enough; the others keep their own time, in case that they come to lead.</summary>
internal sealed class AutoDown : ReceiveActor, IWithTimers
{
    private readonly HashSet<UniqueAddress> _due = [];
    private readonly Cluster _cluster;
    private readonly TimeSpan _patience;

    public AutoDown(Cluster cluster, TimeSpan patience)
    {
        _cluster = cluster;
        _patience = patience;
        Receive<ClusterEvent.UnreachableMember>(unreachable =>
            Timers.StartSingleTimer(unreachable.Member.UniqueAddress, new Due(unreachable.Member.UniqueAddress), _patience));
        Receive<ClusterEvent.ReachableMember>(reachable => Forget(reachable.Member.UniqueAddress));
        Receive<ClusterEvent.MemberRemoved>(removed => Forget(removed.Member.UniqueAddress));
        Receive<ClusterEvent.LeaderChanged>(_ => DownAllDue());
        Receive<ClusterEvent.IClusterDomainEvent>(_ => { });
        Receive<Due>(due =>
        {
            _due.Add(due.Node);
            DownAllDue();
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private sealed record Due(UniqueAddress Node);

    protected override void PreStart() =>
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IClusterDomainEvent));

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private void Forget(UniqueAddress node)
    {
        Timers.Cancel(node);
        _due.Remove(node);
    }

    private void DownAllDue()
    {
        if (_cluster.State.Leader != _cluster.SelfAddress)
            return;
        foreach (var node in _due)
            _cluster.Down(node.Address);
        _due.Clear();
    }
}
