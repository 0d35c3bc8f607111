using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Tests;

namespace ActorTrain.Cluster.Tests;

/// <summary>Processes stand still for longer than the others wait for them, and go on where they were.</summary>
[Collection("cluster")]
public class PauseTests(ClusterFixture fixture)
{
    internal const string Rejoins = "it joins again";

    [Theory]
    [EachModality(NodeRoles.Data)]
    [EachModality(NodeRoles.Teacher)]
    [EachModality(NodeRoles.Evaluator)]
    public Task A_node_that_stood_still_and_was_not_missed_joins_again(Modality modality, string role) =>
        fixture.RunAsync(modality, [NodeSetup.AllBut(), new(role)], async cluster =>
        {
            await cluster.CheckpointAsync();
            await PauseAsync(cluster, cluster[1]);
        });

    [Theory, EachModality]
    public Task A_student_that_stood_still_goes_on_after_its_checkpoint(Modality modality) =>
        fixture.RunAsync(modality, [NodeSetup.AllBut(NodeRoles.Student), new(NodeRoles.Student)], async cluster =>
        {
            await cluster.CheckpointAsync();
            await PauseAsync(cluster, cluster[1]);
        });

    [Theory, EachModality]
    public Task A_coordinator_that_was_replaced_while_it_stood_still_decides_nothing(Modality modality) =>
        fixture.RunAsync(modality, [NodeSetup.AllBut(NodeRoles.Coordinator), new(NodeRoles.Coordinator), new(NodeRoles.Coordinator)], async cluster =>
        {
            await cluster.CheckpointAsync();
            var before = await cluster.StatusAsync();
            await PauseAsync(cluster, cluster.At(before.Coordinator));
            Assert.True((await cluster.StatusAsync()).Epoch > before.Epoch);
        });

    [Theory, EachModality]
    public Task A_student_that_was_replaced_while_it_stood_still_commits_nothing(Modality modality) =>
        fixture.RunAsync(modality, [NodeSetup.AllBut(NodeRoles.Student), new(NodeRoles.Student), new(NodeRoles.Student)], async cluster =>
        {
            await cluster.CountedCheckpointAsync();
            var student = await cluster.StudentAsync();
            var other = student == cluster[1] ? cluster[2] : cluster[1];
            student.Send(Signal.Stop);
            await cluster.SaysAsync(other, $"{ClusterFixture.Stage}: goes on after step");
            cluster.GoOn();
            student.Send(Signal.Continue);
            await cluster.SaysAsync(student, Rejoins);
        });

    [Fact]
    public Task A_node_that_is_taken_out_by_hand_joins_again() =>
        fixture.RunAsync(Modality.Images, [NodeSetup.AllBut() with { DowningAfter = "60s" }, new(NodeRoles.Data) { DowningAfter = "60s" }], async cluster =>
        {
            await cluster.CheckpointAsync();
            cluster[1].Send(Signal.Stop);
            await cluster.CommandAsync("down", cluster[1].Address);
            await cluster.UntilOutAsync(cluster[1]);
            cluster.GoOn();
            cluster[1].Send(Signal.Continue);
            await cluster.SaysAsync(cluster[1], Rejoins);
        });

    /// <summary>SIGSTOP until the cluster has gone on without the node, then SIGCONT until it is a member again.</summary>
    private static async Task PauseAsync(TestCluster cluster, ClusterNode node)
    {
        node.Send(Signal.Stop);
        await cluster.UntilOutAsync(node);
        cluster.GoOn();
        node.Send(Signal.Continue);
        await cluster.SaysAsync(node, Rejoins);
        await cluster.UntilInAsync(node);
    }
}
