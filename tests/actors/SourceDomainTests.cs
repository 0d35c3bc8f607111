using ActorTrain.Actors.Cluster;

namespace ActorTrain.Actors.Tests;

/// <summary>Samples of another domain are replayed and mixed in, and samples of the same one are held out.</summary>
[Collection("runs")]
public class SourceDomainTests(RunFixture fixture)
{
    [Theory, EachModality]
    public async Task Replayed_and_mixed_samples_give_the_same_weights_in_one_process_and_after_a_restart(Modality modality)
    {
        var expected = await fixture[modality].ReplayingResults;
        string folder = fixture.NewFolder();
        await RunFixture.InterruptAsync(fixture[modality].Replaying, folder, 3, "distillation");

        var (results, events) = await RunFixture.ExecuteAsync(fixture[modality].Replaying, folder);

        Assert.True(events.OfType<StageStarted>().Single().StepsDone >= 3);
        AssertSame(expected, results);
        Assert.All(results, result => Assert.Empty(LedgerReport.Read(RunFixture.Ledger(folder, result.Stage)).Faults));
        Assert.NotEqual((await fixture[modality].LiveResults)[0].ModelSha256, results[0].ModelSha256);
    }

    [Theory, EachModality]
    public async Task A_cluster_replays_and_mixes_the_same_samples(Modality modality)
    {
        var expected = await fixture[modality].ReplayingResults;
        await using var nodes = new NodeGroup(fixture);
        await nodes.StartAsync([NodeRoles.Coordinator, NodeRoles.Student]);
        await nodes.StartAsync([NodeRoles.Data, NodeRoles.Teacher]);
        await nodes.StartAsync([NodeRoles.Data, NodeRoles.Teacher]);

        AssertSame(expected, await nodes.RunAsync(fixture[modality].Replaying));
    }

    [Fact]
    public async Task Replay_mixing_and_either_of_them_alone_train_other_weights()
    {
        var both = fixture.Images.Data.ReplayingStages[0];
        StagePlan[] stages = [both with { ReplayRatio = 0 }, both with { Mix = null }, both with { ReplayRatio = 0.5 }, both with { Mix = both.Mix! with { Alpha = 0.1 } }];
        List<string> weights = [(await fixture.Images.ReplayingResults)[0].ModelSha256];
        foreach (var stage in stages)
            weights.Add((await RunFixture.ExecuteAsync(Plans.Run(stage), fixture.NewFolder())).Results[0].ModelSha256);
        Assert.Equal(5, weights.Distinct().Count());
    }

    [Theory, EachModality]
    public async Task A_changed_source_is_refused_when_a_stage_resumes(Modality modality)
    {
        var small = fixture[modality].Data;
        string source = fixture.NewFolder() + Path.GetExtension(small.Train);
        small.CopyTo(source);
        var plan = Plans.Run(small.ReplayingStages[0] with { Source = small.Plan(source, "replay.source") });
        string folder = fixture.NewFolder();
        await RunFixture.InterruptAsync(plan, folder, 2);
        small.TakeOneOut(source);
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(plan, folder));
        Assert.Contains("training data", error.Message);
    }

    [Theory, EachModality]
    public async Task A_missing_source_is_named_with_its_key(Modality modality)
    {
        var small = fixture[modality].Data;
        string missing = fixture.NewFolder() + Path.GetExtension(small.Train);
        var stage = small.ReplayingStages[0] with { Source = small.Plan(missing, "replay.source") };
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(stage), fixture.NewFolder()));
        Assert.Contains("replay.source", error.Message);
        Assert.Contains(missing, error.Message);
    }

    [Fact]
    public async Task A_source_of_another_modality_is_refused()
    {
        var stage = fixture.Images.Data.ReplayingStages[0] with { Source = fixture[Modality.Text].Data.Plan(fixture[Modality.Text].Data.Source, "replay.source") };
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(stage), fixture.NewFolder()));
        Assert.Contains("reads replay.source as text", error.Message);
    }

    [Theory, EachModality]
    public async Task A_model_is_evaluated_on_what_was_held_out_of_all_its_training(Modality modality)
    {
        var small = fixture[modality].Data;
        var train = small.TrainPlan with { HoldOut = 0.2 };
        var stages = small.StagesOf(train)[..3];
        stages[2] = stages[2] with { Test = train with { HeldOut = true } };

        var (results, _) = await RunFixture.ExecuteAsync(Plans.Run(stages), fixture.NewFolder());

        // Of 26 samples: one of each of six classes of images, two of each of three classes of texts.
        Assert.Equal(6, results[2].Confusion!.Sum(row => row.Sum()));
        Assert.True(double.IsFinite(results[2].TestLoss!.Value));
        Assert.Equal(3, (await fixture[modality].WholeResults).Take(3).Zip(results, (whole, rest) => whole.ModelSha256 != rest.ModelSha256).Count(different => different));
    }

    private static void AssertSame(IReadOnlyList<StageResult> expected, IReadOnlyList<StageResult> results) =>
        Assert.Equal(expected.Select(result => (result.Stage, result.ModelSha256)), results.Select(result => (result.Stage, result.ModelSha256)));
}
