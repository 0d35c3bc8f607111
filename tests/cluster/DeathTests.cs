using ActorTrain.Actors;
using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Tests;

namespace ActorTrain.Cluster.Tests;

/// <summary>Processes end with kill -9.</summary>
[Collection("deaths")]
public class DeathTests(ClusterFixture fixture)
{
    private static readonly IReadOnlyList<NodeSetup> FourNodes =
    [
        new(NodeRoles.Coordinator, NodeRoles.Student),
        new(NodeRoles.Coordinator, NodeRoles.Data, NodeRoles.Teacher),
        new(NodeRoles.Data, NodeRoles.Teacher, NodeRoles.Evaluator),
        new(NodeRoles.Student, NodeRoles.Data, NodeRoles.Teacher),
    ];

    private static readonly IReadOnlyList<NodeSetup> CoordinatorsBesideTheRest =
        [NodeSetup.AllBut(NodeRoles.Coordinator), new(NodeRoles.Coordinator), new(NodeRoles.Coordinator)];

    [Theory]
    [EachModality(NodeRoles.Data)]
    [EachModality(NodeRoles.Teacher)]
    public Task The_student_does_not_notice_that_a_node_of_several_dies(Modality modality, string role) =>
        fixture.RunAsync(modality, [NodeSetup.AllBut(role) with { Faults = "student-steps=200ms" }, new(role), new(role)], async cluster =>
        {
            await cluster.CheckpointAsync();
            await cluster.KillAsync(cluster[1]);
            await cluster.HappensAsync(happened => happened is StageFinished { Index: 1 });
            Assert.InRange(cluster.LongestWait(after: ClusterFixture.CheckpointEvery), 0, ClusterFixture.Window);
        });

    [Theory]
    [EachModality(NodeRoles.Data)]
    [EachModality(NodeRoles.Teacher)]
    public Task Without_the_last_node_of_a_role_the_run_waits_and_says_for_what(Modality modality, string role) =>
        fixture.RunAsync(modality, [NodeSetup.AllBut(role), new(role)], async cluster =>
        {
            await cluster.CheckpointAsync();
            await cluster.KillAsync(cluster[1]);
            await cluster.WaitsForAsync(role);
            await cluster.JoinAsync(new(role));
        });

    [Theory, EachModality]
    public Task A_teacher_that_is_started_again_goes_on_with_its_cache(Modality modality) =>
        fixture.RunCachedAsync(modality, [NodeSetup.AllBut(NodeRoles.Teacher), new(NodeRoles.Teacher)], async cluster =>
        {
            await cluster.CheckpointAsync();
            await cluster.KillAsync(cluster[1]);
            await cluster.RestartAsync(cluster[1]);
        });

    [Theory, EachModality]
    public Task Another_coordinator_takes_over_and_the_student_does_not_stop(Modality modality) =>
        fixture.RunAsync(modality, CoordinatorsBesideTheRest, cluster => TakeOverAsync(cluster, ClusterFixture.CheckpointEvery, within: TimeSpan.FromSeconds(10)));

    [Fact]
    public Task A_student_writes_checkpoints_of_real_size_while_nobody_leads() => fixture.RunLargeAsync(
        [.. CoordinatorsBesideTheRest.Select(node => node with { DowningAfter = "15s", Faults = "student-steps=300ms" })],
        async cluster => Assert.Contains(await TakeOverAsync(cluster, 2), line => line.StartsWith($"{ClusterFixture.Stage}: checkpoint", StringComparison.Ordinal)));

    [Theory, EachModality]
    public Task A_student_that_is_started_again_goes_on_after_its_checkpoint(Modality modality) =>
        fixture.RunAsync(modality, [NodeSetup.AllBut(NodeRoles.Student), new(NodeRoles.Student)], async cluster =>
        {
            await cluster.CheckpointAsync();
            await cluster.KillAsync(cluster[1]);
            int said = cluster[1].Lines.Count;
            await cluster.RestartAsync(cluster[1]);
            await cluster.SaysAsync(cluster[1], $"{ClusterFixture.Stage}: goes on after step", said);
        });

    [Theory, EachModality]
    public Task Another_student_goes_on_after_the_last_checkpoint_that_counted(Modality modality) =>
        fixture.RunAsync(modality, [NodeSetup.AllBut(NodeRoles.Student), new(NodeRoles.Student), new(NodeRoles.Student)], async cluster =>
        {
            await cluster.CountedCheckpointAsync(2 * ClusterFixture.CheckpointEvery);
            var student = await cluster.StudentAsync();
            await cluster.KillAsync(student);
            await cluster.SaysAsync(student == cluster[1] ? cluster[2] : cluster[1], $"{ClusterFixture.Stage}: goes on after step");
        });

