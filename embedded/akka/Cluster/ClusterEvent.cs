using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster;

/// <summary>What subscribers learn of the cluster.</summary>
public class ClusterEvent
{
    public static readonly SubscriptionInitialStateMode InitialStateAsSnapshot = SubscriptionInitialStateMode.InitialStateAsSnapshot;

    public static readonly SubscriptionInitialStateMode InitialStateAsEvents = SubscriptionInitialStateMode.InitialStateAsEvents;

    /// <summary>How a subscriber learns what was before it subscribed.</summary>
    public enum SubscriptionInitialStateMode
    {
        /// <summary>By one <see cref="CurrentClusterState"/>.</summary>
        InitialStateAsSnapshot,

        /// <summary>By the events that would have led there.</summary>
        InitialStateAsEvents,
    }

    public interface IClusterDomainEvent : IDeadLetterSuppression;

    public interface IMemberEvent : IClusterDomainEvent
    {
        Member Member { get; }
    }

    public interface IReachabilityEvent : IClusterDomainEvent;

    public sealed class CurrentClusterState
    {
        private readonly ImmutableDictionary<string, Address> _roleLeaderMap;

        public CurrentClusterState()
            : this([], [], [], null!, ImmutableDictionary<string, Address>.Empty)
        {
        }

        public CurrentClusterState(
            ImmutableSortedSet<Member> members,
            ImmutableHashSet<Member> unreachable,
            ImmutableHashSet<Address> seenBy,
            Address leader,
            ImmutableDictionary<string, Address> roleLeaderMap)
        {
            Members = members;
            Unreachable = unreachable;
            SeenBy = seenBy;
            Leader = leader;
            _roleLeaderMap = roleLeaderMap;
        }

        internal CurrentClusterState(MembershipState state)
            : this(
                [.. state.Members],
                [.. state.Unreachable.Where(node => node != state.Self).Select(node => state.Gossip.Members[node])],
                [.. state.Gossip.SeenBy.Select(node => node.Address)],
                state.Leader?.Address!,
                state.AllRoles.ToImmutableDictionary(role => role, role => state.RoleLeader(role)?.Address!))
        {
        }

        /// <summary>In the order of their addresses.</summary>
        public ImmutableSortedSet<Member> Members { get; }

        public ImmutableHashSet<Member> Unreachable { get; }

        public ImmutableHashSet<Address> SeenBy { get; }

        /// <summary>The node that decides on members; null when there is none.</summary>
        public Address Leader { get; }

        public ImmutableHashSet<string> AllRoles => [.. _roleLeaderMap.Keys];

        /// <returns>The address, or null.</returns>
        public Address RoleLeader(string role) => _roleLeaderMap.GetValueOrDefault(role)!;
    }

    public abstract class MemberStatusChange : IMemberEvent
    {
        private protected MemberStatusChange(Member member, MemberStatus validStatus) => Member = member.Status == validStatus
            ? member
            : throw new ArgumentException($"Expected {validStatus} state, got: {member}");

        public Member Member { get; }

        public override bool Equals(object? obj) => obj is MemberStatusChange other && other.GetType() == GetType() && Member.Equals(other.Member);

        public override int GetHashCode() => Member.GetHashCode();

        public override string ToString() => $"{GetType()}(Member={Member})";
    }

    public sealed class MemberJoined(Member member) : MemberStatusChange(member, MemberStatus.Joining);

    public sealed class MemberUp(Member member) : MemberStatusChange(member, MemberStatus.Up);

    public sealed class MemberLeft(Member member) : MemberStatusChange(member, MemberStatus.Leaving);

    public sealed class MemberExited(Member member) : MemberStatusChange(member, MemberStatus.Exiting);

    public sealed class MemberDowned(Member member) : MemberStatusChange(member, MemberStatus.Down);

    public sealed class MemberRemoved(Member member, MemberStatus previousStatus) : MemberStatusChange(member, MemberStatus.Removed)
    {
        /// <summary>Whether the member was downed or left.</summary>
        public MemberStatus PreviousStatus { get; } = previousStatus;
    }

