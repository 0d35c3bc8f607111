using ActorTrain.Actors;
using ActorTrain.Host.Progress;
using ActorTrain.Model;

namespace ActorTrain.Host.Tests;

public class ProgressTests
{
    [Fact]
    public void The_view_tells_speed_waits_and_time_left()
    {
        RunPlan plan = Examples.Planned.Plan;
        var progress = new RunProgress(plan);
        Assert.Null(progress.View());
        progress.Report(new StageStarted(plan.Stages[0], 0, plan.Stages.Length, 100));
        Assert.Equal((100, null), (progress.View()!.Step, progress.View()!.StageLeft));
        progress.Report(Step(plan.Stages[0], 101));
        ProgressView view = progress.View()!;
        Assert.Equal(101, view.Step);
        Assert.Equal(64 / 0.5, view.SamplesPerSecond, 9);
        Assert.Equal(0.2, view.DataWait, 9);
        Assert.Equal(0.4, view.TeacherWait, 9);
        Assert.Equal((plan.Stages[0].Steps - 101) * 0.5, view.StageLeft!.Value.TotalSeconds, 6);
        Assert.True(view.RunLeft > view.StageLeft);
        Assert.Equal("step 101/20000, loss 1.5000, 128 samples/s, waits 20% data 40% teacher", ProgressDisplay.Describe(view).Split(", 2 h")[0]);
    }

    [Fact]
    public void An_evaluation_is_told_of_while_its_own_stage_is_the_one_that_runs()
    {
        RunPlan plan = Examples.Planned.Plan;
        var progress = new RunProgress(plan);
        progress.Report(new StageStarted(plan.Stages[1], 1, plan.Stages.Length, 0));
        progress.Report(new EvaluationAdvanced(plan.Stages[1].Name, "test", 64, 600));
        Assert.Equal("evaluating test 64/600", ProgressDisplay.Describe(progress.View()!));
        progress.Report(new StageStarted(plan.Stages[2], 2, plan.Stages.Length, 0));
        progress.Report(new EvaluationAdvanced(plan.Stages[1].Name, "test", 128, 600));
        Assert.Equal("preparing", ProgressDisplay.Describe(progress.View()!));
    }

    [Fact]
    public void The_run_has_as_much_left_as_its_last_stage_when_all_others_are_done()
    {
        RunPlan plan = Examples.Planned.Plan;
        var progress = new RunProgress(plan);
        for (int index = 0; index < plan.Stages.Length - 1; index++)
            progress.Report(new StageFinished(Examples.Results[index], index, plan.Stages.Length));
        progress.Report(new StageStarted(plan.Stages[^1], plan.Stages.Length - 1, plan.Stages.Length, 0));
        progress.Report(Step(plan.Stages[^1], 1));
        Assert.Equal(progress.View()!.StageLeft, progress.View()!.RunLeft);
    }

    [Fact]
    public async Task Without_a_terminal_a_line_comes_every_five_seconds()
    {
        RunPlan plan = Examples.Planned.Plan;
        var time = new ManualTime();
        var output = new LineWriter();
        await using (var display = new ProgressDisplay(plan, terminal: null, output, time))
        {
            display.Report(new StageStarted(plan.Stages[0], 0, plan.Stages.Length, 0));
            display.Report(Step(plan.Stages[0], 1));
            Assert.Equal(TimeSpan.FromSeconds(5), time.Period);
            Assert.Equal("source: stage 1 of 7, 20000 steps of 64 samples", await output.NextAsync());
            time.Tick();
            Assert.StartsWith("source [1/7]: step 1/20000, loss 1.5000, 128 samples/s", await output.NextAsync());
            display.Report(new Notice("Look."));
            Assert.Equal("Look.", await output.NextAsync());
        }
    }

    private static StepDone Step(StagePlan stage, long step) =>
        new(stage.Name, step, stage.Steps, new StepResult(1.5, 1.5, double.NaN, double.NaN, 1, 1e-4), 0.1, 0.2, 0.2, 128);
}
