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

/// <summary>
/// The first of those who go on downs who has been unreachable for long enough; the others keep their own time, in case that they come to be
/// first. Of members that are still connected through others only as few as possible are downed.
/// </summary>
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
        Receive<ClusterEvent.IClusterDomainEvent>(_ => DownAllDue());
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
        DownAllDue();
    }

    private void DownAllDue()
    {
        if (_due.Count == 0)
            return;
        var split = new Split(_cluster.Membership);
        if (Split.SpeakerOf(split.Core) != _cluster.SelfUniqueAddress)
            return;
        foreach (var member in split.Lost.Where(member => _due.Contains(member.UniqueAddress)))
            _cluster.Down(member.Address);
    }
}
