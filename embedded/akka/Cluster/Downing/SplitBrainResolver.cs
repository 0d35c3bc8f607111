using Akka.Actor;
using Akka.Configuration;

namespace Akka.Cluster.SBR;

/// <summary>
/// Once nothing has changed for <c>akka.cluster.split-brain-resolver.stable-after</c>, downs one side of a split: with
/// <c>keep-majority</c> the smaller one, or of two equal ones the one without the first address; with <c>down-all</c> both. Of members
/// that do not all reach each other, but are connected through others, as few as possible are downed.
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
    // What never comes to rest is decided all the same, after so many times as long.
    private const int LongestUnrest = 3;

    private readonly Cluster _cluster;
    private readonly TimeSpan _stableAfter;
    private readonly bool _keepMajority;
    private readonly string _role;
    private long? _since;

    public SplitBrainResolver(Cluster cluster, TimeSpan stableAfter, bool keepMajority, string role)
    {
        _cluster = cluster;
        _stableAfter = stableAfter;
        _keepMajority = keepMajority;
        _role = role;
        Receive<ClusterEvent.IMemberEvent>(_ => Wait());
        Receive<ClusterEvent.ReachabilityChanged>(_ => Wait());
        Receive<ClusterEvent.IClusterDomainEvent>(_ => { });
        Receive<Stable>(_ => Decide());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private sealed record Stable;

    /// <summary>Whom to down, as one side of a split sees it: who of this side goes on without all others, or this whole side.</summary>
    /// <param name="split">The split.</param>
    /// <param name="keepMajority">Whether a side may go on; else all members are downed.</param>
    /// <param name="role">The role that members must have to count; empty for any.</param>
    internal static IReadOnlyList<Member> Losers(Split split, bool keepMajority, string role)
    {
        if (!keepMajority)
            return [.. split.Side, .. split.Others];
        var kept = split.Side.Where(Votes).ToList();
        var lost = split.Others.Where(Votes).ToList();
        var staysHere = kept.Count != lost.Count ? kept.Count > lost.Count : kept.Count == 0 || kept[0].CompareTo(lost[0]) < 0;
        return staysHere ? split.Lost : split.Side;

        bool Votes(Member member) => member.Status is MemberStatus.Up or MemberStatus.Leaving && (role.Length == 0 || member.HasRole(role));
    }

    protected override void PreStart() =>
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IClusterDomainEvent));

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private void Wait()
    {
        if (_cluster.Membership.Unreachable.IsEmpty)
        {
            _since = null;
            Timers.Cancel(nameof(Stable));
            return;
        }
        _since ??= TimeProvider.System.GetTimestamp();
        var longest = (_stableAfter * LongestUnrest) - TimeProvider.System.GetElapsedTime(_since.Value);
        Timers.StartSingleTimer(nameof(Stable), new Stable(), longest < TimeSpan.Zero ? TimeSpan.Zero : longest < _stableAfter ? longest : _stableAfter);
    }

    private void Decide()
    {
        _since = null;
        // Another one may come to decide, and has to do it then.
        Wait();
        var membership = _cluster.Membership;
        // All may be well again since the timer ran out.
        if (membership.Unreachable.IsEmpty)
            return;
        var split = new Split(membership);
        var losers = Losers(split, _keepMajority, _role);
        // One speaks for all who go on, or for all of a side that does not.
        var staying = split.Side.Except(losers).ToList();
        if (Split.SpeakerOf(staying.Count > 0 ? staying : split.Side) != _cluster.SelfUniqueAddress)
            return;
        // Its own node last: it stops to speak for the others.
        foreach (var member in losers.OrderBy(member => member.Address == _cluster.SelfAddress))
            _cluster.Down(member.Address);
    }
}
