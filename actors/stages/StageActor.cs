using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Files;
using ActorTrain.Actors.Messages;
using ActorTrain.Model;
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
internal sealed class StageActor : ReceiveActor, IWithStash
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
    private StageOrder _order;
    private StageReport _report;
    private StageSources? _sources;
    private StageContext? _data;
    private CheckpointWritten? _toReplicate;
    private bool _replicating;
    private StudentEnded? _toHandOn;
    private IActorRef _retiring = ActorRefs.Nobody;
    private int _crashes;

    public StageActor(RunContext run, StagePlan plan, int index, StageOrder order)
    {
        (_run, _order) = (run, order);
        _stage = new StageContext { Run = run, Plan = plan, Index = index, Fingerprint = plan.Fingerprint() };
        _report = new StageReport { Stage = index, Plan = _stage.Fingerprint };
        Receive<StageOrder>(changed =>
        {
            _order = changed;
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
        Receive<PixelRequest>(request => Pass(Loader, request.Key.Plan, request));
        Receive<BlockRequest>(request => Pass(Loader, request.Key.Plan, request));
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
        Receive<StageFailed>(failed => Fail(failed.Sentence));
        Receive<Terminated>(terminated => Replace(terminated.ActorRef));
        Receive<Status.Failure>(failure =>
        {
            if (failure.Cause is not OperationCanceledException)
                Fail(Failures.SentenceOf(failure.Cause) ?? $"Stage '{plan.Name}' failed ({failure.Cause.GetType().Name}: {failure.Cause.Message.TrimEnd('.')}).");
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
        if (_sources is not null)
            _run.Work.Add(_sources.DisposeAsync().AsTask());
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

    /// <summary>Opens what a service needs, once; its actors start when that is done.</summary>
    private bool Begin(string service, Func<StageModels, StageRecord, Task<Action>> open)
    {
        if (!_begun.Add(service))
            return false;
        var (models, record) = (new StageModels(_run, _order.Record, Plan, Context.System), Record);
        // On the pool: reading or hashing a model must not hold the actor up.
        Task.Run(() => open(models, record)).PipeTo(Self, Self, start => new Opened(start));
        return true;
    }

    private async Task<Action> OpenDataAsync(StageModels models, StageRecord record)
    {
        var configuration = await models.ConfigurationAsync();
        var sources = await StageSources.OpenAsync(Plan, configuration, new OpeningNotices(Plan.Name, _run.Events, _run.Options.Time), _run.Cancel);
        var stage = _stage with { Train = sources.TrainInfo, Test = sources.TestInfo, Configuration = configuration, Sources = sources };
        return () =>
        {
            (_sources, _data) = (sources, stage);
            Report(_report with { Train = sources.TrainInfo, Test = sources.TestInfo });
        };
    }

    /// <summary>Nothing is served from data sets that are not known to be the run's.</summary>
    private void StartData()
    {
        if (_data is not { } stage || _props.ContainsKey(Loader) || !Equals(Record.Train, stage.Train) || !Equals(Record.Test, stage.Test))
            return;
        Start(Loader, Props.Create(() => new DataLoaderActor(stage)));
        if (Plan.Trains)
            Start(Masker, Props.Create(() => new MaskerActor(stage)));
        Stash.UnstashAll();
    }

    private async Task<Action> OpenTeacherAsync(StageModels models, StageRecord record)
    {
        var stage = _stage with
        {
            Train = record.Train,
            TeacherFolder = await models.FolderAsync(Plan.Teacher!),
            TeacherFingerprint = StageModels.WeightsOf(models.FilesOf(Plan.Teacher!)!),
        };
        return () => Start(Teacher, Plan.Targets == TargetMode.Cached
            ? Props.Create(() => new CachedTeacherActor(stage))
            : Props.Create(() => new LiveTeacherActor(stage)));
    }

    private async Task<Action> OpenStudentAsync(StageModels models, StageRecord record)
    {
        var stage = _stage with
        {
            Train = record.Train,
            InitialFolder = await models.FolderAsync(Plan.Initial),
            TeacherFingerprint = Plan.Teacher is null ? null : StageModels.WeightsOf(models.FilesOf(Plan.Teacher)!),
            FinalFolder = _run.Folder.Model(Plan.Name),
        };
        _run.Work.Add(models.SpreadAsync(Plan.Initial, _order.Replicas));
        if (record.Checkpoint is { } counted && !_run.Folder.HasCheckpointFrom(Plan.Name, counted.Step))
            await models.FetchAsync(counted.Files, _run.Folder.Checkpoint(Plan.Name, counted.Step));
        return () =>
        {
            if (_order.Train)
                Start(Student, Props.Create(() => new StudentActor(stage)));
            else
                StudentGone();
        };
    }

    private async Task<Action> OpenEvaluatorAsync(StageModels models, StageRecord record)
    {
        var stage = _stage with { Train = record.Train, Test = record.Test, FinalFolder = await models.FolderAsync(record.Trained!.Model) };
        return () =>
        {
            if (!Plan.Trains)
                _run.Events.Report(new StageStarted(Plan, _stage.Index, _run.StageCount, 0));
            foreach (var split in Plan.Evaluations.Where(split => record.Evaluations.All(done => done.Split != split)))
                _toEvaluate.Enqueue(split);
            Start(Evaluator, Props.Create(() => new EvaluatorActor(stage)));
        };
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
        CountCrash("it was stopped");
        Start(service, _props[service]);
    }

    private void CountCrash(string reason)
    {
        if (++_crashes > MaxCrashes)
            Self.Tell(new StageFailed(_stage.Fingerprint, $"An actor of stage '{Plan.Name}' failed {_crashes} times in a row ({reason.TrimEnd('.')}); this is a defect, please report it."));
        else
            _run.Events.Report(new Notice($"An actor of stage '{Plan.Name}' was replaced ({reason.TrimEnd('.')}); the result does not change."));
    }

    private void AfterTraining(StudentEnded ended)
    {
        if (!ended.Complete)
        {
            _retiring = Sender;
            Retire();
            return;
        }
        var (run, stage, order) = (_run, _stage, _order);
        var models = new StageModels(run, order.Record, Plan, Context.System);
        Task.Run(async () =>
        {
            string folder = run.Folder.Model(stage.Plan.Name);
            var files = await run.Files.AddAsync(folder);
            double? distance = stage.Plan.Reference is null ? null : ModelFolder.EncoderDistance(await models.FolderAsync(stage.Plan.Reference), folder);
            if (!run.Clustered)
                return (object)new TrainedModel(files, ended.Totals, distance, null);
            bool held = await models.ReplicateAsync(files, $"models/{StageModels.WeightsOf(files)[..16]}", order.Replicas, keep: 0);
            string logFolder = Path.Combine(run.Folder.Stage(stage.Plan.Name), "log");
            RunFolder.Writing(logFolder, () => Directory.CreateDirectory(logFolder));
            CopyLogs(run.Folder.Stage(stage.Plan.Name), logFolder);
            var log = await run.Files.AddAsync(logFolder);
            held &= await models.ReplicateAsync(log, $"stages/{stage.Plan.Name}/log", order.Replicas, keep: 0);
            return held ? new TrainedModel(files, ended.Totals, distance, log) : new NotHandedOn(ended);
        }).PipeTo(Self, Self, failure: error => error is StaleEpochException ? new NotHandedOn(ended) : new Status.Failure(error));
    }

    /// <summary>What other nodes did not take comes again with the next order, which carries the epoch of a new coordinator.</summary>
    private void HandOnAgain()
    {
        ReplicateCheckpoint();
        if (_toHandOn is { } ended)
        {
            _toHandOn = null;
            AfterTraining(ended);
        }
    }

    /// <summary>What the student saved last counts before anybody goes on from it.</summary>
    private void Retire()
    {
        if (_retiring.IsNobody() || _replicating || (_toReplicate is not null && _run.Nodes.All.Count > 1))
            return;
        // Another one begins only when this one has stopped: until then its name is taken, and its end must not pass for a crash.
        Report(_report with { Training = false });
        Context.Stop(_retiring);
        _retiring = ActorRefs.Nobody;
    }

    // The next order may ask for training again.
    private void StudentGone()
    {
        _begun.Remove(Student);
        Report(_report with { Training = false });
    }

    private void ReplicateCheckpoint()
    {
        if (_replicating || _toReplicate is not { } written || _run.Nodes.All.Count < 2)
            return;
        (_replicating, _toReplicate) = (true, null);
        var (run, stage, order) = (_run, _stage, _order);
        var models = new StageModels(run, order.Record, Plan, Context.System);
        string folder = run.Folder.Checkpoint(stage.Plan.Name, written.Step);
        Task.Run(async () =>
        {
            CopyLogs(run.Folder.Stage(stage.Plan.Name), folder);
            var files = await run.Files.AddAsync(folder);
            bool held = await models.ReplicateAsync(files, $"stages/{stage.Plan.Name}/checkpoint-{written.Step}", order.Replicas, stage.Plan.Keep);
            return held ? (object)new CountedCheckpoint(written.Step, files) : new NotCounted(written);
        }).PipeTo(Self, Self, failure: error => error is StaleEpochException || !Directory.Exists(folder) ? new NotCounted(written) : new Status.Failure(error));
    }

    /// <summary>The metrics and the ledger go with a checkpoint or model to whichever node needs it.</summary>
    private static void CopyLogs(string from, string to)
    {
        foreach (string name in new[] { RunFolder.MetricsName, TrainingLedger.Name })
        {
            if (File.Exists(Path.Combine(from, name)))
                RunFolder.Replace(Path.Combine(to, name), File.ReadAllText(Path.Combine(from, name)));
        }
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
        Report(_report with { Failure = sentence, Training = !student.IsNobody() });
    }

    private void Report(StageReport report)
    {
        _report = report;
        Context.Parent.Tell(report);
    }

    private sealed record NotCounted(CheckpointWritten Checkpoint);

    private sealed record NotHandedOn(StudentEnded Ended);

    private sealed record Opened(Action Start);
}
