using ActorTrain.Actors.Messages;
using ActorTrain.Model;
using Akka.Actor;

namespace ActorTrain.Actors.Stages;

/// <summary>
/// Carries out one stage: makes its actors, heals those that crash or stop, evaluates the model and writes the result. Everything
/// but the student is a pure function of the plan, so a fresh actor takes the place of a lost one and the result is the same.
/// </summary>
internal sealed class StageActor : ReceiveActor
{
    public const string Loader = "data-loader";
    public const string Masker = "masker";
    public const string Teacher = "teacher";
    public const string Student = "student";
    public const string Evaluator = "evaluator";

    /// <summary>Crashes without a step in between after which the stage gives up.</summary>
    private const int MaxCrashes = 20;

    private readonly RunContext _run;
    private readonly StagePlan _plan;
    private readonly int _index;
    private readonly string _fingerprint;
    private readonly Queue<DataSplit> _toEvaluate = [];
    private readonly Dictionary<DataSplit, EvaluationDone> _evaluations = [];
    private StageContext? _stage;
    private TrainingTotals _totals = new(0, 0, 0, 0, 0, 0);
    private long _trained;
    private int _crashes;
    private bool _cancelled;
    private bool _ended;

    public StageActor(RunContext run, StagePlan plan, int index)
    {
        (_run, _plan, _index, _fingerprint) = (run, plan, index, plan.Fingerprint());
        _trained = run.Options.Time.GetTimestamp();
        Receive<StageContext>(Begin);
        Receive<StepTaken>(_ => _crashes = 0);
        Receive<StudentEnded>(AfterTraining);
        Receive<EvaluatorReady>(_ => AskForEvaluation());
        Receive<EvaluationDone>(done =>
        {
            if (!_toEvaluate.TryPeek(out var split) || split != done.Split)
                return;
            _toEvaluate.Dequeue();
            _evaluations[split] = done;
            if (_toEvaluate.Count > 0)
                AskForEvaluation();
            else
                Finish();
        });
        Receive<StageResult>(result => End(new StageDone(result)));
        Receive<StageFailed>(failed => End(failed));
        Receive<CancelRun>(_ => Cancel());
        Receive<Terminated>(terminated => Replace(terminated.ActorRef));
        Receive<Status.Failure>(failure => End(failure.Cause is OperationCanceledException ? new StageStopped(_fingerprint) : new StageFailed(_fingerprint, Failures.SentenceOf(failure.Cause)
            ?? $"Stage '{plan.Name}' failed ({failure.Cause.GetType().Name}: {failure.Cause.Message.TrimEnd('.')}).")));
    }

    protected override void PreStart() => StageContext.OpenAsync(_run, _plan, _index, _run.Cancel).PipeTo(Self, Self);

