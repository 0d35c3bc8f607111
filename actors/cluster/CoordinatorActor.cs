using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Cluster;

/// <summary>What a coordinator works with.</summary>
/// <param name="Nodes">The cluster's nodes.</param>
/// <param name="Folder">Where results and the journal are written.</param>
/// <param name="Journal">What it decided, for people.</param>
/// <param name="Events">Told what happens in one process; null in a cluster, whose clients ask for it.</param>
/// <param name="Time">The clock.</param>
/// <param name="Replicas">Other nodes' disks that records and checkpoints must lie on before they count, if there are so many.</param>
/// <param name="AllowMixed">Whether machines that compute other last bits may take part.</param>
internal sealed record CoordinatorOptions(NodeMap Nodes, RunFolder Folder, Journal Journal, IProgress<RunEvent>? Events, TimeProvider Time,
    int Replicas = 0, bool AllowMixed = false);

/// <summary>
/// Decides who does what. It knows how far the run is (the record) and how the nodes stand (their reports), and says how things should
/// be (the order). Whatever it learns, it compares the three again: nothing depends on the order in which messages come.
/// </summary>
internal sealed partial class CoordinatorActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    /// <summary>How long a node may take to report before others are chosen without it, and before a missing one is spoken of.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly CoordinatorOptions _options;
    private readonly TaskCompletionSource<IReadOnlyList<StageResult>>? _outcome;
    private readonly Dictionary<string, NodeReport> _reports = [];
    private readonly Dictionary<string, string> _refused = [];
    private readonly Dictionary<int, Assignment> _evaluations = [];
    private readonly Dictionary<int, long> _evaluationsBegan = [];
    private RunRecord _record;
    private Assignment? _training;
    private RunOrder? _order;
    private RunRecord? _told;
    private readonly long _began;
    private string? _waitsFor;
    private long _waitsSince;
    private string? _failure;
    private bool _cancelled;
    private bool _ended;

    /// <param name="options">What it works with.</param>
    /// <param name="record">How far the run is, under this coordinator's epoch.</param>
    /// <param name="outcome">Told the run's end in one process; null in a cluster.</param>
    public CoordinatorActor(CoordinatorOptions options, RunRecord record, TaskCompletionSource<IReadOnlyList<StageResult>>? outcome)
    {
        (_options, _record, _outcome) = (options, record, outcome);
        _began = options.Time.GetTimestamp();
        Receive<NodeReport>(report =>
        {
            if (report.Epoch > _record.Epoch)
            {
                Context.Parent.Tell(new Superseded());
                return;
            }
            // A node that was started again is another one.
            foreach (string former in _reports.Keys.Where(name => name != report.Node && AddressOf(name) == AddressOf(report.Node)).ToList())
                _reports.Remove(former);
            _reports[report.Node] = report;
            if (report.Failure is { } failure)
                Refuse(report.Node, failure);
            if (report.RunId == _record.RunId && Fits(report))
                TakeIn(report);
            Reconcile();
        });
        Receive<RecordAnswer>(answer =>
        {
            if (answer.Record is { } other && _record.With(other) is var merged && merged != _record)
                _record = merged with { Sequence = _record.Sequence + 1 };
            Reconcile();
        });
        Receive<CancelRun>(_ =>
        {
            _cancelled = true;
            Reconcile();
        });
        Receive<Tick>(_ =>
        {
            Reconcile();
            Tell();
        });
        ReceiveClients();
    }

    /// <summary>Told to the parent when the run is done or has failed.</summary>
    internal sealed record Ended(bool Failed);

    /// <summary>Told to the parent when a node has seen a higher epoch.</summary>
    internal sealed record Superseded;

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>What the run waits for, as a sentence's object; null while it goes on.</summary>
    private string? WaitsFor
    {
        get => _waitsFor;
        set
        {
            if (value is null)
                _waitsSince = 0;
            else if (_waitsSince == 0)
                _waitsSince = _options.Time.GetTimestamp();
            if (_waitsFor == value || (value is not null && _options.Time.GetElapsedTime(_waitsSince) < Patience))
                return;
            Report(new Notice(value is null ? "The run goes on." : $"The run waits for {value}."));
            _waitsFor = value;
        }
    }

    protected override void PreStart()
    {
        for (int index = 0; index < _record.Stages.Length; index++)
        {
            if (_record.Stages[index].Result is { } result)
                Report(new StageFinished(result, index, _record.Stages.Length));
        }
        Timers.StartPeriodicTimer("beat", new Tick(), TimeSpan.Zero, Beat);
    }

    /// <summary>A coordinator does not survive its own errors: the run ends, and the same command resumes it.</summary>
    protected override void PreRestart(Exception reason, object message)
    {
        _outcome?.TrySetException(new RunException(Stages.Failures.SentenceOf(reason, "The run"), reason));
        base.PreRestart(reason, message);
    }

    protected override void PostRestart(Exception reason)
    {
    }

    protected override void PostStop() => _outcome?.TrySetException(new RunException("The run's coordinator was stopped; run the same command again to resume."));

    /// <summary>Takes what a node reports into the record.</summary>
    private void TakeIn(NodeReport report)
    {
        foreach (var stage in report.Stages.Where(stage => stage.Plan == _record.Plan.Stages[stage.Stage].Fingerprint()))
        {
            var known = _record.Stages[stage.Stage];
            if (Differs(known.Train, stage.Train) || Differs(known.Test, stage.Test))
            {
                Refuse(report.Node, $"The data of stage '{_record.Plan.Stages[stage.Stage].Name}' on {report.Node} is not the data that the run began with; give the node the same files.");
                continue;
            }
            bool trains = _training == new Assignment(stage.Stage, report.Node);
            if (_training is null && stage.Training && known.Trained is null)
                (_training, trains) = (new Assignment(stage.Stage, report.Node), true);
            var news = known with { Train = known.Train ?? stage.Train, Test = known.Test ?? stage.Test };
            // Only the node that was told to train commits: one that was paused and has been replaced comes too late.
            if (trains && stage.Checkpoint is { } checkpoint && checkpoint.Step > (known.Checkpoint?.Step ?? 0))
                news = news with { Checkpoint = checkpoint };
            if (trains && known.Trained is null && stage.Trained is not null)
            {
                news = news with { Trained = stage.Trained };
                _training = null;
            }
            foreach (var done in stage.Evaluations.Where(done => known.Result is null && news.Evaluations.All(other => other.Split != done.Split)))
                news = news with { Evaluations = [.. news.Evaluations, done.Split == DataSplit.Test ? done : done with { Confusion = [] }] };
            if (stage.Failure is { } sentence)
                TakeFailure(report, stage.Stage, sentence);
            Change(stage.Stage, news);
        }
    }

    /// <summary>Whether a machine computes the bits that the run began with.</summary>
    private bool Fits(NodeReport report)
    {
        if (_options.AllowMixed || _record.Machine is null || report.Machine == _record.Machine)
            return true;
        Refuse(report.Node, NodeActor.MachineSentence(report.Node, report.Machine, _record.Machine));
        return false;
    }

    private static bool Differs(DataSetInfo? known, DataSetInfo? seen) => known is not null && seen is not null && !known.Equals(seen);

    /// <summary>A failure ends the run if it is the student's or evaluator's, or if no other node can take the failed one's place.</summary>
    private void TakeFailure(NodeReport report, int stage, string sentence)
    {
        bool essential = _training == new Assignment(stage, report.Node) || _evaluations.GetValueOrDefault(stage)?.Node == report.Node;
        bool replaceable = Services(stage).Intersect(report.Roles).All(role => Candidates(role).Any(other => other.Node != report.Node));
        if (essential || !replaceable)
            Fail(sentence);
        else
            Refuse(report.Node, sentence);
    }

    private void Refuse(string node, string sentence)
    {
        if (_refused.TryAdd(node, sentence))
            Report(new Notice($"Node {node} takes no part: {sentence}"));
    }

    private void Change(int stage, StageRecord news)
    {
        if (news.Equals(_record.Stages[stage]))
            return;
        var stages = _record.Stages.ToArray();
        stages[stage] = news;
        _record = _record with { Sequence = _record.Sequence + 1, Stages = stages };
    }

    /// <summary>Compares how things are with how they should be, and tells the nodes what has changed.</summary>
    private void Reconcile()
    {
        if (_ended)
            return;
        try
        {
            Advance();
        }
        catch (Exception error) when (Stages.Failures.SentenceOf(error) is { } sentence)
        {
            Fail(sentence);
        }
    }

    private void Advance()
    {
        foreach (int stage in _record.ActiveStages.ToList())
            FinishStage(stage);
        BeginEvaluationStage();
        AssignEvaluations();
        AssignTraining();
        if (_order is null || Changed(_order))
            Tell();
        if (_record.Stages.All(stage => stage.Result is not null) && Kept)
            End(outcome => outcome.TrySetResult([.. _record.Stages.Select(stage => stage.Result!)]));
        else if (_cancelled && Idle)
            Cancelled();
    }

    /// <summary>Tells every node how things should be, and the record to those that do not have it.</summary>
    private void Tell()
    {
        _told = _record;
        _order = new RunOrder
        {
            RunId = _record.RunId,
            Epoch = _record.Epoch,
            Training = ToTrain,
            AsBefore = AsBefore,
            Evaluations = [.. _evaluations.Values],
            Refused = [.. _refused.Select(refused => new RefusedNode(refused.Key, refused.Value))],
            Replicas = _options.Replicas,
            AllowMixed = _options.AllowMixed,
            Number = (_order?.Number ?? 0) + 1,
        };
        foreach (var node in _options.Nodes.All)
        {
            bool holds = _reports.Values.Any(report => node.Is(report.Node) && Holds(report));
            Context.ActorSelection(node.Root + NodeActor.Path).Tell(holds ? _order : _order with { Record = _record });
        }
    }

    private bool Changed(RunOrder order) => order.Training != ToTrain || order.AsBefore != AsBefore || _record.IsNewerThan(_told) || order.Refused.Length != _refused.Count
        || !order.Evaluations.SequenceEqual(_evaluations.Values);

    private void FinishStage(int index)
    {
        var (plan, stage) = (_record.Plan.Stages[index], _record.Stages[index]);
        if (stage.Trained is not { } trained || !plan.Evaluations.All(split => stage.Evaluations.Any(done => done.Split == split)))
            return;
        double evaluated = _evaluationsBegan.Remove(index, out long began) ? _options.Time.GetElapsedTime(began).TotalSeconds : 0;
        _evaluations.Remove(index);
        var result = StageResult.Of(plan, stage, trained, evaluated, _options.Folder.FinalModel(plan));
        _options.Folder.WriteResult(result);
        _options.Journal.Append("stage-finished", plan.Name, result.ModelSha256);
        Change(index, stage with { Result = result, Evaluations = [] });
        Report(new StageFinished(result, index, _record.Stages.Length));
    }

    /// <summary>A stage that only evaluates has its model from the beginning.</summary>
    private void BeginEvaluationStage()
    {
        int index = _record.NextToTrain;
        if (index < _record.Stages.Length && !_record.Plan.Stages[index].Trains && _record.FilesOf(_record.Plan.Stages[index].Initial) is { } files)
            Change(index, _record.Stages[index] with { Trained = new TrainedModel(files, new TrainingTotals(0, 0, 0, 0, 0, 0), null, null) });
    }

    private void AssignEvaluations()
    {
        foreach (int index in _record.ActiveStages.Where(index => _record.Stages[index].Trained is not null))
        {
            if (_evaluations.TryGetValue(index, out var assigned) && Usable(assigned.Node))
                continue;
            _evaluations.Remove(index);
            // Beside the student only if there is no other node.
            if (Candidates(NodeRoles.Evaluator).OrderBy(node => node.Roles.Contains(NodeRoles.Student)).FirstOrDefault() is not { } node)
                continue;
            _evaluations[index] = new Assignment(index, node.Node);
            _evaluationsBegan.TryAdd(index, _options.Time.GetTimestamp());
        }
    }

    private void AssignTraining()
    {
        int next = _record.NextToTrain;
        if (_cancelled || next == _record.Stages.Length || !_record.Plan.Stages[next].Trains)
        {
            _training = null;
            WaitsFor = Missing(next);
            return;
        }
        if (_training is { } training && (training.Stage != next || !(Usable(training.Node) || HandsOn(training))))
            _training = null;
        if (_training is null && Heard(NodeRoles.Student))
        {
            // A model is not evaluated and the next one trained on one node at the same time. Who does not know the plan yet does not know its device.
            var node = Candidates(NodeRoles.Student).FirstOrDefault(node => node.RunId == _record.RunId && _evaluations.Values.All(evaluation => evaluation.Node != node.Node));
            if (node is not null)
            {
                _training = new Assignment(next, node.Node);
                if (_record.Machine is null)
                    _record = _record with { Machine = node.Machine, Sequence = _record.Sequence + 1 };
                _options.Journal.Append("stage-started", _record.Plan.Stages[next].Name, _record.Plan.Stages[next].Fingerprint());
            }
        }
        WaitsFor = Missing(next);
    }

    /// <summary>Who is told to train: nobody while a student hands on.</summary>
    private Assignment? ToTrain => _training is { } training && HandsOn(training) ? null : _training;

    /// <summary>Whether a student that trains shall go on, although it was not told to by this coordinator.</summary>
    private bool AsBefore => _training is null && !_cancelled && !Heard(NodeRoles.Student);

    /// <summary>Whether the student of a node that leaves has not ended yet, or its last checkpoint does not count yet.</summary>
    private bool HandsOn(Assignment training) => _reports.TryGetValue(training.Node, out var report) && report.Leaving
        && report.Stages.Any(stage => stage.Stage == training.Stage && stage.Training) && _options.Nodes.All.Any(member => member.Is(training.Node));

    /// <summary>The node that is missing for the next stage, or null.</summary>
    private string? Missing(int next)
    {
        bool trains = next < _record.Stages.Length && _record.Plan.Stages[next].Trains;
        string[] roles = trains ? [NodeRoles.Student, .. Services(next)] : [NodeRoles.Evaluator, NodeRoles.Data];
        return roles.FirstOrDefault(role => !Candidates(role).Any()) is { } missing && _record.ActiveStages.Any()
            ? $"a node with the role {missing}; start one with: actortrain node --roles {missing}"
            : null;
    }

    /// <summary>The roles that a stage's student or evaluator asks.</summary>
    private string[] Services(int stage) => _record.Plan.Stages[stage].Kind == StageKind.Distill ? [NodeRoles.Data, NodeRoles.Teacher] : [NodeRoles.Data];

    /// <summary>Whether every node with a role has reported, or has had the time to: one of them may be at work for a former coordinator.</summary>
    private bool Heard(string role) => _options.Time.GetElapsedTime(_began) > Patience
        || _options.Nodes.All.Where(node => node.Reachable && node.Roles.Contains(role)).All(node => _reports.Keys.Any(node.Is));

    private IEnumerable<NodeReport> Candidates(string role) => _reports.Values.Where(node => node.Roles.Contains(role) && !node.Leaving && Usable(node.Node));

    /// <summary>Whether a node is a member, and this start of it the last one.</summary>
    private bool Usable(string node) => !_refused.ContainsKey(node) && _reports.TryGetValue(node, out var report) && !report.Leaving
        && _options.Nodes.All.Any(member => member.Is(node));

    /// <summary>Whether the record lies on as many other disks as it should.</summary>
    private bool Kept => _reports.Values.Count(Holds) >= Math.Min(_options.Replicas + 1, _reports.Values.Count(report => Usable(report.Node)));

    private bool Holds(NodeReport report) => Usable(report.Node) && report.RunId == _record.RunId
        && (report.RecordEpoch, report.RecordSequence) == (_record.Epoch, _record.Sequence);

    /// <summary>Whether every node has heard of the last order and none trains.</summary>
    private bool Idle => _order is not null && _reports.Values.Where(report => Usable(report.Node))
        .All(report => report.Order == _order.Number && report.Stages.All(stage => !stage.Training));

    private static string AddressOf(string node) => node.Split('/')[0];

    private void Cancelled()
    {
        _options.Journal.Append("run-cancelled");
        End(outcome => outcome.TrySetCanceled());
    }

    private void Fail(string sentence)
    {
        if (_ended)
            return;
        _failure = sentence;
        _training = null;
        try
        {
            _options.Journal.Append("run-failed", null, sentence);
        }
        catch (RunException)
        {
            // The disk that failed may be the journal's own.
        }
        End(outcome => outcome.TrySetException(new RunException(sentence)));
    }

    private void End(Action<TaskCompletionSource<IReadOnlyList<StageResult>>> tell)
    {
        _ended = true;
        if (_outcome is not null)
            tell(_outcome);
        else
            Context.Parent.Tell(new Ended(_failure is not null));
    }

    private sealed record Tick;
}
