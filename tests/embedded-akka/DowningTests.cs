using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.SBR;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class DowningTests : ClusterTest
{
    [Theory]
    [InlineData("keep-majority", 5, new[] { 3, 4 }, new[] { 3, 4 })]
    [InlineData("keep-majority", 5, new[] { 0, 1, 2 }, new[] { 3, 4 })]
    [InlineData("keep-majority", 4, new[] { 2, 3 }, new[] { 2, 3 })]
    [InlineData("keep-majority", 4, new[] { 0, 1 }, new[] { 2, 3 })]
    [InlineData("keep-majority", 2, new[] { 0 }, new[] { 1 })]
    [InlineData("down-all", 3, new[] { 2 }, new[] { 0, 1, 2 })]
    public void A_split_is_decided_the_same_on_both_sides(string strategy, int size, int[] unreachable, int[] losers)
    {
        Member[] members = [.. Enumerable.Range(0, size).Select(index => new Member(SimulatedCluster.Node(index), index, MemberStatus.Up, []))];
        foreach (var lost in new[] { unreachable, [.. Enumerable.Range(0, size).Except(unreachable)] })
        {
            var state = new ClusterEvent.CurrentClusterState(
                [.. members], [.. lost.Select(index => members[index])], [], members[0].Address, ImmutableDictionary<string, Address>.Empty);
            Assert.Equal(
                losers.Select(index => members[index]),
                SplitBrainResolver.Losers(state, strategy == "keep-majority", role: "").Order());
        }
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
        const string Impatient = "akka.cluster.failure-detector.acceptable-heartbeat-pause = 300ms\n";
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
        var settings = "akka.cluster.failure-detector.acceptable-heartbeat-pause = 300ms\n" + AutoDown;
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
}
