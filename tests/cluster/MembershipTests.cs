using ActorTrain.Actors;
using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Tests;

namespace ActorTrain.Cluster.Tests;

/// <summary>Nodes come and go as they are told.</summary>
[Collection("cluster")]
public class MembershipTests(ClusterFixture fixture)
{
    [Theory, EachModality]
    public Task A_late_joiner_is_used_at_once(Modality modality) =>
        // The first teacher alone would take two hours.
        fixture.RunAsync(modality, [NodeSetup.AllBut(NodeRoles.Teacher), new(NodeRoles.Teacher) { Faults = "teacher-answers=60000ms" }], cluster =>
            cluster.JoinAsync(new(NodeRoles.Teacher)));

    [Theory, EachModality]
    public Task Who_leaves_finishes_its_step_and_hands_on(Modality modality) =>
        fixture.RunAsync(modality, [NodeSetup.AllBut(NodeRoles.Student), new(NodeRoles.Student), new(NodeRoles.Student), new(NodeRoles.Data, NodeRoles.Teacher)], async cluster =>
        {
            await cluster.CheckpointAsync();
            var student = await cluster.StudentAsync();
            var other = student == cluster[1] ? cluster[2] : cluster[1];
            Assert.NotEmpty(Assert.Single((await cluster.StatusAsync()).Members.Select(member => member.Machine).Distinct()));
            string status = await cluster.CommandAsync("status");
            Assert.All([cluster[0], cluster[1], cluster[2], cluster[3]], node => Assert.Contains(node.Address, status));
            Assert.Contains(ClusterFixture.Stage, status);

            await cluster.CommandAsync("leave", student.Address);
            await cluster.UntilAsync(status => status.Members.All(member => member.Address != student.Address || member.Status != "up"));
            cluster.GoOn();
            cluster[3].Send(Signal.Terminate);
            Assert.Equal(0, await cluster.WithinLimit(student.ExitAsync()));
            Assert.Equal(0, await cluster.WithinLimit(cluster[3].ExitAsync()));
            await cluster.SaysAsync(other, $"{ClusterFixture.Stage}: goes on after step");
            await cluster.HappensAsync(happened => happened is StageFinished { Index: 1 });
            Assert.Equal(0, cluster.Ledger(ClusterFixture.Stage).RepeatedSteps);
        });
}
