using Akka.Cluster;
using Akka.Cluster.SBR;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class DowningTests : ClusterTest
{
    /// <summary>Broken are the ways between the nodes of each pair; both of them see that, and tell whoever they reach.</summary>
    [Theory]
    [InlineData(5, "0-3 0-4 1-3 1-4 2-3 2-4", new[] { 3, 4 })]
    [InlineData(5, "0-3 1-3 2-3 0-4 1-4 2-4 3-4", new[] { 3, 4 })]
    [InlineData(4, "0-2 0-3 1-2 1-3", new[] { 2, 3 })]
    [InlineData(3, "0-1 0-2", new[] { 0 })]
    [InlineData(3, "0-1 0-2 1-2", new[] { 0, 1, 2 })]
    [InlineData(2, "0-1", new[] { 1 })]
    [InlineData(3, "0-2", new[] { 2 })]
    [InlineData(3, "0-1", new[] { 1 })]
    [InlineData(4, "1-3 2-3", new[] { 3 })]
    [InlineData(4, "0-1 0-2 3-1", new[] { 1, 2 })]
    [InlineData(5, "0-1 0-2 1-2 0-4 1-4 2-4 3-4", new[] { 1, 2, 4 })]
    public void All_sides_of_a_split_decide_the_same(int size, string broken, int[] losers)
    {
        var cluster = Broken(size, broken);
        Assert.Equal(losers.Select(loser => cluster.Nodes[loser]), DownedByMajority(cluster));
    }

    [Theory]
    [InlineData(4, "0-2 0-3 1-2 1-3", "01 01 23 23")]
    [InlineData(3, "0-1 0-2", "0 12 12")]
    [InlineData(3, "0-2", "01 01 01")]
    [InlineData(4, "1-3 2-3", "012 012 012 012")]
    [InlineData(5, "0-1 0-2 0-3 0-4 1-2", "0 134 134 134 134")]
    public void Without_a_majority_every_side_goes_on_with_those_who_all_reach_each_other(int size, string broken, string goOn)
    {
        var cluster = Broken(size, broken);
        Assert.Equal(goOn, string.Join(' ', cluster.Nodes.Select(node =>
            string.Concat(new Split(cluster.StateOf(node)).Core.Select(member => cluster.Nodes.ToList().IndexOf(member.UniqueAddress))))));
    }

    [Fact]
    public void What_a_node_says_of_others_before_it_is_cut_off_costs_nobody_his_place()
    {
        var cluster = SimulatedCluster.Grown(3);
        cluster.Observe(cluster.Nodes[2], cluster.Nodes[0], reachable: false);
        cluster.Deliver(cluster.Nodes[2], cluster.Nodes[1]);
        foreach (int other in new[] { 0, 1 })
        {
            cluster.Observe(cluster.Nodes[other], cluster.Nodes[2], reachable: false);
            cluster.Observe(cluster.Nodes[2], cluster.Nodes[other], reachable: false);
        }
        cluster.Settle([cluster.Nodes[0], cluster.Nodes[1]]);
        foreach (var node in cluster.Nodes)
            Assert.Equal([cluster.Nodes[2]], SplitBrainResolver.Losers(new Split(cluster.StateOf(node)), keepMajority: true, role: "").Select(member => member.UniqueAddress));
    }

    [Fact]
    public void Who_is_dead_costs_nobody_his_place_whoever_has_noticed()
    {
        var cluster = SimulatedCluster.Grown(3);
        cluster.Observe(cluster.Nodes[2], cluster.Nodes[0], reachable: false);
        cluster.Settle([cluster.Nodes[1], cluster.Nodes[2]]);
        Assert.Equal([cluster.Nodes[1], cluster.Nodes[2]], new Split(cluster.StateOf(cluster.Nodes[1])).Core.Select(member => member.UniqueAddress));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Whom_one_node_misses_is_downed_by_nobody_but_the_others_wherever_both_stand(int size)
    {
        foreach (var (missing, missed) in from left in Enumerable.Range(0, size) from right in Enumerable.Range(0, size) where left != right select (left, right))
        {
            var cluster = SimulatedCluster.Grown(size);
            cluster.Observe(cluster.Nodes[missing], cluster.Nodes[missed], reachable: false);
            cluster.Settle(cluster.Nodes);
            Assert.Equal([cluster.Nodes[missed]], DownedWithoutMajority(cluster));
            // Of two nodes the first one goes on.
            Assert.Equal([cluster.Nodes[size == 2 ? 1 : missed]], DownedByMajority(cluster));
        }
    }

    [Fact]
    public void What_a_dead_node_that_was_leaving_observed_blocks_nobody_for_good()
    {
        var cluster = SimulatedCluster.Grown(4);
        var (leaving, paused) = (cluster.Nodes[0], cluster.Nodes[3]);
        UniqueAddress[] alive = [.. cluster.Nodes.Skip(1)];
        cluster.Move(leaving, leaving, MemberStatus.Leaving);
        cluster.Settle(cluster.Nodes);
        cluster.Observe(leaving, paused, reachable: false);
        cluster.Settle(cluster.Nodes);
        foreach (var node in alive)
            cluster.Observe(node, leaving, reachable: false);
        cluster.Settle(alive);
        Assert.Equal(MemberStatus.Exiting, cluster.KnownTo(cluster.Nodes[1]).Members[leaving].Status);
        Assert.Equal([leaving], DownedWithoutMajority(cluster, alive));
        cluster.Move(cluster.Nodes[1], leaving, MemberStatus.Down);
        cluster.Settle(alive);
        Assert.All(alive, node => Assert.Equal(alive, cluster.KnownTo(node).Members.Keys));
    }

    [Fact]
    public async Task With_two_of_four_nodes_dead_the_rest_goes_on()
    {
        var settings = NeverSilent + AutoDown;
        var nodes = await StartCluster(settings, settings, settings, settings);
        var removed = Follow<ClusterEvent.MemberRemoved>(nodes[1]);
        Kill(nodes[0]);
        Kill(nodes[2]);
        var dead = (await removed.Next(2)).Cast<ClusterEvent.MemberRemoved>().ToList();
        Assert.Equal(new[] { nodes[0].Address, nodes[2].Address }.ToHashSet(), dead.Select(removal => removal.Member.Address).ToHashSet());
        Assert.All(dead, removal => Assert.Equal(MemberStatus.Down, removal.PreviousStatus));
        await Join(Start(settings), nodes[3]);
    }

    [Fact]
    public async Task With_one_of_two_nodes_dead_the_other_goes_on()
    {
        var nodes = await StartCluster(NeverSilent + AutoDown, NeverSilent + AutoDown);
        var removed = Follow<ClusterEvent.MemberRemoved>(nodes[1]);
        Kill(nodes[0]);
        Assert.Equal(nodes[0].Address, (await removed.Next<ClusterEvent.MemberRemoved>()).Member.Address);
        Assert.Equal(nodes[1].Address, nodes[1].Cluster.State.Leader);
    }

    [Fact]
    public async Task A_majority_goes_on_without_the_rest()
    {
        const string Settings = NeverSilent + "akka.cluster.split-brain-resolver.stable-after = 300ms\n";
        var nodes = await StartCluster(Settings, Settings, Settings);
        var removed = Follow<ClusterEvent.MemberRemoved>(nodes[2]);
        Kill(nodes[1]);
        Assert.Equal(nodes[1].Address, (await removed.Next<ClusterEvent.MemberRemoved>()).Member.Address);
        Assert.Equal(2, nodes[2].Cluster.State.Members.Count);
    }

    [Fact]
    public async Task A_downed_node_learns_it_and_ends()
    {
        var nodes = await StartCluster("", "");
        var removed = Follow<ClusterEvent.MemberRemoved>(nodes[0]);
        var learnt = Removed(nodes[1]);
        nodes[0].Cluster.Down(nodes[1].Address);
        await learnt;
        await nodes[1].System.WhenTerminated.WaitAsync(Limit);
        var removal = await removed.Next<ClusterEvent.MemberRemoved>();
        Assert.Equal((nodes[1].Address, MemberStatus.Down), (removal.Member.Address, removal.PreviousStatus));
    }

    [Fact]
    public async Task A_node_that_was_away_while_it_was_removed_learns_it_when_it_is_back()
    {
        var nodes = await StartCluster(Impatient + AutoDown, NeverSilent + NoDowning);
        var removed = Follow<ClusterEvent.MemberRemoved>(nodes[0]);
        var learnt = Removed(nodes[1]);
        Isolate(nodes, true);
        await removed.Next<ClusterEvent.MemberRemoved>();
        Assert.False(learnt.IsCompleted);
        Isolate(nodes, false);
        await learnt;
        Assert.False(nodes[0].Cluster.IsTerminated);
        var heir = Start(NeverSilent);
        await Join(heir, nodes[0]);
    }

    [Fact]
    public async Task Of_two_halves_that_removed_each_other_one_gives_way_when_they_meet_again()
    {
        var settings = Impatient + AutoDown;
        var nodes = (await StartCluster(settings, settings)).OrderBy(node => node.Address.Port).ToArray();
        var removed = nodes.Select(Follow<ClusterEvent.MemberRemoved>).ToArray();
        var gaveWay = nodes.Select(Removed).ToArray();
        Isolate(nodes, true);
        Assert.Equal(nodes[1].Address, (await removed[0].Next<ClusterEvent.MemberRemoved>()).Member.Address);
        Assert.Equal(nodes[0].Address, (await removed[1].Next<ClusterEvent.MemberRemoved>()).Member.Address);
        Isolate(nodes, false);
        await gaveWay[1];
        Assert.False(nodes[0].Cluster.IsTerminated);
        Assert.False(gaveWay[0].IsCompleted);
    }

    private static IEnumerable<UniqueAddress> DownedWithoutMajority(SimulatedCluster cluster, params UniqueAddress[] asked) => Downed(
        from node in asked.Length == 0 ? cluster.Nodes : asked
        let split = new Split(cluster.StateOf(node))
        where Split.SpeakerOf(split.Core) == node
        select split.Lost);

    private static IEnumerable<UniqueAddress> DownedByMajority(SimulatedCluster cluster) => Downed(
        from node in cluster.Nodes
        select SplitBrainResolver.Losers(new Split(cluster.StateOf(node)), keepMajority: true, role: ""));

    private static IEnumerable<UniqueAddress> Downed(IEnumerable<IReadOnlyList<Member>> members) =>
        members.SelectMany(downed => downed).Select(member => member.UniqueAddress).Distinct().Order();

    /// <summary>A cluster in which every node has noticed whom it does not reach, and all have heard what they can.</summary>
    private static SimulatedCluster Broken(int size, string broken)
    {
        var cluster = SimulatedCluster.Grown(size);
        var pairs = broken.Split(' ').Select(pair => (Left: pair[0] - '0', Right: pair[2] - '0')).ToHashSet();
        foreach (var (left, right) in pairs)
        {
            cluster.Observe(cluster.Nodes[left], cluster.Nodes[right], reachable: false);
            cluster.Observe(cluster.Nodes[right], cluster.Nodes[left], reachable: false);
        }
        cluster.Settle(cluster.Nodes, (from, to) => !pairs.Contains((from, to)) && !pairs.Contains((to, from)));
        return cluster;
    }
}
