using System.Runtime.Serialization;
using Akka.Cluster;
using Akka.Cluster.Serialization;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class MembershipTests
{
    private const int Size = 5;

    [Fact]
    public void Knowledge_merges_into_the_same_whole_in_whatever_order_and_however_often() =>
        Check.QuickThrowOnFailure(Prop.ForAll(Histories(), history =>
        {
            Gossip[] known = [.. Play(history).Knowledge];
            return known.All(a => known.All(b => known.All(c =>
                SimulatedCluster.Same(a.Merge(a), a)
                && SimulatedCluster.Same(a.Merge(b), b.Merge(a))
                && SimulatedCluster.Same(a.Merge(b).Merge(c), a.Merge(b.Merge(c))))));
        }));

    [Fact]
    public void Who_is_said_to_have_seen_something_knows_it() =>
        Check.QuickThrowOnFailure(Prop.ForAll(Histories(), history =>
        {
            SimulatedCluster cluster = Play(history);
            return cluster.Knowledge.All(known => known.SeenBy.All(node =>
                cluster.KnownTo(node).Merge(known).SaysTheSameAs(cluster.KnownTo(node))));
        }));

    [Fact]
    public void Nodes_that_hear_from_each_other_agree_and_each_is_Up_once() =>
        Check.QuickThrowOnFailure(Prop.ForAll(Histories(), history =>
        {
            SimulatedCluster cluster = Play(history.Where(step => step.Kind is StepKind.Join or StepKind.Deliver));
            cluster.Settle(cluster.Nodes);
            return cluster.Knowledge.All(known => known.SaysTheSameAs(cluster.Knowledge.First()))
                && cluster.Knowledge.First().Members.Values.All(member => member.Status == MemberStatus.Up)
                && cluster.Knowledge.First().Members.Values.Select(member => member.UpNumber).Order()
                    .SequenceEqual(Enumerable.Range(1, cluster.Knowledge.Count()));
        }));

    [Fact]
    public void Nobody_takes_its_own_cluster_for_another_one() =>
        Check.QuickThrowOnFailure(Prop.ForAll(Histories(), history =>
        {
            SimulatedCluster cluster = Play(history);
            UniqueAddress[] joined = [.. cluster.Nodes.Where(cluster.HasJoined)];
            return joined.All(from => joined.All(to => !cluster.StateOf(to).IsOfAnotherCluster(from, cluster.KnownTo(from))));
        }));

    [Fact]
    public void Cluster_messages_survive_their_serialisation_and_cut_ones_are_refused() =>
        Check.QuickThrowOnFailure(Prop.ForAll(Histories(), history =>
        {
            var serializer = new ClusterMessageSerializer(null!);
            return Play(history).Knowledge.All(known =>
            {
                var message = new GossipEnvelope(SimulatedCluster.Node(0), known);
                byte[] bytes = serializer.ToBinary(message);
                var back = (GossipEnvelope)serializer.FromBinary(bytes, serializer.Manifest(message));
                Assert.Throws<SerializationException>(() => serializer.FromBinary(bytes[..^1], serializer.Manifest(message)));
                Assert.Throws<SerializationException>(() => serializer.FromBinary(bytes[..(bytes.Length / 2)], serializer.Manifest(message)));
                return back.From == message.From && SimulatedCluster.Same(back.Gossip, known)
                    && back.Gossip.Members.Values.All(member => member.Roles.SetEquals(["role"]));
            });
        }));

    [Fact]
    public void Gossip_with_any_byte_changed_is_refused_or_read_but_breaks_nothing()
    {
        SimulatedCluster cluster = Grown();
        cluster.Observe(cluster.Nodes[1], cluster.Nodes[2], reachable: false);
        var serializer = new ClusterMessageSerializer(null!);
        byte[] sound = serializer.ToBinary(new GossipEnvelope(cluster.Nodes[1], cluster.KnownTo(cluster.Nodes[1])));
        for (int position = 0; position < sound.Length; position++)
        {
            foreach (byte value in new byte[] { 0, 1, 127, 128, 255 })
            {
                byte[] changed = [.. sound];
                changed[position] = value;
                Exception? failure = Record.Exception(() => serializer.FromBinary(changed, "G"));
                Assert.True(failure is null or SerializationException, $"byte {position} = {value}: {failure}");
            }
        }
    }

    [Fact]
    public void An_unreachable_member_stops_decisions_until_it_is_down_and_is_then_removed()
    {
        SimulatedCluster cluster = Grown();
        UniqueAddress dead = cluster.Nodes[4];
        UniqueAddress[] alive = [.. cluster.Nodes.Take(4)];
        cluster.Observe(cluster.Nodes[2], dead, reachable: false);
        cluster.Move(cluster.Nodes[1], cluster.Nodes[3], MemberStatus.Leaving);
        cluster.Settle(alive);
        Assert.Equal(MemberStatus.Leaving, cluster.KnownTo(cluster.Nodes[0]).Members[cluster.Nodes[3]].Status);

        cluster.Move(cluster.Nodes[0], dead, MemberStatus.Down);
        cluster.Settle(alive);
        Gossip known = cluster.KnownTo(cluster.Nodes[2]);
        Assert.Equal(MemberStatus.Exiting, known.Members[cluster.Nodes[3]].Status);
        Assert.True(known.Removed[dead].WasDown);
        Assert.DoesNotContain(dead, known.Members.Keys);
    }

    [Fact]
    public void Old_gossip_does_not_bring_a_removed_member_back()
    {
        SimulatedCluster cluster = Grown();
        Gossip old = cluster.KnownTo(cluster.Nodes[4]);
        Remove(cluster, cluster.Nodes[4]);
        Gossip now = cluster.KnownTo(cluster.Nodes[1]);
        Assert.True(now.Merge(old).SaysTheSameAs(now));
    }

    [Fact]
    public void All_nodes_forget_the_same_removed_members()
    {
        UniqueAddress self = SimulatedCluster.Node(0);
        var removals = Enumerable.Range(1, 2 * Gossip.MaximumTombstones).Select(index =>
            Gossip.Empty.Without(new Member(SimulatedCluster.Node(index), 1, MemberStatus.Down, []), now: index / 3, self)).ToList();
        Gossip forwards = removals.Aggregate((left, right) => left.Merge(right));
        Gossip backwards = Enumerable.Reverse(removals).Aggregate((left, right) => left.Merge(right));
        Assert.Equal(Gossip.MaximumTombstones, forwards.Removed.Count);
        Assert.True(forwards.SaysTheSameAs(backwards));
        Assert.Contains(SimulatedCluster.Node(2 * Gossip.MaximumTombstones), forwards.Removed.Keys);
    }

    [Fact]
    public void Each_half_of_a_split_goes_on_without_the_other()
    {
        SimulatedCluster cluster = Grown();
        UniqueAddress[] left = [cluster.Nodes[0], cluster.Nodes[3]];
        UniqueAddress[] right = [cluster.Nodes[1], cluster.Nodes[2], cluster.Nodes[4]];
        foreach (var (half, other) in new[] { (left, right), (right, left) })
        {
            foreach (UniqueAddress observer in half)
                Array.ForEach(other, node => cluster.Observe(observer, node, reachable: false));
            cluster.Settle(half);
            UniqueAddress leader = cluster.StateOf(half[1]).Leader!;
            Assert.Equal(half[0], leader);
            Array.ForEach(other, node => cluster.Move(leader, node, MemberStatus.Down));
            cluster.Settle(half);
            Assert.All(half, node => Assert.Equal(half, cluster.KnownTo(node).Members.Keys));
        }
    }

    [Fact]
    public void Events_of_one_change_come_as_members_removals_unreachable_reachable_leader_role_leaders_observations()
    {
        SimulatedCluster cluster = Grown();
        UniqueAddress watcher = cluster.Nodes[2];
        cluster.Observe(watcher, cluster.Nodes[1], reachable: false);
        MembershipState before = cluster.StateOf(watcher);

        cluster.Observe(watcher, cluster.Nodes[1], reachable: true);
        cluster.Observe(watcher, cluster.Nodes[3], reachable: false);
        cluster.Settle(cluster.Nodes);
        cluster.Move(watcher, cluster.Nodes[3], MemberStatus.Down);
        cluster.Settle(cluster.Nodes);
        cluster.Move(watcher, cluster.Nodes[4], MemberStatus.Leaving);
        cluster.Observe(watcher, cluster.Nodes[0], reachable: false);

        List<ClusterEvent.IClusterDomainEvent> events = [.. ClusterEvent.Between(before, cluster.StateOf(watcher))];
        Assert.Equal(
            [
                typeof(ClusterEvent.MemberLeft), typeof(ClusterEvent.MemberRemoved), typeof(ClusterEvent.UnreachableMember),
                typeof(ClusterEvent.ReachableMember), typeof(ClusterEvent.LeaderChanged), typeof(ClusterEvent.RoleLeaderChanged),
                typeof(ClusterEvent.ReachabilityChanged),
            ],
            events.Select(change => change.GetType()));
        Assert.Equal(MemberStatus.Down, ((ClusterEvent.MemberRemoved)events[1]).PreviousStatus);
        Assert.Equal(cluster.Nodes[1].Address, ((ClusterEvent.LeaderChanged)events[4]).Leader);
    }

    [Fact]
    public void A_status_never_goes_back()
    {
        var member = new Member(SimulatedCluster.Node(1), 3, MemberStatus.Leaving, []);
        Assert.Equal(MemberStatus.Removed, member.Copy(MemberStatus.Removed).Status);
        Assert.Throws<InvalidOperationException>(() => member.Copy(MemberStatus.Up));
        Assert.Equal(MemberStatus.Leaving, Member.Merge(member, new Member(member.UniqueAddress, 2, MemberStatus.Up, [])).Status);
    }

    private static SimulatedCluster Grown() => SimulatedCluster.Grown(Size);

    private static void Remove(SimulatedCluster cluster, UniqueAddress node)
    {
        cluster.Observe(cluster.Nodes[0], node, reachable: false);
        cluster.Move(cluster.Nodes[0], node, MemberStatus.Down);
        cluster.Settle([.. cluster.Nodes.Where(other => other != node)]);
    }

    private static SimulatedCluster Play(IEnumerable<Step> history)
    {
        var cluster = new SimulatedCluster(Size);
        foreach (Step step in history)
        {
            UniqueAddress first = cluster.Nodes[step.First];
            UniqueAddress second = cluster.Nodes[step.Second];
            switch (step.Kind)
            {
                case StepKind.Join: cluster.Join(first, second); break;
                case StepKind.Deliver: cluster.Deliver(first, second); break;
                case StepKind.Lose: cluster.Observe(first, second, reachable: false); break;
                case StepKind.Find: cluster.Observe(first, second, reachable: true); break;
                case StepKind.Leave when cluster.HasJoined(first): cluster.Move(first, second, MemberStatus.Leaving); break;
                case StepKind.Down when cluster.HasJoined(first): cluster.Move(first, second, MemberStatus.Down); break;
            }
        }
        return cluster;
    }

    private static Arbitrary<List<Step>> Histories() =>
        (from kind in Gen.Frequency(
             (3, Gen.Constant(StepKind.Join)),
             (8, Gen.Constant(StepKind.Deliver)),
             (1, Gen.Constant(StepKind.Lose)),
             (1, Gen.Constant(StepKind.Find)),
             (1, Gen.Constant(StepKind.Leave)),
             (1, Gen.Constant(StepKind.Down)))
         from first in Gen.Choose(0, Size - 1)
         from second in Gen.Choose(0, Size - 1)
         select new Step(kind, first, second)).ListOf().Select(steps => steps.ToList()).ToArbitrary();

    private enum StepKind
    {
        Join,
        Deliver,
        Lose,
        Find,
        Leave,
        Down,
    }

    private sealed record Step(StepKind Kind, int First, int Second);
}
