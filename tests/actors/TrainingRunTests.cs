using System.Text.Json.Nodes;
using ActorTrain.Model;

namespace ActorTrain.Actors.Tests;

[Collection("runs")]
public class TrainingRunTests(RunFixture fixture)
{
    [Theory, EachModality]
    public async Task A_whole_run_ends_with_models_results_and_metrics(Modality modality)
    {
        string folder = fixture.NewFolder();
        var (results, events) = await RunFixture.ExecuteAsync(fixture[modality].Whole, folder);

        Assert.Equal(["source", "distillation", "fine-tuning", "evaluation"], results.Select(result => result.Stage));
        Assert.All(results, result => Assert.True(File.Exists(Path.Combine(result.ModelFolder, "model.safetensors"))));
        fixture[modality].Data.AssertComplete(results);
        var tuned = results[2];
        Assert.InRange(tuned.TestAccuracy!.Value, 0, 1);
        Assert.True(double.IsFinite(tuned.TestLoss!.Value) && double.IsFinite(tuned.TrainLoss!.Value));
        Assert.True(tuned.Distance > 0);
        Assert.Equal(18, tuned.Confusion!.Sum(row => row.Sum()));
        Assert.Equal((tuned.TestLoss, tuned.TestAccuracy, tuned.ModelSha256), (results[3].TestLoss, results[3].TestAccuracy, results[3].ModelSha256));
        Assert.Null(results[0].TestAccuracy);
        Assert.All(results.Take(3), result => Assert.Equal(TrainingMachine.Here("cpu", fixture[modality].Whole.Stages[0].Threads), result.Machine));
        Assert.Null(results[3].Machine);

        Assert.Equal(Enumerable.Range(1, 6).Select(step => (long)step), events.OfType<StepDone>().Where(step => step.Stage == "source").Select(step => step.Step));
        Assert.Equal([4, 6], events.OfType<CheckpointSaved>().Where(saved => saved.Stage == "source").Select(saved => saved.Step));
        Assert.Equal(4, events.OfType<StageStarted>().Count());
        Assert.Contains(events.OfType<Notice>(), notice => notice.Text.Contains("cached") && notice.Text.Contains("data.train"));
        Assert.All(events.OfType<StepDone>(), step => Assert.True(double.IsFinite(step.Result.Loss) && step.DataWaitSeconds >= 0 && step.TeacherWaitSeconds >= 0));

        var lines = File.ReadAllLines(Path.Combine(folder, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(18, lines.Count);
        Assert.Equal(["source", "distillation", "fine-tuning"], lines.Select(line => (string)line["stage"]!).Distinct());
        Assert.All(results.Take(3), result =>
        {
            var ledger = LedgerReport.Read(RunFixture.Ledger(folder, result.Stage));
            Assert.Empty(ledger.Faults);
            Assert.Equal((6, 1, 0), (ledger.Steps, ledger.Students, ledger.RepeatedSteps));
        });
    }

    [Theory, EachModality]
    public async Task The_same_plan_gives_the_same_weights(Modality modality)
    {
        var first = await fixture[modality].WholeResults;
        var (second, _) = await RunFixture.ExecuteAsync(fixture[modality].Whole, fixture.NewFolder());
        Assert.Equal(first.Select(result => result.ModelSha256), second.Select(result => result.ModelSha256));
        Assert.Equal(first.Select(result => result.TestLoss), second.Select(result => result.TestLoss));
        Assert.Equal(3, first.Select(result => result.ModelSha256).Distinct().Count());
    }

    [Theory, EachModality]
    public async Task Two_runs_of_one_process_do_not_change_each_other_s_weights(Modality modality)
    {
        var expected = await fixture[modality].WholeResults;
        var both = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => RunFixture.ExecuteAsync(fixture[modality].Whole, fixture.NewFolder())));
        Assert.All(both, run => Assert.Equal(expected.Select(result => result.ModelSha256), run.Results.Select(result => result.ModelSha256)));
    }

    [Theory, EachModality]
    public async Task A_finished_run_is_not_repeated(Modality modality)
    {
        string folder = fixture.NewFolder();
        var (first, _) = await RunFixture.ExecuteAsync(fixture[modality].Whole, folder);
        var (second, events) = await RunFixture.ExecuteAsync(fixture[modality].Whole, folder);
        Assert.Equal(first.Select(result => result.ModelSha256), second.Select(result => result.ModelSha256));
        Assert.Equal(4, events.OfType<StageFinished>().Count());
        Assert.Empty(events.OfType<StepDone>());
    }

