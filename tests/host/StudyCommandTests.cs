using ActorTrain.Actors;
using ActorTrain.Host.Study;
using ActorTrain.Model;

namespace ActorTrain.Host.Tests;

/// <summary>Studies that train.</summary>
public sealed class StudyCommandTests : IDisposable
{
    private const string Adapted = "run { seeds = [0, 1], methods = [self-distillation] }";

    private readonly StudyWorkspace _study = new();

    public void Dispose() => _study.Dispose();

    [Fact]
    public async Task Two_stages_at_a_time_have_the_bits_of_one()
    {
        // Dropout draws from the one generator that the process has, and the fine-tunings of the seeds run at the same time.
        const string text = "run { seeds = [0, 1], methods = [fine-tuning, further-pretraining] }\nfinetune { steps = 12, dropout = 0.3 }";
        StudyPlan plan = await _study.PlanAsync(text);
        await _study.RunAsync(plan, RunSession.InThisProcess);
        IReadOnlyDictionary<string, string> alone = _study.Weights;
        Assert.Equal(4, alone.Values.Distinct().Count());
        Directory.Delete(_study.File("stages"), recursive: true);
        Directory.Delete(_study.Cells, recursive: true);
        await _study.RunAsync(plan, RunSession.InThisProcess, parallel: 2);
        Assert.Equal(alone, _study.Weights);
    }

    [Fact]
    public async Task Stages_of_other_studies_are_found_and_their_checkpoints_gone()
    {
        StudyPlan plan = await _study.PlanAsync("run { seeds = [0], methods = [further-pretraining] }");
        await _study.RunAsync(plan, RunSession.InThisProcess);
        CellResult cell = StudyFiles.ReadCell(Path.Combine(_study.Cells, Assert.Single(_study.CellFiles)), out _)!;
        Assert.Equal(3, cell.Stages[0].Curve.Count);
        Assert.All(cell.Stages[^1].Curve, point => Assert.True(point is { Loss: > 0, Mae: null }));
        Assert.Equal(12, cell.Confusion!.Sum(row => row.Sum()));
        Assert.NotNull(cell.Distance);
        Assert.Empty(Directory.GetDirectories(_study.File("stages"), "checkpoint-*", SearchOption.AllDirectories));
        Assert.All(plan.Stages.Values, stage => Assert.Equal(cell.Stages.Single(other => other.Identity == stage.Identity).ModelSha256,
            ModelFolder.Fingerprint(_study.File("stages", stage.Identity[..16], "stages", stage.Plan.Name, "model"))));

        // Another seed needs θ_init, which is there, and two stages of its own.
        List<string> carriedOut = [];
        await _study.RunAsync(await _study.PlanAsync("run { seeds = [0, 1], methods = [further-pretraining] }"), (run, folder, events, cancel) =>
        {
            carriedOut.Add(run.Stages[0].Name);
            return TrainingRun.ExecuteAsync(run, folder, events, cancel);
        });
        Assert.Equal(["pretrain", "finetune"], carriedOut);
    }

    [Fact]
    public async Task A_study_that_was_interrupted_and_killed_goes_on_inside_its_stages()
    {
        string file = _study.Write(Adapted + "\nrun.seeds = [0]\npretrain.steps = 40\ndistill.steps = 44");
        await using (CommandLineProcess process = CommandLineProcess.Start(_study.Folder, CommandLineProcess.SlowSteps, "study", file))
        {
            await process.WaitForAsync("further-pretraining: checkpoint at step 4");
            process.Interrupt();
            Ending ending = await process.EndAsync();
            Assert.True(ending.ExitCode == 130, $"exit code {ending.ExitCode}: {ending.Output}{ending.Error}");
            Assert.Contains("The same command resumes", ending.Error);
        }
        // Only self-distillation has a step 42.
        await using (CommandLineProcess process = CommandLineProcess.Start(_study.Folder, CommandLineProcess.HaltAfter(42), "study", file))
        {
            await process.WaitForAsync("self-distillation-1: checkpoint at step 42");
            process.Kill();
            Ending ending = await process.EndAsync();
            Assert.Equal(137, ending.ExitCode);
            Assert.Contains("further-pretraining: goes on after step", ending.Output);
        }
        Ending end = (await CommandLineProcess.RunAsync(_study.Folder, "study", file)).AssertSuccess();
        Assert.DoesNotContain("further-pretraining:", end.Output);
        Assert.Contains("self-distillation-1: goes on after step 42", end.Output);
        Assert.Contains("1/1", end.Output);

        // A run of the cell alone ends with the same weights.
        CellResult cell = StudyFiles.ReadCell(Path.Combine(_study.Cells, Assert.Single(_study.CellFiles)), out _)!;
        string[] command = ["run", file, .. cell.Configuration.Assignments.SelectMany(assignment => new[] { "--set", assignment }), "--folder", _study.File("alone")];
        (await CommandLineProcess.RunAsync(_study.Folder, command)).AssertSuccess();
        Assert.Equal(cell.Stages[^1].ModelSha256, ModelFolder.Fingerprint(_study.File("alone", "stages", cell.Stages[^1].Name, "model")));

        Ending shown = (await CommandLineProcess.RunAsync(_study.Folder, "study", file, "--dry-run", "--set", "run.seeds=[0,1]")).AssertSuccess();
        Assert.Contains("1/2", shown.Output);
        Assert.Contains("1 of 2 cells, 1 of 4 stages", shown.Output);
        Assert.Single(_study.CellFiles);
    }

    [Fact]
    public async Task Nodes_carry_out_one_stage_after_another_with_the_same_bits()
    {
        StudyPlan plan = await _study.PlanAsync(Adapted);
        await _study.RunAsync(plan, RunSession.InThisProcess, parallel: 2);
        IReadOnlyDictionary<string, string> expected = _study.Weights;
        Directory.Delete(_study.File("stages"), recursive: true);
        Directory.Delete(_study.Cells, recursive: true);
        string file = _study.Write(Adapted);
        Ending first = (await CommandLineProcess.RunAsync(_study.Folder, "study", file, "--nodes", "2", "--set", "run.seeds=0", "--set", "study.parallel=2")).AssertSuccess();
        Assert.Contains("study.parallel = 2 is for stages in this process", first.Output);
        Assert.Single(_study.CellFiles);
        // The nodes come back with the record of a run that is finished, and take the next one.
        Ending ending = (await CommandLineProcess.RunAsync(_study.Folder, "study", file, "--nodes", "2")).AssertSuccess();
        Assert.Contains("2/2", ending.Output);
        Assert.Equal(expected, _study.Weights);
    }
}
