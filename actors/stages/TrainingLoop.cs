using System.Globalization;
using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Messages;
using ActorTrain.Model;
using Akka.Actor;

namespace ActorTrain.Actors.Stages;

/// <summary>
/// The training itself, on the student's own thread from its first to its last step. It owns the run's only state: parameters,
/// optimiser and step. It never waits for the actor system, only for its queue.
/// </summary>
internal sealed class TrainingLoop(StageContext stage, StepQueue queue, IActorRef actor)
{
    private const string StudentKey = "student";

    private readonly StagePlan _plan = stage.Plan;
    private readonly TimeProvider _time = stage.Run.Options.Time;
    private readonly string _folder = stage.Run.Folder.Stage(stage.Plan.Name);
    private readonly Dictionary<string, string> _inputs = Inputs(stage);
    private TrainingTotals _totals = new(0, 0, 0, 0, 0, 0);
    private string? _restoredFrom; // the student that wrote the restored checkpoint

    /// <summary>Told to the actor when the student is open and its last checkpoint is restored.</summary>
    public sealed record Ready(long StepsDone);

    /// <summary>Trains to the last step and saves the model, or until the queue is closed and saves a checkpoint.</summary>
    public StudentEnded Run()
    {
        using var student = Student.Open(Options(), stage.InitialFolder);
        RunFolder.Writing(_folder, () => Directory.CreateDirectory(_folder));
        Restore(student);
        long saved = _totals.Steps;
        string checkpoint = stage.Run.Folder.Checkpoint(_plan.Name, saved);
        RestoreMetrics(checkpoint);
        using var metrics = MetricsLog.Open(stage.Run.MetricsOf(_plan.Name), _plan.Name, saved);
        using var ledger = TrainingLedger.Open(_folder, stage.Run.Epoch, saved, _restoredFrom, Path.Combine(checkpoint, TrainingLedger.Name));
        stage.Run.Events.Report(new StageStarted(_plan, stage.Index, stage.Run.StageCount, saved));
        actor.Tell(new Ready(saved));
        long started = _time.GetTimestamp();
        while (_totals.Steps < _plan.Steps && queue.TryTake(out var step))
        {
            actor.Tell(new StepTaken(stage.Fingerprint, step.Step));
            long taken = _time.GetTimestamp();
            FaultPoints.Halt(step.Step);
            FaultPoints.Reach(FaultPoints.StudentSteps);
            var result = student.Step(step.Step, step.MicroBatches);
            long ended = _time.GetTimestamp();

            double wait = Seconds(started, taken);
            double dataWait = stage.TeacherFingerprint is null ? wait : Math.Min(Seconds(started, Math.Max(started, step.BatchesAt)), wait);
            var done = new StepDone(_plan.Name, step.Step + 1, _plan.Steps, result, dataWait, wait - dataWait,
                Seconds(taken, ended), _plan.BatchSize / Seconds(started, ended));
            started = ended;
            Count(done, step.SkippedSamples);
            metrics.Append(done);
            ledger.Append(step.Step, step.BatchHashes);
            if (_totals.Steps % _plan.CheckpointEvery == 0 || _totals.Steps == _plan.Steps)
            {
                Save(student, ledger);
                saved = _totals.Steps;
            }
            stage.Run.Events.Report(done);
        }
        if (saved < _totals.Steps)
            Save(student, ledger);
        bool complete = _totals.Steps == _plan.Steps;
        if (complete)
        {
            RunFolder.Writing(stage.FinalFolder, () => student.SaveModel(stage.FinalFolder));
            ledger.Finish(_totals.Steps);
        }
        return new StudentEnded(stage.Fingerprint, complete, _totals);
    }

    private double Seconds(long from, long to) => _time.GetElapsedTime(from, to).TotalSeconds;

    private void Count(StepDone step, long skipped) => _totals = new TrainingTotals(
        step.Step,
        _totals.Seconds + step.DataWaitSeconds + step.TeacherWaitSeconds + step.ComputeSeconds,
        _totals.DataWaitSeconds + step.DataWaitSeconds,
        _totals.TeacherWaitSeconds + step.TeacherWaitSeconds,
        _totals.ComputeSeconds + step.ComputeSeconds,
        Math.Max(_totals.SkippedSamples, skipped));

