using ActorTrain.Actors.Cluster;
using ActorTrain.Model;

namespace ActorTrain.Actors.Tests;

/// <summary>Runs with the baselines' and ablations' techniques.</summary>
[Collection("runs")]
public class TechniqueRunTests(RunFixture fixture)
{
    [Theory, EachModality]
    public async Task A_cluster_matches_weights_and_predictions_to_the_bits_of_one_process(Modality modality)
    {
        var (expected, events) = await RunFixture.ExecuteAsync(Plan(modality), fixture.NewFolder());
        await using var nodes = new NodeGroup(fixture);
        await nodes.StartAsync([NodeRoles.Coordinator, NodeRoles.Student, NodeRoles.Evaluator]);
        await nodes.StartAsync([NodeRoles.Data, NodeRoles.Teacher]);

        var results = await nodes.RunAsync(Plan(modality));

        AssertSame(expected, results);
        Assert.Equal(expected.Count, expected.Select(result => result.ModelSha256).Distinct().Count());
        Assert.Contains(events.OfType<Notice>(), notice => notice.Text.Contains("computed live, because predictions depend on what is masked"));
        Assert.All(events.OfType<StepDone>().Where(step => step.Stage == "predictions"), step => Assert.True(step.Result.DistillLoss > 0));
        Assert.All(events.OfType<StepDone>().Where(step => step.Stage == "weights"), step => Assert.True(step.Result.Loss > step.Result.MaeLoss));
    }

    [Theory]
    [EachModality("weights", 3)]
    [EachModality("predictions", 3)]
    [EachModality("contrast", 2)]
    public async Task A_cancelled_run_resumes_to_the_same_weights(Modality modality, string stage, long step)
    {
        var (expected, _) = await RunFixture.ExecuteAsync(Plan(modality), fixture.NewFolder());
        string folder = fixture.NewFolder();
        await RunFixture.InterruptAsync(Plan(modality), folder, step, stage);

        var (results, events) = await RunFixture.ExecuteAsync(Plan(modality), folder);

        Assert.True(events.OfType<StageStarted>().First().StepsDone >= step);
        AssertSame(expected, results);
    }

    [Fact]
    public async Task Another_anchor_under_the_same_name_is_refused_when_a_stage_resumes()
    {
        var data = fixture.Images.Data;
        string anchor = Path.Combine(fixture.Root, "anchor");
        ModelFolder.CreateFresh(Plans.Shape, 2, anchor);
        var plan = Plans.Run(Plans.Pretrain(data.TrainPlan, data.Model) with { Regulariser = L2(anchor) });
        string folder = fixture.NewFolder();
        await RunFixture.InterruptAsync(plan, folder, 2);
        ModelFolder.CreateFresh(Plans.Shape, 3, anchor);

        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(plan, folder));

        Assert.Contains("anchor of stage 'source' changed", error.Message);
    }

    /// <summary>A further pre-training, whose weights and whose predictions others match, and fine-tunings that hold on to what they start from.</summary>
    private RunPlan Plan(Modality modality)
    {
        var data = fixture[modality].Data;
        var tuning = Plans.Finetune(data.TrainPlan, data.Plan(data.Test, "data.test"), "stage:predictions") with { Steps = 3 };
        return Plans.Run(
            Plans.Pretrain(data.TrainPlan, data.Model),
            Plans.Pretrain(data.TrainPlan, data.Model) with { Name = "weights", Regulariser = L2("stage:source") },
            Plans.Distill(data.TrainPlan, data.Model) with { Name = "predictions", DistillTarget = DistillTarget.Predictions },
            tuning with
            {
                Name = "anchored",
                Regulariser = new RegulariserPlan { Kind = RegulariserKind.RecAdam, Slope = 0.5, Midpoint = 2, Weight = 1, Pull = 500 },
                Consistency = new ConsistencyPlan { Weight = 1, Epsilon = 1e-3, Noise = NoiseKind.Normal },
            },
            tuning with
            {
                Name = "contrast",
                Regulariser = new RegulariserPlan { Kind = RegulariserKind.Mars, Radius = 0.01, HeadRadius = 0.05 },
                Contrast = new ContrastPlan { Weight = 1, Temperature = 0.1 },
            });
    }

    private static RegulariserPlan L2(string anchor) => new() { Kind = RegulariserKind.L2, Anchor = anchor, Weight = 0.5 };

    private static void AssertSame(IReadOnlyList<StageResult> expected, IReadOnlyList<StageResult> results) =>
        Assert.Equal(expected.Select(result => (result.Stage, result.ModelSha256)), results.Select(result => (result.Stage, result.ModelSha256)));
}
