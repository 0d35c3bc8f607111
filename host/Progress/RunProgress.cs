using ActorTrain.Actors;
using ActorTrain.Host.Planning;

namespace ActorTrain.Host.Progress;

/// <summary>What is shown of the stage that runs.</summary>
/// <param name="Name">The stage's name.</param>
/// <param name="Number">Its number in the run, from 1.</param>
/// <param name="Count">Stages of the run.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps of the stage; 0 for an evaluation.</param>
/// <param name="Loss">Loss, smoothed over the last steps; NaN before the first.</param>
/// <param name="SamplesPerSecond">Throughput, smoothed; NaN before the first step.</param>
/// <param name="DataWait">Share of the time spent waiting for batches, 0 to 1.</param>
/// <param name="TeacherWait">Share of the time spent waiting for the teacher's targets, 0 to 1.</param>
/// <param name="Evaluating">What is being evaluated and how far, or null.</param>
/// <param name="StageLeft">Time left for the stage; null before it can be told.</param>
/// <param name="RunLeft">Time left for the run; null before it can be told.</param>
public sealed record ProgressView(string Name, int Number, int Count, long Step, long Steps, double Loss, double SamplesPerSecond,
    double DataWait, double TeacherWait, string? Evaluating, TimeSpan? StageLeft, TimeSpan? RunLeft);

/// <summary>Follows a run's events; safe to call from any thread. Keeps only sums, so that a report costs the run nothing.</summary>
public sealed class RunProgress(RunPlan plan)
{
    /// <summary>The weight of the newest step in smoothed numbers.</summary>
    private const double Smoothing = 0.05;

    private readonly Lock _lock = new();
    private readonly bool _isText = PlannedRun.TakesText(plan);
    private readonly Dictionary<StageKind, double> _secondsPerSample = [];
    private readonly HashSet<string> _finished = [];
    private StagePlan? _stage;
    private int _number;
    private long _step;
    private double _loss;
    private double _secondsPerStep;
    private double _dataWait;
    private double _teacherWait;
    private string? _evaluating;

    /// <summary>Takes an event in.</summary>
    public void Report(RunEvent happened)
    {
        lock (_lock)
        {
            switch (happened)
            {
                case StageStarted started:
                    Begin(started.Plan, started.StepsDone);
                    break;
                case StepDone done:
                    // Whoever follows a cluster's run may have missed its start.
                    if (_stage?.Name != done.Stage && !_finished.Contains(done.Stage) && plan.Stages.FirstOrDefault(stage => stage.Name == done.Stage) is { } missed)
                        Begin(missed, done.Step);
                    Advance(done);
                    break;
                // A stage's model may be evaluated while the next stage trains already.
                case EvaluationAdvanced evaluation when evaluation.Stage == _stage?.Name:
                    _evaluating = $"{evaluation.DataSet} {evaluation.Done}/{evaluation.Count}";
                    break;
                case StageFinished finished:
                    _finished.Add(finished.Result.Stage);
                    if (_stage?.Name == finished.Result.Stage)
                        _stage = null;
                    break;
            }
        }
    }

    /// <summary>What to show now; null while no stage runs.</summary>
    public ProgressView? View()
    {
        lock (_lock)
        {
            if (_stage is not { } stage)
                return null;
            double? stageLeft = null, runLeft = null;
            if (!double.IsNaN(_secondsPerStep))
            {
                stageLeft = (stage.Steps - _step) * _secondsPerStep;
                runLeft = stageLeft + plan.Stages
                    .Where(other => other.Name != stage.Name && !_finished.Contains(other.Name))
                    .Sum(other => other.Steps * other.BatchSize * SecondsPerSample(other.Kind));
            }
            return new ProgressView(stage.Name, _number, plan.Stages.Length, _step, stage.Steps, _loss, stage.BatchSize / _secondsPerStep,
                _dataWait, _teacherWait, _evaluating, Span(stageLeft), Span(runLeft));
        }
    }

    private void Begin(StagePlan stage, long stepsDone)
    {
        _stage = stage;
        _number = 1 + Array.FindIndex(plan.Stages, other => other.Name == stage.Name);
        _step = stepsDone;
        _loss = _secondsPerStep = _dataWait = _teacherWait = double.NaN;
        _evaluating = null;
    }

    private void Advance(StepDone done)
    {
        if (_stage is not { } stage || stage.Name != done.Stage)
            return;
        double seconds = done.DataWaitSeconds + done.TeacherWaitSeconds + done.ComputeSeconds;
        // A cluster tells of some steps only; one stands for those before it.
        double weight = 1 - Math.Pow(1 - Smoothing, Math.Max(1, done.Step - _step));
        _step = done.Step;
        _loss = Smooth(_loss, done.Result.Loss, weight);
        _secondsPerStep = Smooth(_secondsPerStep, seconds, weight);
        _dataWait = Smooth(_dataWait, done.DataWaitSeconds / seconds, weight);
        _teacherWait = Smooth(_teacherWait, done.TeacherWaitSeconds / seconds, weight);
        _secondsPerSample[stage.Kind] = _secondsPerStep / stage.BatchSize;
        _evaluating = null;
    }

    /// <summary>Measured where a stage of that kind ran already, else by the arithmetic relative to one that did.</summary>
    private double SecondsPerSample(StageKind kind) => _secondsPerSample.TryGetValue(kind, out double measured)
        ? measured
        : _secondsPerSample.Select(known => known.Value / Cost(known.Key) * Cost(kind)).First();

    /// <summary>Arithmetic per sample relative to pre-training, for the tiny presets: of images a MAE sees a quarter only.</summary>
    private double Cost(StageKind kind) => kind switch
    {
        StageKind.Pretrain => 1,
        StageKind.Distill => _isText ? 2.3 : 3.5,
        StageKind.Finetune => _isText ? 1 : 2.5,
        _ => _isText ? 0.35 : 0.8,
    };

    private static double Smooth(double smoothed, double value, double weight) => double.IsNaN(smoothed) ? value : smoothed + weight * (value - smoothed);

    private static TimeSpan? Span(double? seconds) => seconds is { } finite && double.IsFinite(finite) ? TimeSpan.FromSeconds(finite) : null;
}
