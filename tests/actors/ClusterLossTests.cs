using ActorTrain.Actors.Cluster;

namespace ActorTrain.Actors.Tests;

/// <summary>Nodes of one process that end without a word while they work; what is on their disks stays out of reach.</summary>
[Collection("runs")]
public class ClusterLossTests(RunFixture fixture)
{
    private const string Secret = "a secret for tests";

    [Theory]
    [EachModality("source", 5)]
    [EachModality("fine-tuning", 5)]
    public async Task A_lost_student_that_also_coordinates_is_replaced_and_the_weights_are_the_same(Modality modality, string stage, long step) =>
        await AssertSurvivesAsync(fixture[modality].Whole, await fixture[modality].WholeResults, (done, _) => done.Stage == stage && done.Step == step);

    [Fact]
    public async Task Its_successor_goes_on_from_a_checkpoint_on_another_disk()
    {
        var plan = Plans.Run(fixture.Images.Pretraining with { Steps = 300, CheckpointEvery = 10 });
        var (expected, _) = await RunFixture.ExecuteAsync(plan, fixture.NewFolder());
        long held = long.MaxValue;
        var ledgers = await AssertSurvivesAsync(plan, expected, (done, others) =>
        {
            if (held == long.MaxValue && others.Any(folder => Directory.EnumerateDirectories(folder, "checkpoint-??", SearchOption.AllDirectories).Any()))
                held = done.Step;
            return done.Step > held + 20;
        });
        Assert.True(Assert.Single(ledgers).Line.Count <= 2);
    }

    /// <summary>Runs a plan on three nodes, of which the one that trains and coordinates ends, and another one takes its place.</summary>
    private async Task<IReadOnlyList<LedgerReport>> AssertSurvivesAsync(RunPlan plan, IReadOnlyList<StageResult> expected,
        Func<StepDone, IEnumerable<string>, bool> end)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var reached = new TaskCompletionSource();
        List<string> folders = [];
        var first = await StartAsync([NodeRoles.Coordinator, NodeRoles.Student], [], folders, limit.Token, happened =>
        {
            if (happened is StepDone done && end(done, folders.Skip(1)))
                reached.TrySetResult();
        });
        await using var second = await StartAsync([NodeRoles.Coordinator, NodeRoles.Data, NodeRoles.Teacher], [first.Address], folders, limit.Token);
        await using var third = await StartAsync([NodeRoles.Data, NodeRoles.Teacher, NodeRoles.Evaluator], [first.Address], folders, limit.Token);
        await using var client = await ClusterClient.ConnectAsync([second.Address], Secret, null, limit.Token);
        var run = client.RunAsync(plan, fixture.NewFolder(), new Events(null), limit.Token);
        await reached.Task.WaitAsync(limit.Token);
        await first.DisposeAsync();
        await using var successor = await StartAsync([NodeRoles.Student], [second.Address], folders, limit.Token);

        var results = await run;

        Assert.Equal(expected.Select(result => result.ModelSha256), results.Select(result => result.ModelSha256));
        List<LedgerReport> ledgers = [];
        foreach (var trained in results.Where(result => result.Kind != StageKind.Evaluate))
        {
            var ledger = LedgerReport.Read([.. folders.SelectMany(folder => Directory.EnumerateFiles(folder, TrainingLedger.Name, SearchOption.AllDirectories))
                .Where(file => file.Contains($"/stages/{trained.Stage}/"))]);
            Assert.Empty(ledger.Faults);
            Assert.Equal(trained.Steps, ledger.Steps);
            ledgers.Add(ledger);
        }
        return ledgers;
    }

    private Task<Node> StartAsync(string[] roles, string[] join, List<string> folders, CancellationToken cancel, Action<RunEvent>? react = null)
    {
        folders.Add(fixture.NewFolder());
        return Node.StartAsync(new NodeOptions
        {
            Roles = roles,
            Host = "127.0.0.1",
            Port = 0,
            Join = join,
            Secret = Secret,
            Folder = folders[^1],
            DowningAfter = TimeSpan.FromSeconds(1),
        }, new Events(react), cancel);
    }

    private sealed class Events(Action<RunEvent>? react) : IProgress<RunEvent>
    {
        public void Report(RunEvent value) => react?.Invoke(value);
    }
}
