using ActorTrain.Actors;
using ActorTrain.Host.Progress;
using Spectre.Console;
using LiveDisplay = ActorTrain.Host.Progress.LiveDisplay;

namespace ActorTrain.Host.Study;

/// <summary>Shows a study while it goes on: its table on a terminal, a plain line every five seconds elsewhere.</summary>
internal sealed class StudyDisplay : IAsyncDisposable
{
    private readonly bool _plain;
    private readonly LiveDisplay _display;

    /// <summary>Starts showing.</summary>
    /// <param name="plan">The study.</param>
    /// <param name="progress">How far it is.</param>
    /// <param name="terminal">The terminal to draw on; null to write plain lines.</param>
    /// <param name="output">Where plain lines go.</param>
    /// <param name="time">The clock.</param>
    public StudyDisplay(StudyPlan plan, StudyProgress progress, IAnsiConsole? terminal, TextWriter output, TimeProvider time)
    {
        _plain = terminal is null;
        _display = new LiveDisplay(terminal, output, time, () => StudyTable.Draw(plan, progress.View()), () => Line(progress.View()));
    }

    /// <summary>Starts showing on standard output, live if it is a terminal.</summary>
    public static StudyDisplay Start(StudyPlan plan, StudyProgress progress, TimeProvider time) =>
        new(plan, progress, Console.IsOutputRedirected ? null : AnsiConsole.Console, Console.Out, time);

    /// <summary>Says something that stays.</summary>
    public void Say(string sentence) => _display.WriteLine(sentence);

    /// <summary>Tells of a stage's event.</summary>
    /// <param name="title">What the stage is called.</param>
    /// <param name="happened">The event.</param>
    public void Tell(string title, RunEvent happened)
    {
        // Of a stage that runs, a terminal's table tells enough.
        if (!_plain && happened is CheckpointSaved or StageStarted)
            return;
        if (Line(title, happened) is { } line)
            _display.WriteLine(line);
    }

    /// <summary>Stops showing; lines stay, the table goes.</summary>
    public ValueTask DisposeAsync() => _display.DisposeAsync();

    private static string? Line(string title, RunEvent happened) => happened switch
    {
        StageStarted { StepsDone: 0, Plan.Steps: > 0 } started => $"{title}: {started.Plan.Steps} steps of {started.Plan.BatchSize} samples",
        StageStarted started => ProgressDisplay.LineFor(started with { Plan = started.Plan with { Name = title } }),
        CheckpointSaved saved => ProgressDisplay.LineFor(saved with { Stage = title }),
        StageFinished finished => ProgressDisplay.LineFor(finished with { Result = finished.Result with { Stage = title } }),
        Notice notice => $"{title}: {notice.Text}",
        _ => null,
    };

    /// <summary>Null while nothing runs here: of what is waited for a line has told once.</summary>
    private static string? Line(StudyView view) => view.Running.Count == 0 ? null
        : string.Join("; ", [view.Summary, .. view.Running.Select(running => $"{running.Title}: {running.Status}")]);
}
