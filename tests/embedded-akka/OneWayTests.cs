using Akka.Cluster;

namespace ActorTrain.Embedded.Akka.Tests;

/// <summary>Ways between nodes that are blocked in one direction only. Nodes have numbers in the order of their addresses; "01" blocks what node 0 sends to node 1.</summary>
public sealed class OneWayTests : ClusterTest
{
    private const string ThreeSeconds = "akka.cluster.failure-detector.acceptable-heartbeat-pause = 3s\n";
    private const string KeepMajority = ThreeSeconds + "akka.cluster.split-brain-resolver.stable-after = 3s\n";

    private static readonly string Timeout = ThreeSeconds + DownAfter("3s");

    [Theory]
    [InlineData(2, "01", "0")]
    [InlineData(2, "10", "0")]
    [InlineData(3, "01 02", "12")]
    [InlineData(3, "10 20", "12")]
    [InlineData(3, "02 12", "01")]
    [InlineData(3, "20 21", "01")]
    [InlineData(3, "02", "01")]
    [InlineData(3, "20", "01")]
    [InlineData(3, "10", "02")]
    [InlineData(4, "02 03 12 13", "01")]
    [InlineData(4, "20 30 21 31", "01")]
    [InlineData(4, "13", "012")]
    [InlineData(4, "31", "012")]
    public async Task The_majority_goes_on_and_the_others_end(int size, string blocked, string goOn)
    {
        var (nodes, ended) = await StartBlocked(KeepMajority, size, blocked);
        var (stay, go) = Divide(nodes, goOn);
        await Task.WhenAll(go.Select(node => ended[node])).WaitAsync(Limit);
        await Task.WhenAll(stay.Select(node => KnowsOnly(node, stay)));
        Assert.DoesNotContain(stay, node => ended[node].IsCompleted);
        foreach (var node in nodes)
            node.Proxy.Unblock();
        foreach (var node in go)
        {
            var heir = Start(KeepMajority, NewProxy());
            await Join(heir, stay[0]);
        }
    }

    [Theory]
    [InlineData(2, "01", "0", "1")]
    [InlineData(2, "10", "0", "1")]
    [InlineData(3, "02 12", "01", "2")]
    [InlineData(3, "20 21", "01", "2")]
    [InlineData(4, "02 03 12 13", "01", "23")]
    public async Task Without_a_majority_both_sides_go_on_until_they_meet_again(int size, string blocked, string left, string right)
    {
        var (nodes, ended) = await StartBlocked(Timeout, size, blocked);
        var (stay, go) = Divide(nodes, left);
        Assert.Equal(right.Length, go.Length);
        await Task.WhenAll(stay.Select(node => KnowsOnly(node, stay)).Concat(go.Select(node => KnowsOnly(node, go))));
        Assert.DoesNotContain(ended.Values, end => end.IsCompleted);
        foreach (var node in nodes)
            node.Proxy.Unblock();
        await Task.WhenAll(go.Select(node => ended[node])).WaitAsync(Limit);
        Assert.DoesNotContain(stay, node => ended[node].IsCompleted);
    }

    [Theory]
    [InlineData(3, "02", "01")]
    [InlineData(3, "20", "01")]
    [InlineData(4, "31", "012")]
    public async Task Of_nodes_that_are_connected_through_others_only_as_few_as_possible_end(int size, string blocked, string goOn)
    {
        var (nodes, ended) = await StartBlocked(Timeout, size, blocked);
        var (stay, go) = Divide(nodes, goOn);
        await Task.WhenAll(go.Select(node => ended[node])).WaitAsync(Limit);
        await Task.WhenAll(stay.Select(node => KnowsOnly(node, stay)));
        Assert.DoesNotContain(stay, node => ended[node].IsCompleted);
    }

    /// <returns>The nodes by their addresses, and what tells their ends.</returns>
    private async Task<(Node[] Nodes, Dictionary<Node, Task> Ended)> StartBlocked(string settings, int size, string blocked)
    {
        Node[] nodes = [.. (await StartCluster([.. Enumerable.Repeat(settings, size)])).OrderBy(node => node.Address.Port)];
        var ended = nodes.ToDictionary(node => node, End);
        foreach (string way in blocked.Split(' '))
            Block(nodes[way[0] - '0'], nodes[way[1] - '0']);
        return (nodes, ended);
    }

    private static Task End(Node node)
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Cluster.RegisterOnMemberRemoved(end.SetResult);
        return end.Task;
    }

    private static (Node[] Stay, Node[] Go) Divide(Node[] nodes, string stay) =>
        ([.. nodes.Where((_, number) => stay.Contains((char)('0' + number)))], [.. nodes.Where((_, number) => !stay.Contains((char)('0' + number)))]);

    /// <summary>Waits until a node has removed all but these.</summary>
    private static async Task KnowsOnly(Node node, Node[] members)
    {
        var changes = Follow<ClusterEvent.IClusterDomainEvent>(node);
        while (!node.Cluster.State.Members.Select(member => member.Address).ToHashSet().SetEquals(members.Select(member => member.Address)))
            await changes.Next();
    }
}
