using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;

namespace ActorTrain.Embedded.Akka.Tests;

/// <summary>What the nodes of a cluster know, and a network that delivers when it is told to.</summary>
internal sealed class SimulatedCluster
{
    private readonly Dictionary<UniqueAddress, Gossip> _known = [];
    private readonly Dictionary<UniqueAddress, HashSet<UniqueAddress>> _unreachable = [];
    private long _now;

    public SimulatedCluster(int size)
    {
        Nodes = [.. Enumerable.Range(0, size).Select(Node)];
        Join(Founder, Founder);
    }

    public IReadOnlyList<UniqueAddress> Nodes { get; }

    /// <summary>The node that started the cluster; others come before and behind it by address.</summary>
    public UniqueAddress Founder => Nodes[Nodes.Count / 2];

    public IEnumerable<Gossip> Knowledge => _known.Values;

    /// <summary>A cluster of which all nodes are Up.</summary>
    public static SimulatedCluster Grown(int size)
    {
        var cluster = new SimulatedCluster(size);
        foreach (UniqueAddress node in cluster.Nodes)
            cluster.Join(node, cluster.Founder);
        cluster.Settle(cluster.Nodes);
        return cluster;
    }

    public static UniqueAddress Node(int index) => new(new Address("akka.tcp", "test", "host", 1000 + index), 7 * (index + 1));

    public Gossip KnownTo(UniqueAddress node) => _known[node];

    public bool HasJoined(UniqueAddress node) => _known.ContainsKey(node);

    public MembershipState StateOf(UniqueAddress node) => new(_known[node], node);

    public void Join(UniqueAddress node, UniqueAddress contact)
    {
        if (HasJoined(node) || (node == contact ? node != Founder : !HasJoined(contact)))
            return;
        Change(contact, gossip => gossip.With(new Member(node, int.MaxValue, MemberStatus.Joining, ["role"]), contact));
        if (node != contact)
            Change(node, _ => _known[contact]);
    }

    public void Move(UniqueAddress by, UniqueAddress node, MemberStatus status) => Change(by, gossip => gossip.With(node, status, by));

    public void Deliver(UniqueAddress from, UniqueAddress to)
    {
        if (HasJoined(from) && HasJoined(to))
            Change(to, gossip => gossip.Merge(_known[from]));
    }

    public void Observe(UniqueAddress observer, UniqueAddress node, bool reachable)
    {
        if (!HasJoined(observer) || observer == node)
            return;
        var unreachable = _unreachable.TryGetValue(observer, out var known) ? known : _unreachable[observer] = [];
        if (reachable ? unreachable.Remove(node) : unreachable.Add(node))
            Change(observer, gossip => gossip.Observe(observer, unreachable));
    }

    /// <summary>Delivers among these nodes, each to each, until nobody learns anything new.</summary>
    public void Settle(IReadOnlyCollection<UniqueAddress> among) => Settle(among, (_, _) => true);

    /// <summary>The same for those ways only that are open, by the nodes' numbers.</summary>
    public void Settle(IReadOnlyCollection<UniqueAddress> among, Func<int, int, bool> open)
    {
        var numbers = Nodes.Index().ToDictionary(node => node.Item, node => node.Index);
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (UniqueAddress from in among)
            {
                foreach (UniqueAddress to in among.Where(to => HasJoined(to) && open(numbers[from], numbers[to])))
                {
                    Gossip before = _known[to];
                    Deliver(from, to);
                    changed |= !Same(before, _known[to]);
                }
            }
        }
    }

    public static bool Same(Gossip left, Gossip right) => left.SaysTheSameAs(right) && left.SeenBy.SetEquals(right.SeenBy);

    private void Change(UniqueAddress node, Func<Gossip, Gossip> change)
    {
        Gossip next = change(_known.GetValueOrDefault(node, Gossip.Empty)).SeenAlsoBy([node]);
        for (Gossip? before = null; !ReferenceEquals(before, next);)
        {
            before = next;
            next = new MembershipState(before, node).LeaderActions(ImmutableHashSet<UniqueAddress>.Empty, ++_now);
        }
        _known[node] = next;
    }
}