    [Theory, EachModality]
    public Task Evaluations_that_no_evaluator_made_are_made_up(Modality modality) =>
        fixture.RunAsync(modality, [NodeSetup.AllBut(NodeRoles.Evaluator), new(NodeRoles.Evaluator)], async cluster =>
        {
            await cluster.CheckpointAsync();
            await cluster.KillAsync(cluster[1]);
            await cluster.WaitsForAsync(NodeRoles.Evaluator);
            await cluster.RestartAsync(cluster[1]);
        });

    [Theory, EachModality]
    public Task Two_of_four_nodes_may_die_at_the_same_moment_and_the_rest_goes_on(Modality modality) => fixture.RunAsync(modality, FourNodes, async cluster =>
    {
        await cluster.CheckpointAsync();
        await cluster.KillAsync(cluster[1], cluster[2]);
        await cluster.WaitsForAsync(NodeRoles.Evaluator);
        await cluster.JoinAsync(new(NodeRoles.Evaluator));
    });

    [Theory, EachModality]
    public Task Two_of_four_nodes_may_die_at_the_same_moment_and_the_rest_waits(Modality modality) => fixture.RunAsync(modality, FourNodes, async cluster =>
    {
        await cluster.CheckpointAsync();
        await cluster.KillAsync(cluster[0], cluster[3]);
        await cluster.WaitsForAsync(NodeRoles.Student);
        await cluster.RestartAsync(cluster[3]);
    });

    [Theory]
    [EachModality(0)]
    [EachModality(1)]
    public Task One_of_two_nodes_may_die(Modality modality, int dying) =>
        fixture.RunAsync(modality, [NodeSetup.AllBut(), NodeSetup.AllBut()], async cluster =>
        {
            await cluster.CheckpointAsync(2 * ClusterFixture.CheckpointEvery);
            await cluster.KillAsync(cluster[dying]);
        });

    [Theory, EachModality]
    public Task Everything_may_die_at_once_and_the_same_commands_resume(Modality modality) =>
        fixture.RunAsync(modality, [NodeSetup.AllBut(NodeRoles.Data, NodeRoles.Teacher), new(NodeRoles.Coordinator, NodeRoles.Data, NodeRoles.Teacher)], async cluster =>
        {
            await cluster.CheckpointAsync(2 * ClusterFixture.CheckpointEvery);
            await cluster.KillAsync(cluster[0], cluster[1]);
            int said = cluster[0].Lines.Count;
            await cluster.RestartAsync(cluster[0], cluster[1]);
            await cluster.SaysAsync(cluster[0], $"{ClusterFixture.Stage}: goes on after step", said);
        });

    /// <summary>Kills the coordinator after a checkpoint, and waits for the next one to lead and for the student's end.</summary>
    /// <returns>What the student has said between the two.</returns>
    private static async Task<IEnumerable<string>> TakeOverAsync(TestCluster cluster, long checkpoint, TimeSpan? within = null)
    {
        await cluster.CheckpointAsync(checkpoint);
        var (before, student) = (await cluster.StatusAsync(), await cluster.StudentAsync());
        var (coordinator, said) = (cluster.At(before.Coordinator), student.Lines.Count);
        await cluster.KillAsync(coordinator);
        var successor = coordinator == cluster[1] ? cluster[2] : cluster[1];
        await cluster.UntilAsync(status => status.Epoch > before.Epoch, within, asked: successor);
        var meanwhile = student.Lines.All.Skip(said);
        await cluster.HappensAsync(happened => happened is StageFinished { Index: 1 });
        Assert.DoesNotContain(student.Lines.All, line => line.StartsWith($"{ClusterFixture.Stage}: goes on", StringComparison.Ordinal));
        return meanwhile;
    }

    /// <summary>The node that is left is not the one that all began with, or it is, and its address comes last (that of a proxy does).</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(0)]
    public Task Of_a_cluster_that_keeps_the_majority_the_last_of_three_nodes_waits_for_the_others(int last) =>
        fixture.RunAsync(Modality.Images, [NodeSetup.AllBut(NodeRoles.Data) with { KeepMajority = true, Proxied = last == 0 },
            new(NodeRoles.Data) { KeepMajority = true }, new(NodeRoles.Data) { KeepMajority = true }], async cluster =>
        {
            ClusterNode[] others = [.. Enumerable.Range(0, 3).Where(node => node != last).Select(node => cluster[node])];
            await cluster.CheckpointAsync();
            await cluster.KillAsync(others);
            await cluster.SaysAsync(cluster[last], "waits until it reaches the majority of the 3 nodes");
            await cluster.RestartAsync(others);
            await cluster.UntilInAsync(cluster[last]);
        });
}
