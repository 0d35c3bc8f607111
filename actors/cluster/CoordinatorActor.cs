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
    private RunRecord _record;
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
            if (answer.Record is { } later && later.RunId != _record.RunId && later.IsNewerThan(_record))
            {
                Context.Parent.Tell(new Superseded());
                return;
            }
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

    /// <summary>Told to the parent when a node has seen a higher epoch or a later run.</summary>
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
