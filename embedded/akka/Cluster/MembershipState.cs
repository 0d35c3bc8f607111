using System.Collections.Immutable;

namespace Akka.Cluster;

/// <summary>The cluster as one of its nodes sees it: who leads, whether all agree, and what the leader may do then.</summary>
internal sealed class MembershipState(Gossip gossip, UniqueAddress self)
{
    public Gossip Gossip { get; } = gossip;

    public UniqueAddress Self { get; } = self;

    public IEnumerable<Member> Members => Gossip.Members.Values;

    public Member? SelfMember => Gossip.Members.GetValueOrDefault(Self);

    public UniqueAddress? Leader => LeaderOf(Members);

    public bool IsLeader => Self.Equals(Leader);

    /// <summary>Whom anybody cannot reach but those who are down themselves.</summary>
    public ImmutableSortedSet<UniqueAddress> Unreachable { get; } = gossip.Observations
        .Where(entry => gossip.Members[entry.Key].Status != MemberStatus.Down)
        .SelectMany(entry => entry.Value.Unreachable)
        .ToImmutableSortedSet();

    public IEnumerable<string> AllRoles => Members.SelectMany(member => member.Roles).Distinct();

    public UniqueAddress? RoleLeader(string role) => LeaderOf(Members.Where(member => member.HasRole(role)));

    /// <summary>
    /// Whether all members that take part in decisions know all that this node knows. An unreachable member stands in the way until it is
    /// down; what downed nodes observe does not count.
    /// </summary>
    /// <param name="exited">Members that are gone by their own account.</param>
    public bool Converges(IReadOnlySet<UniqueAddress> exited) =>
        Gossip.Observations
            .Where(entry => Gossip.Members[entry.Key].Status != MemberStatus.Down)
            .SelectMany(entry => entry.Value.Unreachable)
            .All(node => node.Equals(Self) || exited.Contains(node) || Gossip.Members[node].Status is MemberStatus.Exiting or MemberStatus.Down)
        && Members.All(member => member.Status is not (MemberStatus.Up or MemberStatus.Leaving)
            || Gossip.SeenBy.Contains(member.UniqueAddress)
            || exited.Contains(member.UniqueAddress));

    /// <summary>
    /// Whether gossip that counts this node as a member comes from another cluster than its own: in one cluster nobody gets Up before all
    /// who are Up have heard of it.
    /// </summary>
    public bool IsOfAnotherCluster(UniqueAddress from, Gossip theirs) =>
        SelfMember?.Status == MemberStatus.Up && !Gossip.Members.ContainsKey(from) && !Gossip.Removed.ContainsKey(from)
        && theirs.Members.TryGetValue(from, out var sender) && sender.Status == MemberStatus.Up
        && theirs.Members.TryGetValue(Self, out var self) && self.Status is MemberStatus.Joining or MemberStatus.Up;

    /// <summary>The next steps of all members whose turn it is, if this node leads and all agree.</summary>
    public Gossip LeaderActions(IReadOnlySet<UniqueAddress> exited, long now)
    {
        var next = Gossip;
        if (!IsLeader || !Converges(exited))
            return next;
        var lastUpNumber = Members.Where(member => member.UpNumber != int.MaxValue).Select(member => member.UpNumber).DefaultIfEmpty().Max();
        foreach (var member in Members)
        {
            var gone = Unreachable.Contains(member.UniqueAddress);
            next = member.Status switch
            {
                MemberStatus.Joining => next.With(member.CopyUp(++lastUpNumber), Self),
                MemberStatus.Leaving => next.With(member.UniqueAddress, MemberStatus.Exiting, Self),
                MemberStatus.Exiting when gone || exited.Contains(member.UniqueAddress) => next.Without(member, now, Self),
                MemberStatus.Down when gone => next.Without(member, now, Self),
                _ => next,
            };
        }
        return next;
    }

    private UniqueAddress? LeaderOf(IEnumerable<Member> candidates)
    {
        var reachable = candidates
            .Where(member => member.Status != MemberStatus.Down && (!Unreachable.Contains(member.UniqueAddress) || member.UniqueAddress.Equals(Self)))
            .ToList();
        // In the order of addresses, like all members.
        return (reachable.Find(member => member.Status is MemberStatus.Up or MemberStatus.Leaving)
            ?? reachable.MinBy(member => member.Status))?.UniqueAddress;
    }
}
