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
        fixture.RunAsync(modality, [NodeSetup.AllBut(NodeRoles.Data, NodeRoles.Teacher), new(NodeRoles.Data, NodeRoles.Teacher) { Proxied = true, DowningAfter = "5s" }], async cluster =>
        {
            await cluster.CheckpointAsync();
            var proxy = cluster[1].Proxy!;
            for (int cut = 0; cut < Cuts; cut++)
            {
                int made = proxy.Connections.Count;
                proxy.Cut();
                await cluster.WithinLimit(proxy.Connections.FirstAsync(_ => true, after: made));
            }
            await cluster.UntilInAsync(cluster[1]);
            Assert.DoesNotContain(cluster[1].Lines.All, line => line.Contains(PauseTests.Rejoins, StringComparison.Ordinal));
        });

    [Theory, EachModality]
    public Task A_node_that_nothing_reaches_is_done_without_and_joins_again(Modality modality) => CutOffAsync(modality,
        NodeSetup.AllBut() with { Faults = PauseTests.LongSteps }, new(NodeRoles.Evaluator), new(NodeRoles.Data, NodeRoles.Teacher));

    [Theory, EachModality]
    public Task A_student_that_nothing_reaches_joins_again_with_what_it_has_done(Modality modality) => CutOffAsync(modality,
        new(NodeRoles.Coordinator, NodeRoles.Evaluator), new(NodeRoles.Data, NodeRoles.Teacher), NodeSetup.AllBut() with { Faults = PauseTests.LongSteps });

    /// <summary>Messages from the last node arrive, those to it do not, until the others have gone on without it.</summary>
    private Task CutOffAsync(Modality modality, NodeSetup first, NodeSetup second, NodeSetup last) => fixture.RunAsync(modality, [first, second, last with { Proxied = true }], async cluster =>
    {
        await cluster.CheckpointAsync();
        cluster[2].Proxy!.Clog();
        await cluster.UntilOutAsync(cluster[2]);
        cluster[2].Proxy!.Unclog();
        await cluster.SaysAsync(cluster[2], PauseTests.Rejoins);
        await cluster.UntilInAsync(cluster[2]);
    });
}
