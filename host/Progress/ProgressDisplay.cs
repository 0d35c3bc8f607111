using ActorTrain.Actors;
using ActorTrain.Host.Results;
using Spectre.Console;

namespace ActorTrain.Host.Progress;

/// <summary>Shows a run while it goes on: live bars on a terminal, a plain line every five seconds elsewhere.</summary>
public sealed class ProgressDisplay : IProgress<RunEvent>, IAsyncDisposable
{
    private readonly RunProgress _progress;
    private readonly RunPlan _plan;
    private readonly bool _plain;
    private readonly LiveDisplay _display;

    /// <summary>Starts showing.</summary>
    /// <param name="plan">The plan of the run.</param>
    /// <param name="terminal">The terminal to draw on; null to write plain lines.</param>
    /// <param name="output">Where plain lines go.</param>
    /// <param name="time">The clock.</param>
    public ProgressDisplay(RunPlan plan, IAnsiConsole? terminal, TextWriter output, TimeProvider time)
    {
        _progress = new RunProgress(plan);
        _plan = plan;
        _plain = terminal is null;
        _display = new LiveDisplay(terminal, output, time, Bars, Line);
    }

    /// <summary>Starts showing on standard output, live if it is a terminal.</summary>
    public static ProgressDisplay Start(RunPlan plan, TimeProvider time) =>
        new(plan, Console.IsOutputRedirected ? null : AnsiConsole.Console, Console.Out, time);

    /// <inheritdoc/>
    public void Report(RunEvent value)
    {
        _progress.Report(value);
        if (LineFor(value) is { } line && (_plain || value is not CheckpointSaved))
            _display.WriteLine(line);
    }

    /// <summary>The line that tells of an event; null for one that comes too often for that.</summary>
    public static string? LineFor(RunEvent happened) => happened switch
    {
        StageStarted { StepsDone: > 0 } started => $"{started.Plan.Name}: goes on after step {started.StepsDone}",
        StageStarted { Plan.Steps: > 0 } started => $"{started.Plan.Name}: stage {started.Index + 1} of {started.Count}, {started.Plan.Steps} steps of {started.Plan.BatchSize} samples",
        CheckpointSaved saved => $"{saved.Stage}: checkpoint at step {saved.Step}",
        StageFinished finished => Summary(finished.Result),
        Notice notice => notice.Text,
        _ => null,
    };

    /// <summary>Stops showing; what was shown stays.</summary>
    public ValueTask DisposeAsync() => _display.DisposeAsync();

    /// <summary>What a plain line tells about the stage that runs, after its name.</summary>
    public static string Describe(ProgressView view) =>
        DescribeStage(view) + (view.RunLeft is { } left ? $", {ResultTable.Duration(left.TotalSeconds)} for the run" : "");

    /// <summary>What is told about a stage that runs: its step, loss, speed and time left.</summary>
    public static string DescribeStage(ProgressView view)
    {
        if (view.Evaluating is { } evaluating)
            return $"evaluating {evaluating}";
        if (double.IsNaN(view.Loss))
            return "preparing";
        string left = view.StageLeft is { } stage ? $", {ResultTable.Duration(stage.TotalSeconds)} left" : "";
        return $"step {view.Step}/{view.Steps}, loss {view.Loss:0.0000}, {view.SamplesPerSecond:0} samples/s, "
            + $"waits {view.DataWait:0%} data {view.TeacherWait:0%} teacher{left}";
    }

    private static string Summary(StageResult result)
    {
        string scores = ClassificationScores.Of(result) is { } test ? $", test accuracy {test.Accuracy:0.000}, macro-F1 {test.MacroF1:0.000}" : "";
        string distance = result.Distance is { } moved ? $", ‖θ_init − θ‖₂ {moved:0.00}" : "";
        return $"{result.Stage}: done in {ResultTable.Duration(result.Seconds)}{scores}{distance}";
    }

    private string? Line() => _progress.View() is { } view ? $"{view.Name} [{view.Number}/{view.Count}]: {Describe(view)}" : null;

    private IReadOnlyList<Bar> Bars()
    {
        if (_progress.View() is not { } view)
            return [];
        long stepsBefore = _plan.Stages.Take(view.Number - 1).Sum(done => done.Steps);
        string left = view.RunLeft is { } time ? $", {ResultTable.Duration(time.TotalSeconds)} left" : "";
        return
        [
            new Bar(_plan.Name, stepsBefore + view.Step, _plan.Stages.Sum(stage => stage.Steps), $"stage {view.Number} of {view.Count}{left}"),
            new Bar(view.Name, view.Step, view.Steps, DescribeStage(view)),
        ];
    }
}
