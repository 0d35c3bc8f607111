using System.Collections.Immutable;

namespace Akka.Cluster;

/// <summary>Whom a node cannot reach. Only that node makes new versions.</summary>
internal sealed record Observation(long Version, ImmutableSortedSet<UniqueAddress> Unreachable);

/// <summary>A removed member, remembered so that old gossip does not bring it back.</summary>
internal sealed record Tombstone(long RemovedAt, bool WasDown);

/// <summary>
/// What a node knows about the cluster. Statuses, observations and tombstones only ever move forward, so knowledge from two nodes merges
/// into the same whole in whatever order and however often it arrives; no clock is needed to tell which is newer. Every change starts
/// <see cref="SeenBy"/> anew: the nodes that are known to know all of this.
/// </summary>
internal sealed class Gossip
{
    /// <summary>Enough for the deaths during the time in which old gossip may still be on its way.</summary>
    public const int MaximumTombstones = 200;

    public static readonly Gossip Empty = new(
        ImmutableSortedDictionary<UniqueAddress, Member>.Empty,
        ImmutableSortedDictionary<UniqueAddress, Tombstone>.Empty,
        ImmutableSortedDictionary<UniqueAddress, Observation>.Empty,
        []);

    public Gossip(
        ImmutableSortedDictionary<UniqueAddress, Member> members,
        ImmutableSortedDictionary<UniqueAddress, Tombstone> removed,
        ImmutableSortedDictionary<UniqueAddress, Observation> observations,
        ImmutableSortedSet<UniqueAddress> seenBy)
    {
        var excess = removed.Count - MaximumTombstones;
        // All nodes forget the same ones, so that the merged knowledge stays the same everywhere.
        Removed = excess <= 0 ? removed : removed.RemoveRange(
            removed.OrderBy(entry => entry.Value.RemovedAt).ThenBy(entry => entry.Key).Take(excess).Select(entry => entry.Key).ToList());
        // Members are equal by their addresses: without this, replacing one by itself in another status would change nothing.
        Members = members.WithComparers(members.KeyComparer, ReferenceEqualityComparer.Instance)
            .RemoveRange(members.Keys.Where(removed.ContainsKey));
        Observations = observations
            .Where(entry => Members.ContainsKey(entry.Key))
            .ToImmutableSortedDictionary(
                entry => entry.Key,
                entry => entry.Value.Unreachable.All(Members.ContainsKey)
                    ? entry.Value
                    : entry.Value with { Unreachable = entry.Value.Unreachable.Intersect(Members.Keys) });
        SeenBy = seenBy.Intersect(Members.Keys);
    }

    public ImmutableSortedDictionary<UniqueAddress, Member> Members { get; }

    public ImmutableSortedDictionary<UniqueAddress, Tombstone> Removed { get; }

    /// <summary>By observer.</summary>
    public ImmutableSortedDictionary<UniqueAddress, Observation> Observations { get; }

    public ImmutableSortedSet<UniqueAddress> SeenBy { get; }

    public Gossip Merge(Gossip other)
    {
        var merged = new Gossip(
            Merge(Members, other.Members, Member.Merge),
            Merge(Removed, other.Removed, (left, right) =>
                new Tombstone(Math.Max(left.RemovedAt, right.RemovedAt), left.WasDown || right.WasDown)),
            Merge(Observations, other.Observations, (left, right) => left.Version >= right.Version ? left : right),
            []);
        return merged.SeenAlsoBy((merged.SaysTheSameAs(this) ? SeenBy : []).Union(merged.SaysTheSameAs(other) ? other.SeenBy : []));
    }

    /// <summary>Whether both hold the same knowledge, whoever has seen it.</summary>
    public bool SaysTheSameAs(Gossip other) => ReferenceEquals(this, other) || (
        Members.Values.SequenceEqual(other.Members.Values)
        && Members.Values.Zip(other.Members.Values).All(pair => pair.First.Status == pair.Second.Status && pair.First.UpNumber == pair.Second.UpNumber)
        && Removed.SequenceEqual(other.Removed)
        && ObservesTheSameAs(other));

    /// <summary>Whether in both the same nodes observe the same.</summary>
    public bool ObservesTheSameAs(Gossip other) => ReferenceEquals(Observations, other.Observations) || (
        Observations.Keys.SequenceEqual(other.Observations.Keys)
        && Observations.Values.Zip(other.Observations.Values).All(pair =>
            pair.First.Version == pair.Second.Version && pair.First.Unreachable.SetEquals(pair.Second.Unreachable)));

    public Gossip SeenAlsoBy(IEnumerable<UniqueAddress> nodes) => new(Members, Removed, Observations, SeenBy.Union(nodes));

    /// <summary>Adds a member, or replaces what is known about it.</summary>
    public Gossip With(Member member, UniqueAddress changedBy) => new(Members.SetItem(member.UniqueAddress, member), Removed, Observations, [changedBy]);

    /// <summary>Moves a member on to a status, unless it is there or farther, or no member.</summary>
    public Gossip With(UniqueAddress node, MemberStatus status, UniqueAddress changedBy) =>
        Members.TryGetValue(node, out var member) && member.Status < status ? With(member.Copy(status), changedBy) : this;

    public Gossip Without(Member member, long now, UniqueAddress changedBy) => new(
        Members, Removed.SetItem(member.UniqueAddress, new Tombstone(now, member.Status == MemberStatus.Down)), Observations, [changedBy]);

    /// <summary>Replaces what a node observes.</summary>
    public Gossip Observe(UniqueAddress observer, IEnumerable<UniqueAddress> unreachable)
    {
        var known = unreachable.Where(Members.ContainsKey).ToImmutableSortedSet();
        var before = Observations.GetValueOrDefault(observer) ?? new Observation(0, []);
        return known.SetEquals(before.Unreachable)
            ? this
            : new Gossip(Members, Removed, Observations.SetItem(observer, new Observation(before.Version + 1, known)), [observer]);
    }

    private static ImmutableSortedDictionary<UniqueAddress, T> Merge<T>(
        ImmutableSortedDictionary<UniqueAddress, T> left, ImmutableSortedDictionary<UniqueAddress, T> right, Func<T, T, T> merge)
    {
        var merged = left.ToBuilder();
        foreach (var (node, value) in right)
            merged[node] = merged.TryGetValue(node, out var known) ? merge(known, value) : value;
        return merged.ToImmutable();
    }
}
