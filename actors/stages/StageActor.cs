using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Stages;

/// <summary>What a node's part of a stage shall be now.</summary>
/// <param name="Record">What is known of the run.</param>
/// <param name="Train">Whether this node trains the stage.</param>
/// <param name="Evaluate">Whether this node evaluates its model.</param>
/// <param name="Replicas">Other nodes' disks that a checkpoint must lie on before it counts.</param>
internal sealed record StageOrder(RunRecord Record, bool Train, bool Evaluate, int Replicas);

/// <summary>
/// One node's part of one stage: opens what the node's roles need, starts their actors, heals those that crash or stop, passes requests
/// on to them, and reports to the node how things stand. Everything but the student is a pure function of the plan, so a fresh actor
/// takes the place of a lost one and the result is the same.
/// </summary>
internal sealed partial class StageActor : ReceiveActor, IWithStash
{
    public const string Loader = "data-loader";
    public const string Masker = "masker";
    public const string Teacher = "teacher";
    public const string Student = "student";
    public const string Evaluator = "evaluator";

    /// <summary>Crashes without a step in between after which the stage gives up.</summary>
    private const int MaxCrashes = 20;

    private readonly RunContext _run;
    private readonly StageContext _stage;
    private readonly HashSet<string> _begun = [];
    private readonly Dictionary<string, Props> _props = [];
    private readonly Queue<DataSplit> _toEvaluate = [];
    private readonly CancellationTokenSource _stop;
    private readonly CancellationToken _end; // of what this stage opens, fetches and copies
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StageOrder _order;
    private StageReport _report;
    private StageContext? _data;
    private CheckpointWritten? _toReplicate;
    private bool _replicating;
    private StudentEnded? _toHandOn;
    private IActorRef _retiring = ActorRefs.Nobody;
    private int _crashes;

    public StageActor(RunContext run, StagePlan plan, int index, StageOrder order)
    {
        (_run, _order) = (run, order);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(run.Cancel);
        _end = _stop.Token;
        _stage = new StageContext { Run = run, Plan = plan, Index = index, Fingerprint = plan.Fingerprint() };
        _report = new StageReport { Stage = index, Plan = _stage.Fingerprint };
        Receive<StageOrder>(changed =>
        {
            _order = changed;
            _stage.Held.Counted = Record.Checkpoint?.Step;
            if (changed.Record.Stages[index].Trained is not null)
                _report = _report with { Training = false };
            Reconcile();
            if (changed.Train)
                HandOnAgain();
        });
        Receive<Opened>(opened =>
        {
            opened.Start();
            Reconcile();
            Stash.UnstashAll();
        });
        Receive<InputRequest>(request => Pass(Loader, request.Key.Plan, request));
        Receive<BlockRequest>(request => Pass(Loader, request.Key.Plan, request));
        Receive<SamplesRequest>(request => Pass(Loader, request.Key.Plan, request));
        Receive<BatchRequest>(request => Pass(Masker, request.Key.Plan, request));
        Receive<TargetRequest>(request => Pass(Teacher, request.Key.Plan, request));
        Receive<StepTaken>(taken =>
        {
            _crashes = 0;
            _report = _report with { Steps = taken.Step + 1 };
        });
        Receive<CheckpointWritten>(written =>
        {
            _toReplicate = written;
            ReplicateCheckpoint();
        });
        Receive<CountedCheckpoint>(counted =>
        {
            _replicating = false;
            Report(_report with { Checkpoint = counted });
            ReplicateCheckpoint();
            Retire();
        });
        Receive<NotCounted>(written =>
        {
            _replicating = false;
            _toReplicate ??= written.Checkpoint;
        });
        Receive<StudentEnded>(AfterTraining);
        Receive<NotHandedOn>(model => _toHandOn = model.Ended);
        Receive<TrainedModel>(trained => Report(_report with { Trained = trained, Training = false }));
        Receive<EvaluatorReady>(_ => AskForEvaluation());
        Receive<EvaluationDone>(done =>
        {
            if (!_toEvaluate.TryPeek(out var split) || split != done.Split)
                return;
            _toEvaluate.Dequeue();
            Report(_report with { Evaluations = [.. _report.Evaluations, done] });
            if (_toEvaluate.Count > 0)
                AskForEvaluation();
            else
                Context.Stop(Sender);
        });
        Receive<StageFailed>(failed =>
        {
            // Its thread has ended.
            if (Sender.Path.Name == Student)
            {
                _report = _report with { Training = false };
                Context.Stop(Sender);
            }
            Fail(failed.Sentence);
        });
        Receive<Terminated>(terminated => Replace(terminated.ActorRef));
        Receive<Status.Failure>(failure =>
        {
            if (failure.Cause is not OperationCanceledException)
                Fail(Failures.SentenceOf(failure.Cause, $"Stage '{plan.Name}'"));
        });
    }