    private void Save(Student student, TrainingLedger ledger)
    {
        ledger.Flush();
        var state = new TrainerState
        {
            Step = _totals.Steps,
            PlanFingerprint = stage.Fingerprint,
            Epoch = stage.Run.Epoch,
            Extra = new Dictionary<string, string>(_inputs)
            {
                [StudentKey] = ledger.Student,
                ["seconds"] = Text(_totals.Seconds),
                ["data-wait-seconds"] = Text(_totals.DataWaitSeconds),
                ["teacher-wait-seconds"] = Text(_totals.TeacherWaitSeconds),
                ["compute-seconds"] = Text(_totals.ComputeSeconds),
                ["skipped-samples"] = Text(_totals.SkippedSamples),
            },
        };
        RunFolder.Writing(_folder, () => student.SaveCheckpoint(_folder, state, _plan.Keep, stage.Held.Contains));
        FaultPoints.Reach(FaultPoints.CheckpointWritten);
        actor.Tell(new CheckpointWritten(stage.Fingerprint, _totals.Steps));
        stage.Run.Events.Report(new CheckpointSaved(_plan.Name, _totals.Steps));
    }

    private void Restore(Student student)
    {
        var state = student.RestoreLatest(_folder, warning => stage.Run.Events.Report(new Notice(warning)));
        if (state is null)
            return;
        if (state.PlanFingerprint != stage.Fingerprint)
            throw new RunException($"The checkpoints in {_folder} belong to another plan; use another run.folder.");
        if (state.Epoch > stage.Run.Epoch)
            throw new RunException($"The checkpoints in {_folder} were written by a later start of the run (epoch {state.Epoch}, this one has {stage.Run.Epoch}); start the run again.");
        foreach (var (name, fingerprint) in _inputs)
        {
            if (state.Extra.GetValueOrDefault(name) != fingerprint)
                throw new RunException($"The {name} of stage '{_plan.Name}' changed since the checkpoint in {_folder}; restore it or use another run.folder.");
        }
        _restoredFrom = state.Extra.GetValueOrDefault(StudentKey);
        _totals = new TrainingTotals(state.Step, Number("seconds"), Number("data-wait-seconds"), Number("teacher-wait-seconds"),
            Number("compute-seconds"), (long)Number("skipped-samples"));

        double Number(string name) => double.TryParse(state.Extra.GetValueOrDefault(name), CultureInfo.InvariantCulture, out double value) ? value : 0;
    }

    /// <summary>In a cluster a checkpoint may come from another node, and the metrics of its steps come with it.</summary>
    private void RestoreMetrics(string checkpoint)
    {
        string metrics = Path.Combine(checkpoint, RunFolder.MetricsName);
        if (stage.Run.Clustered && File.Exists(metrics))
            RunFolder.Replace(stage.Run.MetricsOf(_plan.Name), File.ReadAllText(metrics));
    }

    /// <summary>Fingerprints of what the plan refers to by name; a resumed stage must find them unchanged.</summary>
    private static Dictionary<string, string> Inputs(StageContext stage)
    {
        Dictionary<string, string> inputs = new()
        {
            ["training data"] = stage.Train!.Fingerprint,
            ["initial model"] = ModelFolder.Fingerprint(stage.InitialFolder),
        };
        if (stage.TeacherFingerprint is not null)
            inputs["teacher"] = stage.TeacherFingerprint;
        if (stage.AnchorFolder is not null)
            inputs["anchor"] = ModelFolder.Fingerprint(stage.AnchorFolder);
        return inputs;
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private StudentOptions Options() => new()
    {
        Objective = _plan.Kind switch
        {
            StageKind.Pretrain => Objective.MaskedAutoEncoding,
            StageKind.Distill => Objective.SelfDistillation,
            _ => Objective.Classification,
        },
        ClassNames = stage.Classifies ? stage.Train!.ClassNames : [],
        Dropout = _plan.Dropout,
        MaeWeight = _plan.MaeWeight,
        DistillTarget = _plan.DistillTarget,
        DistillReduction = _plan.DistillReduction,
        NormPixLoss = _plan.NormPixLoss,
        Regulariser = _plan.Regulariser?.ToOptions(stage.AnchorFolder),
        Consistency = _plan.Consistency?.ToOptions(),
        Contrast = _plan.Contrast?.ToOptions(),
        LearningRate = _plan.LearningRate,
        Beta1 = _plan.Beta1,
        Beta2 = _plan.Beta2,
        Epsilon = _plan.Epsilon,
        WeightDecay = _plan.WeightDecay,
        MaxGradientNorm = _plan.MaxGradientNorm,
        WarmUpSteps = _plan.WarmUpSteps,
        TotalSteps = _plan.Steps,
        Seed = _plan.Seed,
        Device = stage.Device,
        Bfloat16 = _plan.Bfloat16,
        Threads = _plan.Threads,
        PixelMean = _plan.PixelMean,
        PixelStd = _plan.PixelStd,
    };
}