    protected override void PostStop()
    {
        if (_stage is not null)
            _run.Work.Add(_stage.DisposeAsync().AsTask());
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(error =>
    {
        if (Failures.SentenceOf(error) is { } sentence)
        {
            Self.Tell(new StageFailed(_fingerprint, sentence));
            return Directive.Stop;
        }
        // The failed child. A second student would train beside the first one's thread, which ends only after its step.
        if (Sender.Path.Name == Student)
            return Directive.Stop;
        CountCrash(error.Message);
        return Directive.Restart;
    });

    private void Begin(StageContext stage)
    {
        _stage = stage;
        if (_cancelled)
        {
            End(new StageStopped(_fingerprint));
            return;
        }
        Start(Loader);
        if (!stage.Trains)
        {
            _run.Events.Report(new StageStarted(_plan, _index, _run.StageCount, 0));
            BeginEvaluation();
            return;
        }
        Start(Masker);
        if (_plan.Kind == StageKind.Distill)
            Start(Teacher);
        Start(Student);
    }

    private void Start(string role)
    {
        var stage = _stage!;
        var props = role switch
        {
            Loader => Props.Create(() => new DataLoaderActor(stage)),
            Masker => Props.Create(() => new MaskerActor(stage)),
            Teacher when _plan.Targets == TargetMode.Cached => Props.Create(() => new CachedTeacherActor(stage)),
            Teacher => Props.Create(() => new LiveTeacherActor(stage)),
            Student => Props.Create(() => new StudentActor(stage)),
            _ => Props.Create(() => new EvaluatorActor(stage)),
        };
        Context.Watch(Context.ActorOf(props, role));
    }

    private void Replace(IActorRef actor)
    {
        string role = actor.Path.Name;
        if (_ended || (role is Student or Masker or Teacher && _totals.Steps == _plan.Steps))
            return;
        if (role == Student)
        {
            End(new StageFailed(_fingerprint, $"The student of stage '{_plan.Name}' was stopped; run the same command again to resume."));
            return;
        }
        CountCrash("it was stopped");
        Start(role);
    }

    private void CountCrash(string reason)
    {
        if (++_crashes > MaxCrashes)
            Self.Tell(new StageFailed(_fingerprint, $"An actor of stage '{_plan.Name}' failed {_crashes} times in a row ({reason.TrimEnd('.')}); this is a defect, please report it."));
        else
            _run.Events.Report(new Notice($"An actor of stage '{_plan.Name}' was replaced ({reason.TrimEnd('.')}); the result does not change."));
    }

    private void AfterTraining(StudentEnded ended)
    {
        _totals = ended.Totals;
        _trained = _run.Options.Time.GetTimestamp();
        if (!ended.Complete || _cancelled)
        {
            End(new StageStopped(_fingerprint));
            return;
        }
        foreach (var child in Context.GetChildren().Where(child => child.Path.Name != Loader))
            Context.Stop(child);
        BeginEvaluation();
    }

    private void BeginEvaluation()
    {
        if (_stage!.Classifies && _stage.Test is not null)
            _toEvaluate.Enqueue(DataSplit.Test);
        if (_plan.Kind == StageKind.Finetune)
            _toEvaluate.Enqueue(DataSplit.Train);
        if (_toEvaluate.Count > 0)
            Start(Evaluator);
        else
            Finish();
    }

    // An evaluator that crashed after its last answer is ready once more when nothing is left to ask.
    private void AskForEvaluation()
    {
        if (_toEvaluate.TryPeek(out var split))
            Context.Child(Evaluator).Tell(new EvaluationRequest(_fingerprint, split, _stage!.FinalFolder));
    }

    private void Finish()
    {
        var stage = _stage!;
        var thread = _run.Work.StartThread("result");
        thread.Run(() => Result(stage)).PipeTo(Self, Self);
        thread.Dispose();
    }

    private StageResult Result(StageContext stage)
    {
        var test = _evaluations.GetValueOrDefault(DataSplit.Test);
        var train = _evaluations.GetValueOrDefault(DataSplit.Train);
        var result = new StageResult
        {
            Stage = _plan.Name,
            Kind = _plan.Kind,
            PlanFingerprint = _fingerprint,
            Steps = _totals.Steps,
            Seconds = _totals.Seconds + _run.Options.Time.GetElapsedTime(_trained).TotalSeconds,
            TrainLoss = train?.Loss,
            TrainAccuracy = train?.Accuracy,
            TestLoss = test?.Loss,
            TestAccuracy = test?.Accuracy,
            Confusion = test?.Confusion,
            Distance = stage.ReferenceFolder is null ? null : ModelFolder.EncoderDistance(stage.ReferenceFolder, stage.FinalFolder),
            ModelFolder = stage.FinalFolder,
            ModelSha256 = ModelFolder.Fingerprint(stage.FinalFolder),
            DataWaitSeconds = _totals.DataWaitSeconds,
            TeacherWaitSeconds = _totals.TeacherWaitSeconds,
            ComputeSeconds = _totals.ComputeSeconds,
            SkippedSamples = new[] { _totals.SkippedSamples, test?.SkippedSamples ?? 0, train?.SkippedSamples ?? 0 }.Max(),
        };
        _run.Folder.WriteResult(result);
        return result;
    }

    private void Cancel()
    {
        _cancelled = true;
        var student = Context.Child(Student);
        if (!student.IsNobody())
            student.Tell(new CancelRun());
        else if (_stage is not null)
            End(new StageStopped(_fingerprint));
    }

    private void End(object outcome)
    {
        if (_ended)
            return;
        _ended = true;
        Context.Parent.Tell(outcome);
    }
}
