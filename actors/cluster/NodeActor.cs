using ActorTrain.Actors.Files;
using ActorTrain.Actors.Messages;
using ActorTrain.Actors.Stages;
using Akka.Actor;

namespace ActorTrain.Actors.Cluster;

/// <summary>Where a node keeps its runs.</summary>
internal interface INodeRuns
{
    /// <summary>Opens a run on this node; the same run again as it is.</summary>
    RunContext Open(RunRecord record);

    /// <summary>Writes a record to the disk.</summary>
    void Keep(RunRecord record);

    /// <summary>The highest epoch that this node has seen, in this life or an earlier one.</summary>
    long HighestEpoch { get; }
}

/// <summary>
/// A node's part of a run: follows the coordinator's orders, keeps its record, and tells it how things stand. An order says how things
/// should be, so a repeated one changes nothing, and one that was lost is made up for by the next.
/// </summary>
internal sealed partial class NodeActor : ReceiveActor, IWithTimers
{
    public const string Name = "node";
    public const string Path = "/user/" + Name;

    private static readonly TimeSpan EventInterval = TimeSpan.FromMilliseconds(200);

    private readonly NodeIdentity _node;
    private readonly INodeRuns _runs;
    private readonly Dictionary<int, IActorRef> _stages = [];
    private readonly Dictionary<int, StageReport> _reports = [];
    private readonly Dictionary<int, long> _failedUnder = [];
    private readonly List<RunEventMessage> _events = [];
    private IActorRef _coordinator = ActorRefs.Nobody;
    private RunRecord? _record;
    private RunContext? _run;
    private RunOrder? _order;
    private string? _refusal;
    private string? _failure;
    private long _epoch;

