using ActorTrain.Actors.Cluster;

namespace ActorTrain.Actors.Tests;

/// <summary>Nodes of one process that end while they work, without a word or together; what is on their disks stays out of reach.</summary>
[Collection("runs")]
public class ClusterLossTests(RunFixture fixture)
{
    /// <summary>Steps of the long run after which it has one checkpoint.</summary>
    private const long StepsToCheckpoint = 15;

    [Theory]
    [EachModality("source", 5)]
    [EachModality("fine-tuning", 5)]
    public async Task A_lost_student_that_also_coordinates_is_replaced_and_the_weights_are_the_same(Modality modality, string stage, long step) =>
        await AssertSurvivesAsync(fixture[modality].Whole, await fixture[modality].WholeResults, (done, _) => done.Stage == stage && done.Step == step);

    [Fact]
    public async Task Its_successor_goes_on_from_a_checkpoint_on_another_disk()
    {
        var (plan, expected) = await LongRunAsync();
        var ledgers = await AssertSurvivesAsync(plan, expected, (done, nodes) =>
        {
            if (done.Step == StepsToCheckpoint)
                nodes.Hold(() => nodes.Folders.Skip(1).Any(HoldsCheckpoint));
            return done.Step == StepsToCheckpoint + 20;
        });
        Assert.True(Assert.Single(ledgers).Line.Count <= 2);
    }

    [Fact]
    public async Task The_student_and_the_node_that_has_its_checkpoint_leave_at_once_and_a_third_goes_on_from_it()
    {
        var (plan, expected) = await LongRunAsync();
        await using var nodes = new NodeGroup(fixture);
        var started = new List<Node>();
        var held = new TaskCompletionSource<(int Student, int Holder)>();
        var leaving = new TaskCompletionSource();
        for (int number = 0; number < 3; number++)
        {
            int own = number;
            started.Add(await nodes.StartAsync(NodeRoles.All, happened =>
            {
                if (happened is not StepDone { Step: StepsToCheckpoint })
                    return;
                nodes.Hold(() => Holders(own).Any());
                held.TrySetResult((own, Holders(own).First()));
                nodes.Hold(() => leaving.Task.IsCompleted);
            }));
        }
        var run = nodes.RunAsync(plan);
        var (student, holder) = await held.Task.WaitAsync(nodes.Limit);

        var left = Task.WhenAll(started[student].LeaveAsync(), started[holder].LeaveAsync());
        leaving.SetResult();
        await left.WaitAsync(nodes.Limit);

        Assert.Equal(expected[0].ModelSha256, (await run)[0].ModelSha256);
        var ledger = nodes.Ledger(plan.Stages[0].Name);
        Assert.Empty(ledger.Faults);
        // Between the leaver's last copy and its end the training may have begun once more.
        Assert.InRange(ledger.RepeatedSteps, 0, plan.Stages[0].CheckpointEvery);

        IEnumerable<int> Holders(int student) => Enumerable.Range(0, 3).Where(number => number != student && HoldsCheckpoint(nodes.Folders.ElementAt(number)));
    }

    /// <summary>A stage long enough to be disturbed, with many checkpoints, and what it ends with.</summary>
    private async Task<(RunPlan Plan, IReadOnlyList<StageResult> Expected)> LongRunAsync()
    {
        var plan = Plans.Run(fixture.Images.Pretraining with { Steps = 300, CheckpointEvery = 10 });
        var (expected, _) = await RunFixture.ExecuteAsync(plan, fixture.NewFolder());
        return (plan, expected);
    }

    private static bool HoldsCheckpoint(string folder) => Directory.EnumerateDirectories(folder, "checkpoint-??", SearchOption.AllDirectories).Any();

    /// <summary>Runs a plan on three nodes, of which the one that trains and coordinates ends, and another one takes its place.</summary>
    private async Task<IReadOnlyList<LedgerReport>> AssertSurvivesAsync(RunPlan plan, IReadOnlyList<StageResult> expected,
        Func<StepDone, NodeGroup, bool> end)
    {
        await using var nodes = new NodeGroup(fixture);
        var (reached, ending) = (new TaskCompletionSource(), new TaskCompletionSource());
        var first = await nodes.StartAsync([NodeRoles.Coordinator, NodeRoles.Student], happened =>
        {
            if (happened is not StepDone done || !end(done, nodes))
                return;
            reached.TrySetResult();
            nodes.Hold(() => ending.Task.IsCompleted);
        });
        await nodes.StartAsync([NodeRoles.Coordinator, NodeRoles.Data, NodeRoles.Teacher]);
        await nodes.StartAsync([NodeRoles.Data, NodeRoles.Teacher, NodeRoles.Evaluator]);
        var run = nodes.RunAsync(plan);
        await reached.Task.WaitAsync(nodes.Limit);
        var ended = first.DisposeAsync();
        ending.SetResult();
        await ended;
        await nodes.StartAsync([NodeRoles.Student]);

        var results = await run;

        Assert.Equal(expected.Select(result => result.ModelSha256), results.Select(result => result.ModelSha256));
        List<LedgerReport> ledgers = [];
        foreach (var trained in results.Where(result => result.Kind != StageKind.Evaluate))
        {
            var ledger = nodes.Ledger(trained.Stage);
            Assert.Empty(ledger.Faults);
            Assert.Equal(trained.Steps, ledger.Steps);
            ledgers.Add(ledger);
        }
        return ledgers;
    }
}
