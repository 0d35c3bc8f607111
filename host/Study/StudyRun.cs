using ActorTrain.Actors;
using ActorTrain.DataPipeline;
using ActorTrain.Model;

namespace ActorTrain.Host.Study;

/// <summary>How a study is carried out.</summary>
internal sealed record StudyOptions
{
    /// <summary>The results folder.</summary>
    public required string Results { get; init; }

    /// <summary>Stages at a time.</summary>
    public required int Parallel { get; init; }

    /// <summary>Carries a stage out.</summary>
    public required PlanExecutor Execute { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>
/// Carries a study out. Cells that have a file stay as they are; of the others every distinct stage is carried out once, and a cell's file
/// is written as soon as its last stage is finished. Used by one caller; only stages run at the same time.
/// </summary>
/// <param name="plan">The study.</param>
/// <param name="store">Where the stages are kept.</param>
/// <param name="options">How it is carried out.</param>
/// <param name="progress">Told how far it is.</param>
/// <param name="display">Told what happens.</param>
internal sealed class StudyRun(StudyPlan plan, StageStore store, StudyOptions options, StudyProgress progress, StudyDisplay display)
{
    /// <summary>How long it waits before it looks again at a stage that another process carries out.</summary>
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(5);

    private readonly CellWriter _writer = new(plan.Name, store);
    private readonly List<StudyCell> _pending = [];
    private readonly Dictionary<string, StageResult> _finished = [];
    private readonly Dictionary<string, Task<StageResult?>> _running = [];
    private readonly HashSet<string> _elsewhere = [];
    private readonly HashSet<string> _told = [];
    private readonly List<string> _failures = [];

    /// <summary>Carries it out. Cells whose stage fails are left out, and all others finished.</summary>
    /// <param name="cancel">Ends it after the current steps, with checkpoints.</param>
    /// <returns>A sentence for each stage that failed.</returns>
    /// <exception cref="RunException">A file cannot be written; the message is the sentence for the user.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled and can be resumed.</exception>
    public async Task<IReadOnlyList<string>> ExecuteAsync(CancellationToken cancel)
    {
        TakeCells();
        TakeStages();
        await WriteCellsAsync(cancel);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            while (_pending.Count + _running.Count > 0)
            {
                while (_running.Count < options.Parallel && Next() is var (cell, stage))
                    _running[stage.Stage.Identity] = CarryOutAsync(cell, stage, giveUp.Token);
                await OneEndsAsync(giveUp.Token);
                await WriteCellsAsync(giveUp.Token);
            }
            return _failures;
        }
        catch
        {
            await giveUp.CancelAsync();
            await ((Task)Task.WhenAll(_running.Values)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <summary>Takes the cells that are done, and says of files that do not count why.</summary>
    private void TakeCells()
    {
        foreach (StudyCell cell in plan.Cells)
        {
            string file = StudyFiles.FileOf(options.Results, cell);
            CellResult? result = StudyFiles.ReadCell(file, out string? fault);
            if (result?.Identity == cell.Identity)
            {
                progress.Done(cell, result);
                continue;
            }
            if (fault is not null)
                display.Say($"{file} is damaged ({fault}); the cell is done again.");
            else if (result is not null)
                display.Say($"{file} was made with another configuration; the cell is done again.");
            _pending.Add(cell);
            progress.Need(cell);
        }
    }

    private void TakeStages()
    {
        foreach (StudyStage stage in _pending.SelectMany(cell => cell.Stages).Select(named => named.Stage).DistinctBy(stage => stage.Identity))
        {
            if (store.ResultOf(stage) is { } result)
                Take(stage, result);
        }
    }

    private void Take(StudyStage stage, StageResult result)
    {
        _finished[stage.Identity] = result;
        progress.End(stage, result);
        store.RemoveRemains(stage);
    }

    /// <summary>The stage to begin with: one that can be carried out now, of the first cell that has one.</summary>
    private (StudyCell Cell, NamedStage Stage)? Next()
    {
        foreach (StudyCell cell in _pending)
        {
            foreach (NamedStage named in cell.Stages)
            {
                string identity = named.Stage.Identity;
                if (!_finished.ContainsKey(identity) && !_running.ContainsKey(identity) && !_elsewhere.Contains(identity)
                    && named.Stage.Inputs.All(_finished.ContainsKey))
                    return (cell, named);
            }
        }
        return null;
    }

    /// <summary>Null when another process carries the stage out.</summary>
    private async Task<StageResult?> CarryOutAsync(StudyCell cell, NamedStage named, CancellationToken cancel)
    {
        string title = $"{cell.Title}: {named.ShortName}";
        var events = new Telling(progress.Begin(cell, named.Stage, title), happened => display.Tell(title, happened));
        StageResult? result = null;
        try
        {
            result = (await options.Execute(store.PlanOf(named.Stage), store.FolderOf(named.Stage), events, cancel)).Single();
        }
        catch (FolderInUseException)
        {
            if (_told.Add(named.Stage.Identity))
                display.Say($"{title}: another process carries this stage out; its result is waited for.");
        }
        catch (Exception error) when (error is RunException or DataException or ModelException)
        {
            throw new RunException($"{title}: {error.Message}", error);
        }
        finally
        {
            progress.End(named.Stage, result);
        }
        return result;
    }

    /// <summary>Waits until a stage ends, or until it is time to look at those again that another process carries out.</summary>
    private async Task OneEndsAsync(CancellationToken cancel)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task again = _elsewhere.Count > 0 ? Task.Delay(LookAgainAfter, options.Time, waiting.Token) : Task.Delay(Timeout.InfiniteTimeSpan, waiting.Token);
        Task first = await Task.WhenAny([again, .. _running.Values]);
        await waiting.CancelAsync();
        if (first == again)
        {
            cancel.ThrowIfCancellationRequested();
            _elsewhere.Clear();
            return;
        }
        string identity = _running.Single(stage => stage.Value == first).Key;
        _running.Remove(identity, out Task<StageResult?>? ended);
        try
        {
            if (await ended! is { } result)
                Take(plan.Stages[identity], result);
            else
                _elsewhere.Add(identity);
        }
        catch (RunException error)
        {
            _failures.Add(error.Message);
            display.Say(error.Message);
            foreach (StudyCell cell in _pending.Where(cell => cell.Stages.Any(named => named.Stage.Identity == identity)).ToList())
            {
                _pending.Remove(cell);
                progress.LeaveOut(cell);
            }
        }
    }

    private async Task WriteCellsAsync(CancellationToken cancel)
    {
        foreach (StudyCell cell in _pending.Where(cell => cell.Stages.All(named => _finished.ContainsKey(named.Stage.Identity))).ToList())
        {
            CellResult result = await _writer.ComposeAsync(cell, _finished, options.Time.GetUtcNow(), cancel);
            StudyFiles.WriteCell(StudyFiles.FileOf(options.Results, cell), result);
            _pending.Remove(cell);
            progress.Done(cell, result);
        }
    }

    /// <summary>Tells the progress, then the display.</summary>
    private sealed class Telling(Progress.RunProgress progress, Action<RunEvent> tell) : IProgress<RunEvent>
    {
        public void Report(RunEvent value)
        {
            progress.Report(value);
            tell(value);
        }
    }
}