    /// <param name="node">This node.</param>
    /// <param name="record">The record that lies on its disk, or null.</param>
    /// <param name="runs">Where its runs are kept.</param>
    /// <param name="files">Makes its file server; null in one process.</param>
    /// <param name="coordinator">Leads to the coordinator, for clients; null in one process.</param>
    /// <param name="leave">Has this node leave the cluster, for clients; null in one process.</param>
    public NodeActor(NodeIdentity node, RunRecord? record, INodeRuns runs, Props? files = null, IActorRef? coordinator = null, Action? leave = null)
    {
        (_node, _record, _runs) = (node, record, runs);
        _epoch = runs.HighestEpoch;
        Receive<RunOrder>(Follow);
        Receive<RecordRequest>(_ => Sender.Tell(new RecordAnswer(node.Name, _epoch, _record)));
        Receive<StageReport>(report =>
        {
            // What a stopped stage still had to say is past.
            if (!Sender.Equals(_stages.GetValueOrDefault(report.Stage)))
                return;
            _reports[report.Stage] = report;
            if (report.Failure is not null)
                _failedUnder.TryAdd(report.Stage, _epoch);
            Report();
        });
        ReceiveLeave();
        Receive<Terminated>(terminated => Gone(terminated.ActorRef));
        Receive<RunEvent>(Remember);
        Receive<Flush>(_ => SendEvents());
        if (files is not null)
            Context.ActorOf(files, FileServerActor.Name);
        if (coordinator is not null && leave is not null)
            ReceiveClients(coordinator, leave);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer("events", new Flush(), EventInterval);

    private void ReceiveClients(IActorRef coordinator, Action leave)
    {
        var cluster = Akka.Cluster.Cluster.Get(Context.System);
        Receive<SubmitRun>(Ask);
        Receive<FollowRun>(Ask);
        Receive<StatusRequest>(Ask);
        Receive<LeaveNode>(request => WithMember(request.Address, member =>
        {
            // Only the node itself can finish what it does.
            if (member != cluster.SelfAddress)
                Context.ActorSelection(ClusterConfiguration.RootOf(request.Address) + Path).Tell(request, Sender);
            else
            {
                leave();
                Sender.Tell(new MembershipAnswer(null));
            }
        }));
        Receive<DownNode>(request => WithMember(request.Address, member =>
        {
            cluster.Down(member);
            Sender.Tell(new MembershipAnswer(null));
        }));

        void Ask(object request)
        {
            if (cluster.State.Members.Any(member => member.HasRole(NodeRoles.Coordinator)))
                coordinator.Forward(request);
            else
                Sender.Tell(new ClusterNotReady("The cluster waits for a node with the role coordinator."));
        }

        void WithMember(string address, Action<Address> act)
        {
            if (cluster.State.Members.FirstOrDefault(member => ClusterConfiguration.AddressOf(member.Address) == address) is { } member)
                act(member.Address);
            else
                Sender.Tell(new MembershipAnswer($"No member of the cluster has the address {address}; see cluster status."));
        }
    }

    // Of many steps only the last one is news.
    private void Remember(RunEvent happened)
    {
        if (RunEventMessages.Of(happened) is not { } message)
            return;
        if (message.Kind == RunEventKind.StepDone && _events.Count > 0 && _events[^1].Kind == RunEventKind.StepDone)
            _events.RemoveAt(_events.Count - 1);
        _events.Add(message);
    }

    private void SendEvents()
    {
        if (_events.Count == 0 || _coordinator.IsNobody())
            return;
        _coordinator.Tell(new EventReport([.. _events]));
        _events.Clear();
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(error =>
    {
        if (Sender.Path.Name == FileServerActor.Name)
            return Directive.Restart;
        Fail(IndexOf(Sender), Failures.SentenceOf(error, $"Stage {IndexOf(Sender)}"));
        return Directive.Stop;
    });

    private void Follow(RunOrder order)
    {
        // The file server may have heard of a later epoch first. Epochs grow over all runs of a cluster.
        _epoch = Math.Max(_epoch, _runs.HighestEpoch);
        if (order.Epoch >= _epoch)
        {
            _coordinator = Sender;
            _epoch = order.Epoch;
            try
            {
                Adopt(order);
                _failure = null;
            }
            catch (Exception error) when (error is RunException or StaleEpochException)
            {
                // Of a disk; the next order tries again.
                _failure = error.Message;
            }
        }
        Report(Sender);
    }

    private void Adopt(RunOrder order)
    {
        if (order.Record is { } record && record.IsNewerThan(_record))
        {
            if (record.RunId != _record?.RunId)
                Close();
            // It comes from a part of the cluster that this node was cut off from; the coordinator takes in what it does not know.
            else if (record.With(_record) != record)
                Sender.Tell(new RecordAnswer(_node.Name, _epoch, _record));
            _runs.Keep(record);
            _record = record;
        }
        // The coordinator did not know of this later run when it took over.
        else if (order.Record is { } earlier && earlier.RunId != _record!.RunId)
            Sender.Tell(new RecordAnswer(_node.Name, _epoch, _record));
        _order = order;
        if (_record?.RunId == order.RunId)
            Reconcile(order);
    }

    private void Reconcile(RunOrder order)
    {
        if (order.Refused.FirstOrDefault(refused => refused.Node == _node.Name) is { } refusal)
        {
            Refuse(refusal.Sentence);
            return;
        }
        if (!order.AllowMixed && _record!.Machine is { } machine && machine != Machine)
        {
            Refuse(MachineSentence(_node.Name, Machine, machine));
            return;
        }
        _run ??= _runs.Open(_record!);
        _run.Epoch = _epoch;
        var active = _record!.ActiveStages.ToHashSet();
        foreach (int index in _stages.Keys.Where(index => !active.Contains(index) || FailedBefore(index)).ToList())
            Stop(index);
        foreach (int index in active)
        {
            bool trains = Mine(order.Training, index) || (order.AsBefore && _reports.TryGetValue(index, out var report) && report.Training);
            var part = new StageOrder(_record, trains, order.Evaluations.Any(assignment => Mine(assignment, index)), order.Replicas);
            if (_stages.TryGetValue(index, out var stage))
                stage.Tell(part);
            else if (Context.Child($"stage-{index}").IsNobody() && !_reports.ContainsKey(index))
                Start(index, part);
        }
    }

    /// <summary>Why a node of another kind of machine must not serve a run.</summary>
    public static string MachineSentence(string node, string machine, string wanted) =>
        $"Node {node} computes on '{machine}' and the run began on '{wanted}', whose last bits may differ; "
            + "take a machine of the same kind, or set cluster.allow-mixed = true and give bit-identical results up.";

    /// <summary>What decides the bits of this node's part of the run.</summary>
    private string Machine => $"{_node.Machine?.On(_node.Device ?? _record?.Plan.Stages[0].Device ?? "cpu")}";

    private void Refuse(string sentence)
    {
        Close();
        if (sentence != _refusal)
            _runs.Open(_record!).Events.Report(new Notice(_refusal = sentence));
    }

    /// <summary>Whether a stage failed under an earlier reign: a new one tries again, once no student of the failed attempt is left.</summary>
    private bool FailedBefore(int stage) => _reports.GetValueOrDefault(stage) is { Failure: not null, Training: false } && _failedUnder.GetValueOrDefault(stage) < _epoch;

    private void Start(int index, StageOrder part)
    {
        var (run, plan) = (_run!, _record!.Plan.Stages[index]);
        _stages[index] = Context.Watch(Context.ActorOf(Props.Create(() => new StageActor(run, plan, index, part)), $"stage-{index}"));
    }

    // A node that leaves takes no work.
    private bool Mine(Assignment? assignment, int stage) =>
        assignment is not null && assignment.Stage == stage && assignment.Node == _node.Name && _leaver.IsNobody();

    private void Stop(int index)
    {
        _reports.Remove(index);
        _failedUnder.Remove(index);
        if (_stages.Remove(index, out var stage))
            Context.Stop(Context.Unwatch(stage));
    }

    private void Close()
    {
        foreach (int index in _stages.Keys.Concat(_reports.Keys).ToHashSet())
            Stop(index);
        _run = null;
    }

    // A stage that stops unasked may leave a training thread behind that still writes; it is not started a second time.
    private void Gone(IActorRef child)
    {
        int index = IndexOf(child);
        _stages.Remove(index);
        Fail(index, $"Stage '{_record!.Plan.Stages[index].Name}' was stopped; run the same command again to resume.");
    }

    private void Fail(int stage, string sentence)
    {
        if (_reports.GetValueOrDefault(stage)?.Failure is not null)
            return;
        _reports[stage] = new StageReport { Stage = stage, Plan = _record!.Plan.Stages[stage].Fingerprint(), Failure = sentence };
        _failedUnder[stage] = _epoch;
        Report();
    }

    private void Report()
    {
        Report(_coordinator);
        if (!_leaver.IsNobody() && _reports.Values.All(report => !report.Training))
            HandOn();
    }

    private void Report(IActorRef coordinator) => coordinator.Tell(new NodeReport
    {
        Node = _node.Name,
        Roles = [.. _node.Roles],
        Machine = Machine,
        Epoch = _epoch,
        RunId = _record?.RunId,
        RecordEpoch = _record?.Epoch ?? 0,
        RecordSequence = _record?.Sequence ?? 0,
        Stages = [.. _reports.Values],
        Leaving = !_leaver.IsNobody(),
        Work = _run is null ? [] : [.. new[] { _run.DataMeter, _run.TeacherMeter }.Select(meter => meter.Read()).Where(work => _node.Has(work.Role))],
        Order = _order?.Number ?? 0,
        Failure = _failure,
    });

    private sealed record Flush;

    private static int IndexOf(IActorRef stage) => int.Parse(stage.Path.Name.AsSpan("stage-".Length), System.Globalization.CultureInfo.InvariantCulture);
}
