using ActorTrain.Actors;
using ActorTrain.Host.Progress;
using ActorTrain.Host.Results;

namespace ActorTrain.Host.Study;

/// <summary>How far the seeds of one method, on one data set with one value of each swept key, are.</summary>
/// <param name="DataSet">The data set.</param>
/// <param name="Sweep">The swept keys' values.</param>
/// <param name="Method">The method.</param>
/// <param name="Done">Seeds that are done.</param>
/// <param name="Count">All seeds.</param>
/// <param name="Score">Test accuracy, of text macro-F1, of those that are done.</param>
/// <param name="Running">Whether a stage of one of them is under way.</param>
internal sealed record StudyRow(string DataSet, IReadOnlyList<string> Sweep, string Method, int Done, int Count, SeedStatistics Score, bool Running);

/// <summary>A stage that is under way.</summary>
/// <param name="Title">The first cell that needs it, and the stage's name there.</param>
/// <param name="Status">Its step, speed and time left.</param>
internal sealed record RunningStage(string Title, string Status);

/// <summary>What is shown of a study.</summary>
/// <param name="Rows">A row per data set, point of the sweep and method.</param>
/// <param name="Running">The stages that are under way.</param>
/// <param name="StagesDone">Finished stages of those that the cells still need or needed in this start of the study.</param>
/// <param name="StagesCount">All of them.</param>
/// <param name="Left">The time left; null before it can be told.</param>
internal sealed record StudyView(IReadOnlyList<StudyRow> Rows, IReadOnlyList<RunningStage> Running, int StagesDone, int StagesCount, TimeSpan? Left)
{
    /// <summary>Cells that are done.</summary>
    public int CellsDone => Rows.Sum(row => row.Done);

    /// <summary>All cells.</summary>
    public int CellsCount => Rows.Sum(row => row.Count);

    /// <summary>How far the study is, in a few words.</summary>
    public string Summary => $"{CellsDone} of {CellsCount} cells, {StagesDone} of {StagesCount} stages"
        + (Left is { } left ? $", {ResultTable.Duration(left.TotalSeconds)} left" : "");
}

/// <summary>Follows a study; safe to call from any thread.</summary>
internal sealed class StudyProgress
{
    private readonly Lock _lock = new();
    private readonly StudyPlan _plan;
    private readonly int _parallel;
    private readonly Dictionary<StudyCell, CellResult> _cells = [];
    private readonly HashSet<StudyCell> _needing = [];
    private readonly Dictionary<string, StudyStage> _needed = [];
    private readonly HashSet<string> _finished = [];
    private readonly Dictionary<string, (StudyCell Cell, string Title, RunProgress Progress)> _running = [];
    private readonly StageTimes _times = new();

    /// <param name="plan">The study.</param>
    /// <param name="parallel">Stages at a time.</param>
    public StudyProgress(StudyPlan plan, int parallel) => (_plan, _parallel) = (plan, parallel);

    /// <summary>A cell that is not done needs its stages.</summary>
    public void Need(StudyCell cell)
    {
        lock (_lock)
        {
            _needing.Add(cell);
            foreach (NamedStage named in cell.Stages)
                _needed[named.Stage.Identity] = named.Stage;
        }
    }

    /// <summary>A cell is given up: what only it needs of stages that have not begun is not waited for any more.</summary>
    public void LeaveOut(StudyCell cell)
    {
        lock (_lock)
        {
            _needing.Remove(cell);
            var others = _needing.SelectMany(other => other.Stages).Select(named => named.Stage.Identity).ToHashSet();
            foreach (string identity in cell.Stages.Select(named => named.Stage.Identity).Where(identity => !others.Contains(identity)))
            {
                if (!_finished.Contains(identity) && !_running.ContainsKey(identity))
                    _needed.Remove(identity);
            }
        }
    }

    /// <summary>A cell is done.</summary>
    public void Done(StudyCell cell, CellResult result)
    {
        lock (_lock)
            _cells[cell] = result;
    }

    /// <summary>A stage begins.</summary>
    /// <param name="cell">The first cell that needs it.</param>
    /// <param name="stage">The stage.</param>
    /// <param name="title">What it is called.</param>
    /// <returns>To be told about its events.</returns>
    public RunProgress Begin(StudyCell cell, StudyStage stage, string title)
    {
        var progress = new RunProgress(new RunPlan { Name = title, Stages = [stage.Plan] });
        lock (_lock)
            _running[stage.Identity] = (cell, title, progress);
        return progress;
    }

    /// <summary>A stage has ended.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="result">What it measured; null when it is not finished.</param>
    public void End(StudyStage stage, StageResult? result)
    {
        lock (_lock)
        {
            _running.Remove(stage.Identity);
            if (result is null || !_finished.Add(stage.Identity))
                return;
            _times.Add(stage.Plan, result.Seconds);
        }
    }

    /// <summary>What to show now.</summary>
    public StudyView View()
    {
        lock (_lock)
        {
            List<RunningStage> running = [];
            foreach ((StudyCell _, string title, RunProgress progress) in _running.Values)
                running.Add(new RunningStage(title, progress.View() is { } view ? ProgressDisplay.DescribeStage(view) : "preparing"));
            var rates = RunningRates();
            var left = _needed.Values.Where(stage => !_finished.Contains(stage.Identity)).ToDictionary(stage => stage.Identity, stage =>
                (_running.TryGetValue(stage.Identity, out var found) ? found.Progress.View()?.StageLeft?.TotalSeconds : null) ?? _times.Expected(stage.Plan, rates));
            var rows = _plan.Cells.GroupBy(cell => (cell.DataSet, Sweep: string.Join('\n', cell.Sweep.Select(swept => swept.Value)), cell.Method)).Select(cells => new StudyRow(
                cells.Key.DataSet, [.. cells.First().Sweep.Select(swept => swept.Value)], cells.Key.Method, cells.Count(_cells.ContainsKey), cells.Count(),
                SeedStatistics.Of(cells.Select(cell => _cells.GetValueOrDefault(cell)).Select(ScoreOf)), _running.Values.Any(stage => cells.Contains(stage.Cell))));
            return new StudyView([.. rows], running, _needed.Keys.Count(_finished.Contains), _needed.Count,
                left.Count > 0 && left.Values.All(seconds => seconds is not null) ? TimeSpan.FromSeconds(Left(left)) : null);
        }
    }

    /// <summary>All that is left, shared among the stages at a time; but a cell's stages go one after another, so it takes as long as the longest cell at least.</summary>
    private double Left(IReadOnlyDictionary<string, double?> stages) => Math.Max(stages.Values.Sum()!.Value / _parallel,
        _plan.Cells.Max(cell => cell.Stages.Sum(named => stages.GetValueOrDefault(named.Stage.Identity) ?? 0)));

    private static double? ScoreOf(CellResult? cell) => cell is { IsText: true } ? cell.MacroF1 : cell?.TestAccuracy;

    /// <summary>What the stages that are under way tell of their kinds, in seconds a sample.</summary>
    private Dictionary<StageKind, double> RunningRates() => _running
        .Select(stage => (_needed.GetValueOrDefault(stage.Key)?.Plan, View: stage.Value.Progress.View()))
        .Where(stage => stage.Plan is not null && stage.View is { SamplesPerSecond: > 0 })
        .GroupBy(stage => stage.Plan!.Kind, stage => 1 / stage.View!.SamplesPerSecond).ToDictionary(rates => rates.Key, rates => rates.Average());
}