    public sealed class LeaderChanged(Address leader) : IClusterDomainEvent
    {
        public Address Leader { get; } = leader;

        public override string ToString() => $"LeaderChanged(NewLeader={Leader})";
    }

    public sealed class RoleLeaderChanged(string role, Address leader) : IClusterDomainEvent
    {
        public Address Leader { get; } = leader;

        public string Role { get; } = role;

        public override string ToString() => $"RoleLeaderChanged(Leader={Leader}, Role={Role})";
    }

    /// <summary>This node is no longer part of the cluster.</summary>
    public sealed class ClusterShuttingDown : IClusterDomainEvent
    {
        public static readonly IClusterDomainEvent Instance = new ClusterShuttingDown();

        private ClusterShuttingDown()
        {
        }

        public override string ToString() => "ClusterShuttingDown";
    }

    public abstract class ReachabilityEvent : IReachabilityEvent
    {
        private protected ReachabilityEvent(Member member) => Member = member;

        public Member Member { get; }

        public override bool Equals(object? obj) => obj is ReachabilityEvent other && other.GetType() == GetType() && Member.Equals(other.Member);

        public override int GetHashCode() => Member.GetHashCode();

        public override string ToString() => $"{GetType()}(Member={Member})";
    }

    public sealed class UnreachableMember(Member member) : ReachabilityEvent(member);

    public sealed class ReachableMember(Member member) : ReachabilityEvent(member);

    /// <summary>Some member observes another one as unreachable, or no longer, whatever the others observe.</summary>
    internal sealed class ReachabilityChanged : IClusterDomainEvent;

    /// <summary>What happened between two states: members, removals, unreachable, reachable, leader, leaders of roles, observations.</summary>
    internal static IEnumerable<IClusterDomainEvent> Between(MembershipState before, MembershipState after)
    {
        foreach (var member in after.Members)
        {
            var known = before.Gossip.Members.GetValueOrDefault(member.UniqueAddress);
            if (known == null || known.Status != member.Status || known.UpNumber != member.UpNumber)
                yield return Changed(member);
        }
        foreach (var member in before.Members.Where(member => !after.Gossip.Members.ContainsKey(member.UniqueAddress)))
            yield return new MemberRemoved(member.Copy(MemberStatus.Removed), StatusBeforeRemoval(member, after));
        foreach (var node in after.Unreachable.Where(node => node != after.Self && !before.Unreachable.Contains(node)))
            yield return new UnreachableMember(after.Gossip.Members[node]);
        foreach (var node in before.Unreachable.Where(node => node != after.Self && !after.Unreachable.Contains(node)))
        {
            if (after.Gossip.Members.TryGetValue(node, out var member))
                yield return new ReachableMember(member);
        }
        if (after.Leader != before.Leader)
            yield return new LeaderChanged(after.Leader?.Address!);
        foreach (var role in before.AllRoles.Union(after.AllRoles).Order())
        {
            var leader = after.RoleLeader(role);
            if (leader != before.RoleLeader(role))
                yield return new RoleLeaderChanged(role, leader?.Address!);
        }
        if (!after.Gossip.ObservesTheSameAs(before.Gossip))
            yield return new ReachabilityChanged();
    }

    private static MemberStatusChange Changed(Member member) => member.Status switch
    {
        MemberStatus.Joining => new MemberJoined(member),
        MemberStatus.Up => new MemberUp(member),
        MemberStatus.Leaving => new MemberLeft(member),
        MemberStatus.Exiting => new MemberExited(member),
        _ => new MemberDowned(member),
    };

    // This node may not have seen the status on the way.
    private static MemberStatus StatusBeforeRemoval(Member member, MembershipState after) =>
        after.Gossip.Removed.TryGetValue(member.UniqueAddress, out var tombstone)
            ? tombstone.WasDown ? MemberStatus.Down : MemberStatus.Exiting
            : member.Status;
}
