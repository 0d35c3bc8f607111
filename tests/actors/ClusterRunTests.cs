using System.Collections.Concurrent;
using ActorTrain.Actors.Cluster;

namespace ActorTrain.Actors.Tests;

/// <summary>Several nodes in this process carry runs out, undisturbed.</summary>
[Collection("runs")]
public class ClusterRunTests(RunFixture fixture)
{
    [Theory, EachModality]
    public async Task A_cluster_computes_the_bits_of_one_process(Modality modality)
    {
        var expected = await fixture[modality].WholeResults;
        await using var nodes = new NodeGroup(fixture);
        await nodes.StartAsync([NodeRoles.Coordinator, NodeRoles.Student]);
        await nodes.StartAsync([NodeRoles.Coordinator, NodeRoles.Data, NodeRoles.Teacher]);
        await nodes.StartAsync([NodeRoles.Data, NodeRoles.Teacher, NodeRoles.Evaluator]);
        var events = new ConcurrentQueue<RunEvent>();

        var results = await nodes.RunAsync(fixture[modality].Whole, events.Enqueue);

        AssertSame(expected, results);
        Assert.Equal(expected.Select(result => (result.TestLoss, result.TestAccuracy, result.TrainLoss, result.Distance, result.Machine)),
            results.Select(result => (result.TestLoss, result.TestAccuracy, result.TrainLoss, result.Distance, result.Machine)));
        Assert.Equal(results.Select(result => result.Stage), events.OfType<StageFinished>().Select(finished => finished.Result.Stage));
        Assert.All(results, result => Assert.True(File.Exists(Path.Combine(result.ModelFolder, "model.safetensors"))));
        fixture[modality].Data.AssertComplete(results);
        // What an evaluation evaluates is there already.
        Assert.Equal(results[2].ModelFolder, results[3].ModelFolder);
    }

    [Fact]
    public async Task A_cluster_carries_out_one_run_after_the_other_and_no_second_one_meanwhile()
    {
        var (plan, expected) = (fixture.Images.Whole, await fixture.Images.WholeResults);
        var other = Plans.Run(fixture[Modality.Text].Pretraining) with { Name = "other" };
        await using var nodes = new NodeGroup(fixture);
        var (training, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        await nodes.StartAsync([NodeRoles.Coordinator, NodeRoles.Student, NodeRoles.Evaluator], happened =>
        {
            if (happened is not StepDone)
                return;
            training.TrySetResult();
            nodes.Hold(() => goOn.Task.IsCompleted);
        });
        await nodes.StartAsync([NodeRoles.Data, NodeRoles.Teacher]);
        var first = nodes.RunAsync(plan);
        await training.Task.WaitAsync(nodes.Limit);

        var refused = await Assert.ThrowsAsync<RunException>(() => nodes.RunAsync(other));

        Assert.Contains("wait for its end", refused.Message);
        goOn.SetResult();
        AssertSame(expected, await first);
        AssertSame([(await fixture[Modality.Text].WholeResults)[0]], await nodes.RunAsync(other));
        AssertSame(expected, await nodes.RunAsync(plan));
    }

    [Ipv6Fact]
    public async Task Nodes_find_each_other_under_IPv6_addresses()
    {
        await using var nodes = new NodeGroup(fixture, "::1");
        var first = await nodes.StartAsync([NodeRoles.Coordinator, NodeRoles.Student]);
        await nodes.StartAsync([NodeRoles.Data]);

        AssertSame([(await fixture.Images.WholeResults)[0]], await nodes.RunAsync(Plans.Run(fixture.Images.Pretraining)));

        Assert.StartsWith("[::1]:", first.Address);
    }

    private static void AssertSame(IReadOnlyList<StageResult> expected, IReadOnlyList<StageResult> results) =>
        Assert.Equal(expected.Select(result => (result.Stage, result.ModelSha256)), results.Select(result => (result.Stage, result.ModelSha256)));
}
