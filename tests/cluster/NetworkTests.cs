using ActorTrain.Actors;
using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Tests;

namespace ActorTrain.Cluster.Tests;

/// <summary>All processes live, and the network between them fails.</summary>
[Collection("cluster")]
public class NetworkTests(ClusterFixture fixture)
{
    /// <summary>The later ones meet connections that are being made again.</summary>
    private const int Cuts = 3;

    [Theory, EachModality]
    public Task Cut_connections_are_made_again_and_nobody_is_taken_out(Modality modality) =>
        fixture.RunAsync(modality, [NodeSetup.AllBut(NodeRoles.Data, NodeRoles.Teacher) with { DowningAfter = "10s" }, new(NodeRoles.Data, NodeRoles.Teacher) { Proxied = true, DowningAfter = "10s" }], async cluster =>
        {
            await cluster.CheckpointAsync();
            var proxy = cluster[1].Proxy!;
            for (int cut = 0; cut < Cuts; cut++)
            {
                int made = proxy.Connections.Count;
                // The run must not be over before the last cut.
                if (cut == Cuts - 1)
                    cluster.GoOn();
                proxy.Cut();
                await cluster.WithinLimit(proxy.Connections.FirstAsync(_ => true, after: made));
            }
            await cluster.UntilInAsync(cluster[1]);
            Assert.DoesNotContain(cluster[1].Lines.All, line => line.Contains(PauseTests.Rejoins, StringComparison.Ordinal));
        });

    [Theory, EachModality]
    public Task A_node_that_nothing_reaches_is_done_without_and_joins_again(Modality modality) => CutOffAsync(modality,
        NodeSetup.AllBut(), new(NodeRoles.Evaluator), new(NodeRoles.Data, NodeRoles.Teacher));

    [Theory, EachModality]
    public Task A_student_that_nothing_reaches_joins_again_with_what_it_has_done(Modality modality) => CutOffAsync(modality,
        new(NodeRoles.Coordinator, NodeRoles.Evaluator), new(NodeRoles.Data, NodeRoles.Teacher), NodeSetup.AllBut());

    [Fact]
    public Task Of_a_cluster_that_keeps_the_majority_a_node_that_nothing_reaches_waits_until_it_sees_the_others() => KeepMajorityAsync(cutOff: 2,
        NodeSetup.AllBut(), new(NodeRoles.Data), NodeSetup.AllBut());

    [Fact]
    public Task The_majority_goes_on_without_the_node_that_the_others_began_with() => KeepMajorityAsync(cutOff: 0,
        NodeSetup.AllBut(), new(NodeRoles.Data), NodeSetup.AllBut());

    [Fact]
    public Task Where_no_majority_was_left_one_begins_anew_without_the_node_that_all_began_with() => fixture.RunAsync(Modality.Images,
        [.. new[] { NodeSetup.AllBut(), NodeSetup.AllBut(), new(NodeRoles.Data) }.Select(node => node with { Proxied = true, KeepMajority = true })],
        async cluster =>
        {
            await cluster.CheckpointAsync();
            ClusterNode[] nodes = [cluster[0], cluster[1], cluster[2]];
            foreach (var node in nodes)
                node.Proxy!.Clog();
            cluster.GoOn();
            foreach (var node in nodes)
                await cluster.SaysAsync(node, "waits until it reaches the majority of the 3 nodes");
            cluster[1].Proxy!.Unclog();
            cluster[2].Proxy!.Unclog();
            await cluster.HappensAsync(happened => happened is StageFinished { Index: 1 });
            cluster[0].Proxy!.Unclog();
            await cluster.UntilInAsync(cluster[0]);
        });

    /// <summary>The last node hears nothing from the first one, both speak with the second one.</summary>
    [Theory]
    [InlineData(Modality.Text, false)]
    [InlineData(Modality.Images, true)]
    public Task Of_two_nodes_with_a_bad_way_between_them_one_waits_until_it_is_mended(Modality modality, bool keepMajority) => fixture.RunAsync(modality,
        [NodeSetup.AllBut() with { KeepMajority = keepMajority }, new(NodeRoles.Data) { KeepMajority = keepMajority },
            NodeSetup.AllBut() with { Proxied = true, KeepMajority = keepMajority }], async cluster =>
        {
            await cluster.CheckpointAsync();
            cluster[2].Proxy!.Clog($"akka.tcp://actortrain@{cluster[0].Address}");
            await cluster.UntilOutAsync(cluster[2]);
            cluster.GoOn();
            await cluster.SaysAsync(cluster[2], $"waits until it reaches {cluster[0].Address}, which belongs to the cluster");
            await cluster.HappensAsync(happened => happened is StageFinished { Index: 1 });
            cluster[2].Proxy!.Unclog();
            await cluster.UntilInAsync(cluster[2]);
        });

    /// <summary>Messages from one of three nodes arrive, those to it do not, until the others have gone on without it.</summary>
    private Task KeepMajorityAsync(int cutOff, params NodeSetup[] nodes) =>
        fixture.RunAsync(Modality.Images, [.. nodes.Select((node, number) => node with { Proxied = number == cutOff, KeepMajority = true })], async cluster =>
        {
            await cluster.CheckpointAsync();
            cluster[cutOff].Proxy!.Clog();
            await cluster.UntilOutAsync(cluster[cutOff]);
            cluster.GoOn();
            await cluster.SaysAsync(cluster[cutOff], "waits until it reaches the majority of the 3 nodes");
            cluster[cutOff].Proxy!.Unclog();
            await cluster.UntilInAsync(cluster[cutOff]);
        });

    /// <summary>Messages from the last node arrive, those to it do not, until the others have gone on without it.</summary>
    private Task CutOffAsync(Modality modality, NodeSetup first, NodeSetup second, NodeSetup last) => fixture.RunAsync(modality, [first, second, last with { Proxied = true }], async cluster =>
    {
        await cluster.CheckpointAsync();
        cluster[2].Proxy!.Clog();
        await cluster.UntilOutAsync(cluster[2]);
        cluster.GoOn();
        cluster[2].Proxy!.Unclog();
        await cluster.SaysAsync(cluster[2], PauseTests.Rejoins);
        await cluster.UntilInAsync(cluster[2]);
    });
}
