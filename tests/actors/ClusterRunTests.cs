using System.Collections.Concurrent;
using ActorTrain.Actors.Cluster;

namespace ActorTrain.Actors.Tests;

/// <summary>Several nodes in this process, each with an actor system, a port and a folder of its own.</summary>
[Collection("runs")]
public class ClusterRunTests(RunFixture fixture)
{
    private const string Secret = "a secret for tests";

    [Theory, EachModality]
    public async Task A_cluster_computes_the_bits_of_one_process(Modality modality)
    {
        var expected = await fixture[modality].WholeResults;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await using var first = await StartAsync([NodeRoles.Coordinator, NodeRoles.Student], [], limit.Token);
        await using var second = await StartAsync([NodeRoles.Coordinator, NodeRoles.Data, NodeRoles.Teacher], [first.Address], limit.Token);
        await using var third = await StartAsync([NodeRoles.Data, NodeRoles.Teacher, NodeRoles.Evaluator], [first.Address], limit.Token);
        await using var client = await ClusterClient.ConnectAsync([first.Address], Secret, null, limit.Token);

        var events = new Events();
        var results = await client.RunAsync(fixture[modality].Whole, fixture.NewFolder(), events, limit.Token);

        Assert.Equal(expected.Select(result => result.ModelSha256), results.Select(result => result.ModelSha256));
        Assert.Equal(expected.Select(result => (result.TestLoss, result.TestAccuracy, result.TrainLoss, result.Distance)),
            results.Select(result => (result.TestLoss, result.TestAccuracy, result.TrainLoss, result.Distance)));
        Assert.Equal(results.Select(result => result.Stage), events.All.OfType<StageFinished>().Select(finished => finished.Result.Stage));
        Assert.All(results, result => Assert.True(File.Exists(Path.Combine(result.ModelFolder, "model.safetensors"))));
        fixture[modality].Data.AssertComplete(results);
    }

    private Task<Node> StartAsync(string[] roles, string[] join, CancellationToken cancel) => Node.StartAsync(new NodeOptions
    {
        Roles = roles,
        Host = "127.0.0.1",
        Port = 0,
        Join = join,
        Secret = Secret,
        Folder = fixture.NewFolder(),
    }, new Events(), cancel);

    private sealed class Events : IProgress<RunEvent>
    {
        public ConcurrentQueue<RunEvent> All { get; } = [];

        public void Report(RunEvent value) => All.Enqueue(value);
    }
}
