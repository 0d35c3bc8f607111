using System.Collections.Concurrent;
using ActorTrain.Actors;
using ActorTrain.Host.Results;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ActorTrain.Host.Progress;

/// <summary>Shows a run while it goes on: live bars on a terminal, a plain line every five seconds elsewhere.</summary>
public sealed class ProgressDisplay : IProgress<RunEvent>, IAsyncDisposable
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RedrawEvery = TimeSpan.FromMilliseconds(250);

    private readonly RunProgress _progress;
    private readonly RunPlan _plan;
    private readonly IAnsiConsole? _terminal;
    private readonly TextWriter _output;
    private readonly TimeProvider _time;
    private readonly Lock _writing = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _showing;

    /// <summary>Starts showing.</summary>
    /// <param name="plan">The plan of the run.</param>
    /// <param name="terminal">The terminal to draw on; null to write plain lines.</param>
    /// <param name="output">Where plain lines go.</param>
    /// <param name="time">The clock.</param>
    public ProgressDisplay(RunPlan plan, IAnsiConsole? terminal, TextWriter output, TimeProvider time)
    {
        _progress = new RunProgress(plan);
        _plan = plan;
        _terminal = terminal;
        _output = output;
        _time = time;
        _showing = terminal is null ? WriteLinesAsync() : DrawAsync(terminal);
    }

    /// <summary>Starts showing on standard output, live if it is a terminal.</summary>
    public static ProgressDisplay Start(RunPlan plan, TimeProvider time) =>
        new(plan, Console.IsOutputRedirected ? null : AnsiConsole.Console, Console.Out, time);

    /// <inheritdoc/>
    public void Report(RunEvent value)
    {
        _progress.Report(value);
        string? line = value switch
        {
            StageStarted { StepsDone: > 0 } started => $"{started.Plan.Name}: goes on after step {started.StepsDone}",
            StageStarted { Plan.Steps: > 0 } started => $"{started.Plan.Name}: stage {started.Index + 1} of {started.Count}, {started.Plan.Steps} steps of {started.Plan.BatchSize} images",
            CheckpointSaved saved when _terminal is null => $"{saved.Stage}: checkpoint at step {saved.Step}",
            StageFinished finished => Summary(finished.Result),
            Notice notice => notice.Text,
            _ => null,
        };
        if (line is not null)
            WriteLine(line);
    }

    /// <summary>Stops showing; what was shown stays.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _showing;
        _stop.Dispose();
    }

    /// <summary>What a plain line tells about the stage that runs, after its name.</summary>
    public static string Describe(ProgressView view) =>
        DescribeStage(view) + (view.RunLeft is { } left ? $", {ResultTable.Duration(left.TotalSeconds)} for the run" : "");

    private static string DescribeStage(ProgressView view)
    {
        if (view.Evaluating is { } evaluating)
            return $"evaluating {evaluating}";
        if (double.IsNaN(view.Loss))
            return "preparing";
        string left = view.StageLeft is { } stage ? $", {ResultTable.Duration(stage.TotalSeconds)} left" : "";
        return $"step {view.Step}/{view.Steps}, loss {view.Loss:0.0000}, {view.ImagesPerSecond:0} images/s, "
            + $"waits {view.DataWait:0%} data {view.TeacherWait:0%} teacher{left}";
    }

    private static string Summary(StageResult result)
    {
        string accuracy = result.TestAccuracy is { } test ? $", test accuracy {test:0.000}" : "";
        string distance = result.Distance is { } moved ? $", ‖θ_init − θ‖₂ {moved:0.00}" : "";
        return $"{result.Stage}: done in {ResultTable.Duration(result.Seconds)}{accuracy}{distance}";
    }

    private void WriteLine(string line)
    {
        // Lines of the run's threads and of the ticker must not run into each other.
        lock (_writing)
        {
            if (_terminal is null)
                _output.WriteLine(line);
            else
                _terminal.WriteLine(line);
        }
    }

    private async Task WriteLinesAsync()
    {
        using var ticks = new PeriodicTimer(LineEvery, _time);
        while (await TickAsync(ticks))
        {
            if (_progress.View() is { } view)
                WriteLine($"{view.Name} [{view.Number}/{view.Count}]: {Describe(view)}");
        }
    }

    private async Task DrawAsync(IAnsiConsole terminal)
    {
        var status = new StatusColumn();
        await terminal.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 20 }, status)
            .StartAsync(async context =>
            {
                ProgressTask run = context.AddTask(Markup.Escape(_plan.Name), maxValue: Math.Max(1, _plan.Stages.Sum(stage => stage.Steps)));
                ProgressTask stage = context.AddTask("…", maxValue: 1);
                using var ticks = new PeriodicTimer(RedrawEvery, _time);
                while (await TickAsync(ticks))
                    Redraw(run, stage, status);
            });
    }

    private void Redraw(ProgressTask run, ProgressTask stage, StatusColumn status)
    {
        if (_progress.View() is not { } view)
            return;
        stage.Description = Markup.Escape(view.Name);
        stage.MaxValue = Math.Max(1, view.Steps);
        stage.Value = view.Step;
        status.Texts[stage.Id] = DescribeStage(view);
        run.Value = _plan.Stages.Take(view.Number - 1).Sum(done => done.Steps) + view.Step;
        string left = view.RunLeft is { } time ? $", {ResultTable.Duration(time.TotalSeconds)} left" : "";
        status.Texts[run.Id] = $"stage {view.Number} of {view.Count}{left}";
    }

    private async ValueTask<bool> TickAsync(PeriodicTimer ticks)
    {
        try
        {
            return await ticks.WaitForNextTickAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>The text beside a bar; written by the ticker and read by Spectre's drawing thread.</summary>
    private sealed class StatusColumn : ProgressColumn
    {
        public ConcurrentDictionary<int, string> Texts { get; } = [];

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(Texts.GetValueOrDefault(task.Id, ""));
    }
}