    public IStash Stash { get; set; } = null!;

    private StagePlan Plan => _stage.Plan;

    private StageRecord Record => _order.Record.Stages[_stage.Index];

    /// <summary>Path of a stage's actor on every node.</summary>
    public static string PathOf(int index) => $"{NodeActor.Path}/stage-{index}";

    protected override void PreStart() => Reconcile();

    protected override void PostStop()
    {
        _stop.Cancel();
        _stop.Dispose();
        _stopped.SetResult();
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(error =>
    {
        if (Failures.SentenceOf(error) is { } sentence)
        {
            Self.Tell(new StageFailed(_stage.Fingerprint, sentence));
            return Directive.Stop;
        }
        // The failed child. A second student would train beside the first one's thread, which ends only after its step.
        if (Sender.Path.Name == Student)
            return Directive.Stop;
        CountCrash(error.Message);
        return Directive.Restart;
    });

    /// <summary>Starts and stops what the order asks for and what has become possible.</summary>
    private void Reconcile()
    {
        if (_report.Failure is not null)
            return;
        bool trained = Record.Trained is not null;
        bool trainKnown = Plan.Train is null || Record.Train is not null;
        if (_run.Node.Has(NodeRoles.Data))
            Begin(Loader, OpenDataAsync);
        StartData();
        if (_run.Node.Has(NodeRoles.Teacher) && Plan.Kind == StageKind.Distill && trainKnown && !trained && _order.Record.Machine is not null)
            Begin(Teacher, OpenTeacherAsync);
        if (_order.Train && trainKnown && !trained)
            BeginTraining();
        else
            Context.Child(Student).Tell(new CancelRun());
        if (_order.Evaluate && trained && trainKnown && (Plan.Test is null || Record.Test is not null))
            Begin(Evaluator, OpenEvaluatorAsync);
        if (trained)
        {
            foreach (string service in new[] { Student, Teacher, Masker })
                Context.Stop(Context.Child(service));
        }
    }

    private void BeginTraining()
    {
        if (_report.Trained is null && Begin(Student, OpenStudentAsync))
            Report(_report with { Training = true });
    }

    private void Start(string service, Props props)
    {
        _props[service] = props;
        Context.Watch(Context.ActorOf(props, service));
    }

    /// <summary>Passes a request on; one that comes while its service is being opened waits for it.</summary>
    private void Pass(string service, string stage, object request)
    {
        if (stage != _stage.KeyName)
            return;
        var child = Context.Child(service);
        if (!child.IsNobody())
            child.Forward(request);
        else if (_begun.Contains(service == Masker ? Loader : service) && !_props.ContainsKey(service))
            Stash.Stash();
    }

    private void Replace(IActorRef actor)
    {
        string service = actor.Path.Name;
        bool done = service switch
        {
            Student => !_report.Training,
            Evaluator => _toEvaluate.Count == 0,
            Loader => false,
            _ => Record.Trained is not null,
        };
        if (done && service == Student)
            _begun.Remove(Student);
        if (done || _report.Failure is not null)
            return;
        if (service == Student)
        {
            Fail($"The student of stage '{Plan.Name}' was stopped; run the same command again to resume.");
            return;
        }
        Start(service, _props[service]);
        CountCrash("it was stopped");
    }

    private void CountCrash(string reason)
    {
        if (++_crashes > MaxCrashes)
            Self.Tell(new StageFailed(_stage.Fingerprint, $"An actor of stage '{Plan.Name}' failed {_crashes} times in a row ({reason.TrimEnd('.')}); this is a defect, please report it."));
        else
            _run.Events.Report(new Notice($"An actor of stage '{Plan.Name}' was replaced ({reason.TrimEnd('.')}); the result does not change."));
    }

    // An evaluator that crashed after its last answer is ready once more when nothing is left to ask.
    private void AskForEvaluation()
    {
        if (_toEvaluate.TryPeek(out var split))
            Context.Child(Evaluator).Tell(new EvaluationRequest(_stage.Fingerprint, split));
    }

    private void Fail(string sentence)
    {
        if (_report.Failure is not null)
            return;
        // A student that is left saves what it has, and only then is this over.
        var student = Context.Child(Student);
        student.Tell(new CancelRun());
        Report(_report with { Failure = sentence, Training = _report.Training && !student.IsNobody() });
    }

    private void Report(StageReport report)
    {
        _report = report;
        Context.Parent.Tell(report);
    }
}
