using Akka.Actor;
using Akka.Cluster;
using Akka.Configuration;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class ClusterTests : ClusterTest
{
    [Fact]
    public async Task Nodes_join_with_their_roles_and_the_first_by_address_leads()
    {
        var nodes = await StartCluster(Roles("data", "teacher"), Roles("student"), "");
        foreach (var node in nodes)
        {
            var state = node.Cluster.State;
            Assert.Equal(nodes.Select(other => other.Address).ToHashSet(), state.Members.Select(member => member.Address).ToHashSet());
            Assert.Equal(nodes.MinBy(other => other.Address.Port)!.Address, state.Leader);
            Assert.Equal(nodes[1].Address, state.RoleLeader("student"));
            Assert.Equal(["data", "teacher"], state.Members.First(member => member.Address == nodes[0].Address).Roles.Order());
            Assert.True(node.Cluster.IsUp);
        }
    }

    [Fact]
    public async Task The_first_seed_node_starts_a_cluster_when_no_other_answers_and_the_others_find_it()
    {
        var proxy = NewProxy();
        var other = NewProxy();
        var seedNodes = $"akka.cluster.seed-nodes = [\"akka.tcp://cluster@127.0.0.1:{proxy.Port}\", \"akka.tcp://cluster@127.0.0.1:{other.Port}\"]\n";
        var first = Start(seedNodes, proxy);
        Assert.Equal(first.Address, (await Follow<ClusterEvent.MemberUp>(first).Next<ClusterEvent.MemberUp>()).Member.Address);
        var second = Start(seedNodes, other);
        await Follow<ClusterEvent.MemberUp>(second).Next(2);
        Assert.Equal(2, second.Cluster.State.Members.Count);
    }

    [Fact]
    public async Task Who_leaves_goes_through_every_status_and_ends()
    {
        var nodes = await StartCluster("", "", "");
        var events = Follow<ClusterEvent.IMemberEvent>(nodes[0]);
        await events.Next(3);
        var removed = Removed(nodes[2]);
        await nodes[2].Cluster.LeaveAsync().WaitAsync(Limit);
        await removed;
        await nodes[2].System.WhenTerminated.WaitAsync(Limit);
        Assert.Equal(nodes[2].Address, (await events.Next<ClusterEvent.MemberLeft>()).Member.Address);
        Assert.Equal(nodes[2].Address, (await events.Next<ClusterEvent.MemberExited>()).Member.Address);
        var last = await events.Next<ClusterEvent.MemberRemoved>();
        Assert.Equal((nodes[2].Address, MemberStatus.Exiting), (last.Member.Address, last.PreviousStatus));
    }

    [Fact]
    public async Task The_last_node_can_leave()
    {
        var nodes = await StartCluster("");
        await nodes[0].Cluster.LeaveAsync().WaitAsync(Limit);
        Assert.True(nodes[0].Cluster.IsTerminated);
        await nodes[0].System.WhenTerminated.WaitAsync(Limit);
    }

    [Fact]
    public async Task All_nodes_can_leave_at_the_same_time()
    {
        var nodes = await StartCluster("", "", "", "");
        await Task.WhenAll(nodes.Select(node => node.Cluster.LeaveAsync())).WaitAsync(Limit);
        await Task.WhenAll(nodes.Select(node => node.System.WhenTerminated)).WaitAsync(Limit);
    }

    [Fact]
    public async Task Clusters_that_started_without_each_other_become_one()
    {
        TcpProxy[] proxies = [NewProxy(), NewProxy()];
        var places = proxies.Select(proxy => $"\"akka.tcp://cluster@127.0.0.1:{proxy.Port}\"").ToArray();
        var first = Start($"akka.cluster.seed-nodes = [{places[0]}]\n", proxies[0]);
        await Follow<ClusterEvent.MemberUp>(first).Next();
        Isolate([first], true);
        var second = Start($"akka.cluster.seed-nodes = [{places[1]}, {places[0]}]\n", proxies[1]);
        await Follow<ClusterEvent.MemberUp>(second).Next();
        Assert.Single(second.Cluster.State.Members);
        Isolate([first], false);
        var (stays, goes) = first.Address.Port < second.Address.Port ? (first, second) : (second, first);
        await Removed(goes);
        await goes.System.WhenTerminated.WaitAsync(Limit);
        Assert.False(stays.Cluster.IsTerminated);
        await Join(Start(""), stays);
    }

    [Theory]
    [InlineData(1, 2, 1)]
    [InlineData(2, 1, 1)]
    [InlineData(3, 1, 2)]
    public async Task Of_two_clusters_that_count_the_same_node_the_smaller_one_gives_way(int size, int otherSize, int shared)
    {
        var own = await StartCluster([.. Enumerable.Repeat(AutoDown, size)]);
        var other = await StartCluster([.. Enumerable.Repeat(AutoDown, otherSize)]);
        var (stays, goes) = size > otherSize ? (own[0], other[0]) : (other[0], own[0]);
        var ended = Removed(goes);
        var removed = Follow<ClusterEvent.MemberRemoved>(stays);
        // They had given up waiting for that cluster when it let them in.
        foreach (var node in own.Take(shared))
            Daemon(other[0]).Tell(new Join(node.Cluster.SelfUniqueAddress, []));
        await ended;
        if (stays == other[0])
            Assert.Equal(goes.Address, (await removed.Next<ClusterEvent.MemberRemoved>()).Member.Address);
        await Join(Start(""), stays);
        Assert.False(stays.Cluster.IsTerminated);
    }

    [Fact]
    public async Task Who_was_let_in_by_a_removed_node_gets_in_by_the_others()
    {
        var nodes = await StartCluster(AutoDown, AutoDown, AutoDown);
        var members = nodes[0].Cluster.State.Members;
        var removed = nodes.Take(2).Select(node => Follow<ClusterEvent.MemberRemoved>(node).Next()).ToArray();
        Kill(nodes[2]);
        await Task.WhenAll(removed);

        var joining = Start(AutoDown);
        var up = Follow<ClusterEvent.MemberUp>(joining);
        var self = joining.Cluster.SelfUniqueAddress;
        joining.Cluster.Join(nodes[2].Address);
        Daemon(joining).Tell(new Welcome(nodes[2].Cluster.SelfUniqueAddress, members.Append(new Member(self, int.MaxValue, MemberStatus.Joining, []))
            .Aggregate(Gossip.Empty, (gossip, member) => gossip.With(member, nodes[2].Cluster.SelfUniqueAddress))));
        Assert.Contains(joining.Address, (await up.Next(4)).Cast<ClusterEvent.MemberUp>().Select(change => change.Member.Address));
    }

    [Fact]
    public async Task A_killed_node_is_unreachable_long_before_its_silence_could_tell()
    {
        var nodes = await StartCluster(NeverSilent, NeverSilent, NeverSilent);
        var unreachable = Follow<ClusterEvent.UnreachableMember>(nodes[0]);
        Kill(nodes[2]);
        Assert.Equal(nodes[2].Address, (await unreachable.Next<ClusterEvent.UnreachableMember>()).Member.Address);
    }

    [Fact]
    public async Task A_lost_connection_to_a_live_node_has_no_effect()
    {
        var nodes = await StartCluster(NeverSilent, NeverSilent, NeverSilent);
        var events = Follow<ClusterEvent.IReachabilityEvent>(nodes[0]);
        nodes[1].Proxy.Cut(refuse: false);
        Kill(nodes[2]);
        Assert.Equal(nodes[2].Address, (await events.Next<ClusterEvent.UnreachableMember>()).Member.Address);
        Assert.Empty(await events.Flush());
    }

    [Fact]
    public async Task A_silent_node_is_unreachable_and_comes_back()
    {
        var nodes = await StartCluster(NoDowning + Impatient, NoDowning + Impatient);
        var events = Follow<ClusterEvent.IReachabilityEvent>(nodes[0]);
        Isolate(nodes, true);
        Assert.Equal(nodes[1].Address, (await events.Next<ClusterEvent.UnreachableMember>()).Member.Address);
        Isolate(nodes, false);
        Assert.Equal(nodes[1].Address, (await events.Next<ClusterEvent.ReachableMember>()).Member.Address);
    }

    [Fact]
    public async Task A_new_process_takes_the_place_of_a_dead_one_at_once()
    {
        var settings = NoDowning + NeverSilent;
        int free;
        using (var proxy = new TcpProxy())
            free = proxy.Port;
        var place = settings + $"akka.remote.dot-netty.tcp {{ port = {free}, public-port = {free} }}\n";
        var nodes = await StartCluster(settings, settings, place);
        var removed = Follow<ClusterEvent.MemberRemoved>(nodes[0]);
        await nodes[2].System.Terminate().WaitAsync(Limit);
        var heir = Start(place);
        await Join(heir, nodes[1]);
        Assert.Equal(nodes[2].Cluster.SelfUniqueAddress, (await removed.Next<ClusterEvent.MemberRemoved>()).Member.UniqueAddress);
        Assert.Contains(heir.Cluster.SelfUniqueAddress, heir.Cluster.State.Members.Select(member => member.UniqueAddress));
        Assert.Equal(3, heir.Cluster.State.Members.Count);
    }

    [Fact]
    public async Task Watchers_learn_of_the_death_of_a_removed_node()
    {
        var nodes = await StartCluster(NeverSilent + AutoDown, NeverSilent + AutoDown);
        MakeEcho(nodes[1].System);
        var probe = new ActorTest.Probe(nodes[0].System);
        await probe.Watch(await Find(nodes[0].System, nodes[1].System, "/user/echo"));
        // Nothing that it still says while it ends is heard.
        nodes[0].Proxy.Cut(refuse: true);
        Kill(nodes[1]);
        var terminated = await probe.Next<Terminated>();
        Assert.Equal((true, true), (terminated.AddressTerminated, terminated.ExistenceConfirmed));
    }

    [Fact]
    public void Wrong_settings_are_named()
    {
        var provider = Assert.Throws<ConfigurationException>(() => Settings("akka.cluster.downing-provider-class = \"No.Such, Assembly\""));
        Assert.Contains("No.Such", provider.Message, StringComparison.Ordinal);
        var seed = Assert.Throws<ConfigurationException>(() => Settings("akka.cluster.seed-nodes = [\"localhost:1\"]"));
        Assert.Contains("localhost:1", seed.Message, StringComparison.Ordinal);
        Assert.Throws<ConfigurationException>(() => Cluster.Get(Begin("alone")));
    }

    private static ActorSelection Daemon(Node node) => node.System.ActorSelection("/system/cluster");

    private static ClusterSettings Settings(string settings) =>
        new(ConfigurationFactory.ParseString(settings).WithFallback(ConfigurationFactory.Default()), "cluster");
}