    [Theory]
    [EachModality("source", 1)]
    [EachModality("source", 4)]
    [EachModality("distillation", 3)]
    [EachModality("fine-tuning", 5)]
    public async Task A_cancelled_run_resumes_to_the_same_weights(Modality modality, string stage, long step)
    {
        var expected = await fixture[modality].WholeResults;
        string folder = fixture.NewFolder();
        await RunFixture.InterruptAsync(fixture[modality].Whole, folder, step, stage);

        var (results, events) = await RunFixture.ExecuteAsync(fixture[modality].Whole, folder);

        var resumed = events.OfType<StageStarted>().First();
        Assert.Equal(stage, resumed.Plan.Name);
        Assert.True(resumed.StepsDone >= step);
        Assert.Equal(expected.Select(result => result.ModelSha256), results.Select(result => result.ModelSha256));
        var steps = File.ReadAllLines(Path.Combine(folder, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!)
            .Where(line => (string)line["stage"]! == stage).Select(line => (long)line["step"]!);
        Assert.Equal([1, 2, 3, 4, 5, 6], steps);
        var ledger = LedgerReport.Read(RunFixture.Ledger(folder, stage));
        Assert.Empty(ledger.Faults);
        Assert.Equal((2, 0), (ledger.Line.Count, ledger.RepeatedSteps));
    }

    [Theory, EachModality]
    public async Task Steps_after_the_last_checkpoint_are_repeated_after_a_kill(Modality modality)
    {
        var plan = Plans.Run(fixture[modality].Pretraining);
        string folder = fixture.NewFolder();
        var (expected, _) = await RunFixture.ExecuteAsync(plan, folder);
        // What kill -9 in step 6 leaves behind: the checkpoint of step 4, the metrics up to a line that is cut short.
        string stage = Path.Combine(folder, "stages", "source");
        Directory.Delete(Path.Combine(stage, "checkpoint-6"), recursive: true);
        Directory.Delete(Path.Combine(stage, "model"), recursive: true);
        File.Delete(Path.Combine(stage, "result.json"));
        string metrics = Path.Combine(folder, "metrics.jsonl");
        File.WriteAllText(metrics, File.ReadAllText(metrics)[..^20]);

        var (results, events) = await RunFixture.ExecuteAsync(plan, folder);

        Assert.Equal([5, 6], events.OfType<StepDone>().Select(step => step.Step));
        Assert.Equal(expected[0].ModelSha256, results[0].ModelSha256);
        Assert.Equal([1, 2, 3, 4, 5, 6], File.ReadAllLines(metrics).Select(line => (int)JsonNode.Parse(line)!["step"]!));
        var ledger = LedgerReport.Read(RunFixture.Ledger(folder, "source"));
        Assert.Empty(ledger.Faults);
        Assert.Equal([0, 4], ledger.Line.Select(student => student.FirstStep));
        Assert.Equal([4, 5], ledger.Repeated.Select(key => key.Step).Distinct());
    }

    [Fact]
    public async Task Another_plan_is_refused_in_the_same_folder()
    {
        string folder = fixture.NewFolder();
        var plan = Plans.Run(fixture.Images.Pretraining);
        await RunFixture.ExecuteAsync(plan, folder);
        var changed = plan with { Stages = [plan.Stages[0] with { LearningRate = 0.5 }] };
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(changed, folder));
        Assert.Contains("plan.stages[source].learning-rate is 0.001 there and 0.5 now", error.Message);
        Assert.Contains("run.folder", error.Message);
    }

    [Theory, EachModality]
    public async Task What_decides_no_bits_may_change_when_a_run_resumes(Modality modality)
    {
        string folder = fixture.NewFolder();
        await RunFixture.InterruptAsync(Plans.Run(fixture[modality].Pretraining), folder, 2);
        var (results, events) = await RunFixture.ExecuteAsync(Plans.Run(PlanTests.CarriedOutOtherwise(fixture[modality].Pretraining)), folder);
        Assert.True(events.OfType<StageStarted>().First().StepsDone >= 2);
        Assert.Equal((await fixture[modality].WholeResults)[0].ModelSha256, results[0].ModelSha256);
    }

    [Theory, EachModality]
    public async Task Changed_data_is_refused_when_a_stage_resumes(Modality modality)
    {
        var small = fixture[modality].Data;
        string data = Path.Combine(fixture.Root, $"changing-{Path.GetFileName(small.Train)}");
        small.CopyTo(data);
        var plan = Plans.Run(small.StagesOf(small.Plan(data, "data.train"))[0]);
        string folder = fixture.NewFolder();
        await RunFixture.InterruptAsync(plan, folder, 2);
        small.TakeOneOut(data);
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(plan, folder));
        Assert.Contains("training data", error.Message);
    }

    [Fact]
    public async Task Two_processes_cannot_share_a_run_folder()
    {
        string folder = fixture.NewFolder();
        var plan = Plans.Run(fixture.Images.Pretraining);
        using var held = RunFolder.Open(folder, plan);
        var error = await Assert.ThrowsAsync<FolderInUseException>(() => RunFixture.ExecuteAsync(plan, folder));
        Assert.Contains("Another process", error.Message);
    }

    [Fact]
    public async Task A_run_starts_from_a_preset_at_the_size_of_its_images()
    {
        var plan = Plans.Run(Plans.Pretrain(Plans.Data(fixture.Images.Data.Train)) with { Steps = 1 });
        var (results, _) = await RunFixture.ExecuteAsync(plan, fixture.NewFolder());
        var configuration = ModelFolder.ReadConfiguration(results[0].ModelFolder);
        Assert.Equal(ModelPresets.Tiny32 with { ImageSize = Plans.ImageSize }, configuration);
    }
}
