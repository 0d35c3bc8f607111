using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Cluster;

// What clients are told of a run.
internal sealed partial class CoordinatorActor
{
    private readonly RunEventLog _log = new();
    private (string Stage, long Step) _lastStep;

    /// <summary>A member as clients see it.</summary>
    /// <param name="node">The member.</param>
    /// <param name="report">Its last report, or null.</param>
    public static ClusterMember MemberOf(MemberNode node, NodeReport? report) => new(node.Address,
        !node.Reachable ? "unreachable" : report is { Leaving: true } ? "leaving" : "up", [.. node.Roles], report?.Machine ?? "", []);

    private void ReceiveClients()
    {
        Receive<EventReport>(report =>
        {
            foreach (var happened in report.Events)
            {
                _log.Add(happened);
                if (happened.Kind == RunEventKind.StepDone)
                    _lastStep = (happened.Text, happened.Done);
            }
        });
        Receive<FollowRun>(follow => Sender.Tell(follow.Run == _record.RunId
            ? Progress(follow)
            : new RunRefused($"The cluster carries out run {_record.RunId} and not {follow.Run}; submit it again.")));
        Receive<StatusRequest>(_ => Sender.Tell(Status()));
    }

    private void Report(RunEvent happened)
    {
        _options.Events?.Report(happened);
        if (RunEventMessages.Of(happened) is { } message)
            _log.Add(message);
    }

    private RunProgress Progress(FollowRun follow)
    {
        string[] holders = [.. _options.Nodes.All.Where(node => node.Reachable).Select(node => node.Address)];
        // An evaluation's model is one that the client has: the plan names it, or an earlier stage ended with it.
        var finished = _record.Stages.Zip(_record.Plan.Stages).TakeWhile(pair => pair.First.Result is not null).Skip(follow.Finished).Select(pair =>
            new FinishedStage(pair.First.Result!, pair.Second.Trains ? pair.First.Trained?.Model : null, pair.First.Trained?.Log, holders));
        // A stage counts for clients when the record that says so is safe.
        return new RunProgress(follow.Run, _record.Epoch, _log.Last, _log.After(follow.Epoch == _record.Epoch ? follow.After : 0), Kept ? [.. finished] : [], _failure);
    }

    private ClusterStatus Status()
    {
        int next = _record.NextToTrain;
        var stage = next < _record.Stages.Length ? _record.Plan.Stages[next] : null;
        var run = new RunStatus(_record.Plan.Name, _record.Stages.Count(stage => stage.Result is not null), _record.Stages.Length, stage?.Name,
            stage is null ? 0 : StepsOf(stage), stage?.Steps ?? 0, WaitsFor, _failure);
        string? own = _options.Nodes.All.FirstOrDefault(node => node.Root.Length == 0)?.Address;
        return new ClusterStatus(own, _record.Epoch, run, [.. _options.Nodes.All.Select(node =>
        {
            var report = _reports.Values.FirstOrDefault(report => node.Is(report.Node));
            return MemberOf(node, report) with { Work = report is null ? [] : [.. Work(report)] };
        })]);
    }

    private long StepsOf(StagePlan stage) => _lastStep.Stage == stage.Name ? _lastStep.Step : 0;

    private IEnumerable<RoleWork> Work(NodeReport report)
    {
        if (_training?.Node == report.Node && _record.Plan.Stages[_training.Stage] is var trained)
            yield return new RoleWork(NodeRoles.Student, $"step {StepsOf(trained)} of {trained.Steps} of {trained.Name}", 0, 0);
        foreach (var evaluation in _evaluations.Values.Where(evaluation => evaluation.Node == report.Node))
            yield return new RoleWork(NodeRoles.Evaluator, $"evaluates {_record.Plan.Stages[evaluation.Stage].Name}", 0, 0);
        foreach (string role in report.Roles.Where(role => role is NodeRoles.Data or NodeRoles.Teacher))
            yield return report.Work.FirstOrDefault(work => work.Role == role) ?? new RoleWork(role, "idle", 0, 0);
    }
}
