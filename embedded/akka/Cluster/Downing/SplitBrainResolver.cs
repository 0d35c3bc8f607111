using Akka.Actor;
using Akka.Configuration;

namespace Akka.Cluster.SBR;

/// <summary>
/// Once nothing has changed for <c>akka.cluster.split-brain-resolver.stable-after</c>, downs one side of a split: with
/// <c>keep-majority</c> the smaller one, or of two equal ones the one without the first address; with <c>down-all</c> both.
/// </summary>
public class SplitBrainResolverProvider : IDowningProvider
{
    private const string Section = "akka.cluster.split-brain-resolver";

    private readonly Cluster _cluster;
    private readonly TimeSpan _stableAfter;
    private readonly bool _keepMajority;
    private readonly string _role;

    /// <exception cref="ConfigurationException">The strategy is unknown here.</exception>
    public SplitBrainResolverProvider(ActorSystem system, Cluster cluster)
    {
        _cluster = cluster;
        var config = system.Settings.Config.GetConfig(Section);
        _stableAfter = config.GetTimeSpan("stable-after");
        _role = config.GetString("keep-majority.role");
        _keepMajority = config.GetString("active-strategy") switch
        {
            "keep-majority" => true,
            "down-all" => false,
            var other => throw new ConfigurationException($"{Section}.active-strategy is \"{other}\", which is unknown here; use keep-majority or down-all."),
        };
    }

    public TimeSpan DownRemovalMargin => _cluster.Settings.DownRemovalMargin is var margin && margin == TimeSpan.Zero ? _stableAfter : margin;

    public Props DowningActorProps => Props.Create(() => new SplitBrainResolver(_cluster, _stableAfter, _keepMajority, _role));
}

internal sealed class SplitBrainResolver : ReceiveActor, IWithTimers
{
    private readonly Cluster _cluster;
    private readonly TimeSpan _stableAfter;
    private readonly bool _keepMajority;
    private readonly string _role;

    public SplitBrainResolver(Cluster cluster, TimeSpan stableAfter, bool keepMajority, string role)
    {
        _cluster = cluster;
        _stableAfter = stableAfter;
        _keepMajority = keepMajority;
        _role = role;
        Receive<ClusterEvent.IMemberEvent>(_ => Wait());
        Receive<ClusterEvent.IReachabilityEvent>(_ => Wait());
        Receive<ClusterEvent.IClusterDomainEvent>(_ => { });
        Receive<Stable>(_ => Decide());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private sealed record Stable;

    /// <summary>Whom to down, from the state as the leader of one side sees it.</summary>
    internal static IReadOnlyList<Member> Losers(ClusterEvent.CurrentClusterState state, bool keepMajority, string role)
    {
        if (!keepMajority)
            return [.. state.Members];
        var voters = state.Members.Where(member => member.Status is MemberStatus.Up or MemberStatus.Leaving && (role.Length == 0 || member.HasRole(role))).ToList();
        var lost = voters.Count(state.Unreachable.Contains);
        var kept = voters.Count - lost;
        var staysHere = kept != lost ? kept > lost : voters.Count == 0 || !state.Unreachable.Contains(voters[0]);
        return staysHere ? [.. state.Unreachable] : [.. state.Members.Except(state.Unreachable)];
    }

    protected override void PreStart() =>
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IClusterDomainEvent));

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private void Wait()
    {
        if (_cluster.State.Unreachable.IsEmpty)
            Timers.Cancel(nameof(Stable));
        else
            Timers.StartSingleTimer(nameof(Stable), new Stable(), _stableAfter);
    }

    private void Decide()
    {
        var state = _cluster.State;
        if (state.Unreachable.IsEmpty)
            return;
        // Another one may come to lead, and has to decide then.
        Timers.StartSingleTimer(nameof(Stable), new Stable(), _stableAfter);
        if (state.Leader != _cluster.SelfAddress)
            return;
        // Its own node last: it stops to speak for the others.
        foreach (var member in Losers(state, _keepMajority, _role).OrderBy(member => member.Address == _cluster.SelfAddress))
            _cluster.Down(member.Address);
    }
}
