using System.Security.Cryptography;
using ActorTrain.Actors.Messages;
using Akka.Actor;
using MessagePack;

namespace ActorTrain.Actors.Cluster;

/// <summary>
/// The cluster's singleton: finds out what is under way, goes on with it under a higher epoch, and takes new runs from clients. It keeps
/// nothing itself: the record lies with the nodes.
/// </summary>
internal sealed class RunKeeperActor : ReceiveActor, IWithTimers, IWithStash
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>How often a silent node is asked before it is done without. Counted and not timed: a process that was stopped blames nobody.</summary>
    private const int Patience = 10;

    private readonly NodeMap _nodes;
    private readonly NodeDisk _disk;
    private readonly NodeOptions _options;
    private readonly Dictionary<string, RecordAnswer> _answers = [];
    private IActorRef _run = ActorRefs.Nobody;
    private string? _runId;
    private int _asked;
    private bool _ended;
    private bool _failed;
    private string? _trouble;

    public RunKeeperActor(NodeMap nodes, NodeDisk disk, NodeOptions options)
    {
        (_nodes, _disk, _options) = (nodes, disk, options);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public IStash Stash { get; set; } = null!;

    protected override void PreStart() => AskNodes();

    // What it knew lies with the nodes.
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ =>
    {
        Self.Tell(new CoordinatorActor.Superseded(), Sender);
        return Directive.Stop;
    });

    private void AskNodes()
    {
        _answers.Clear();
        _asked = 0;
        Timers.StartPeriodicTimer("ask", new AskSilent(), TimeSpan.Zero, AskAgain);
        Become(TakingOver);
    }

    /// <summary>Collects the records of the nodes; the one under the highest epoch counts, and what the others know beyond it.</summary>
    private void TakingOver()
    {
        Receive<AskSilent>(_ =>
        {
            var nodes = _nodes.All;
            var silent = nodes.Where(node => !_answers.Keys.Any(node.Is)).ToList();
            bool all = nodes.Count > 0 && !silent.Exists(node => node.Reachable);
            if (all || _asked++ == Patience)
                TakeOver();
            else
                Ask(silent);
        });
        Receive<RecordAnswer>(answer => _answers[answer.Node] = answer);
        Receive<SubmitRun>(_ => Stash.Stash());
        ReceiveAny(_ => Sender.Tell(new ClusterNotReady(_trouble ?? "A new coordinator takes over.")));
    }

    private static void Ask(IEnumerable<MemberNode> nodes)
    {
        foreach (var node in nodes)
            Context.ActorSelection(node.Root + NodeActor.Path).Tell(new RecordRequest());
    }

    private void TakeOver()
    {
        Become(Ready);
        var records = _answers.Values.Select(answer => answer.Record).OfType<RunRecord>().ToList();
        if (records.Aggregate((RunRecord?)null, (best, record) => record.IsNewerThan(best) ? record : best) is { } newest)
            Begin(records.Aggregate(newest, (record, other) => record.With(other)));
        else
            Timers.StartPeriodicTimer("ask", new AskAll(), AskAgain * Patience);
        if (_trouble is null)
            Stash.UnstashAll();
    }

    private void Ready()
    {
        Receive<SubmitRun>(Submit);
        Receive<NewRun>(created =>
        {
            // Asked twice, or two clients at once: the first one counts.
            if (_runId != created.Record.RunId && (_runId is null || _ended))
                Begin(created.Record);
            Sender.Tell(_runId == created.Record.RunId ? new RunAccepted(created.Record.RunId) : Busy());
        });
        Receive<RunRefused>(refused => Sender.Tell(refused));
        Receive<CoordinatorActor.Ended>(ended => (_ended, _failed) = (true, ended.Failed));
        // Another coordinator has reigned meanwhile.
        Receive<CoordinatorActor.Superseded>(_ =>
        {
            if (Sender.Equals(_run))
                AskNodes();
        });
        // Without a run: a node that was silent, or not there, may know of one.
        Receive<AskAll>(_ => Ask(_nodes.All));
        Receive<RecordAnswer>(answer =>
        {
            if (_runId is not null || answer.Record is null)
                return;
            AskNodes();
            _answers[answer.Node] = answer;
        });
        ReceiveAny(message =>
        {
            if (!_run.IsNobody())
                _run.Forward(message);
            else if (message is StatusRequest)
                Sender.Tell(new ClusterStatus(null, 0, null, [.. _nodes.All.Select(node => CoordinatorActor.MemberOf(node, null))]));
            else if (message is FollowRun)
                Sender.Tell(new RunRefused("The cluster carries out no run; submit one."));
        });
    }

    private void Submit(SubmitRun submitted)
    {
        string runId = IdOf(submitted.Plan);
        if (runId == _runId)
        {
            // A higher epoch tells the nodes to try again what failed.
            if (_failed)
                AskNodes();
        }
        else if (_runId is not null && !_ended)
        {
            Sender.Tell(Busy());
            return;
        }
        else
        {
            var (self, sender) = (Self, Sender);
            TrainingRun.InputsAsync(submitted.Plan, _disk.Files).PipeTo(self, sender,
                inputs => new NewRun(RunRecord.Begin(runId, 0, submitted.Plan, inputs) with { Submitted = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() }), error => new RunRefused(Stages.Failures.SentenceOf(error) ?? error.Message));
            return;
        }
        Sender.Tell(new RunAccepted(runId));
    }

    private RunRefused Busy() => new($"The cluster carries out run {_runId}; wait for its end, or use another cluster.");

    /// <summary>Goes on with a run under an epoch above all that was seen; epochs grow over all runs.</summary>
    private void Begin(RunRecord record)
    {
        Context.Stop(_run);
        _run = ActorRefs.Nobody;
        long highest = _answers.Values.Select(answer => answer.Epoch).Append(record.Epoch).Append(_disk.Fence.HighestOfAll).Max();
        // Two halves of a cluster may take over at the same time: their epochs must not be the same.
        long epoch = highest + Random.Shared.Next(1, 1000);
        var raised = record with { Epoch = epoch, Sequence = record.Sequence + 1 };
        try
        {
            _disk.Fence.Raise(record.RunId, epoch);
            var folder = _disk.Open(raised);
            var options = new CoordinatorOptions(_nodes, folder, new Journal(folder.Journal, TimeProvider.System, epoch), null, TimeProvider.System,
                _options.Replicas, _options.AllowMixed);
            _run = Context.ActorOf(Props.Create(() => new CoordinatorActor(options, raised, null)), $"run-{epoch}");
            // One that was complete before this start of the cluster does not keep the next one waiting.
            (_runId, _ended, _failed, _trouble) = (record.RunId, record.Stages.All(stage => stage.Result is not null), false, null);
            Timers.Cancel("ask");
        }
        catch (RunException error)
        {
            // Of this node's disk; it is tried again, and clients are told.
            _trouble = error.Message;
            AskNodes();
        }
    }

    /// <summary>The same plan is the same run, whoever submits it.</summary>
    private static string IdOf(RunPlan plan)
    {
        byte[] deciding = MessagePackSerializer.Serialize(plan with { Stages = [.. plan.Stages.Select(stage => stage.Deciding())] });
        string name = string.Concat(plan.Name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-'));
        return $"{name}-{Convert.ToHexStringLower(SHA256.HashData(deciding))[..8]}";
    }

    private sealed record AskSilent;

    private sealed record AskAll;

    private sealed record NewRun(RunRecord Record);
}
