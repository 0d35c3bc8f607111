using ActorTrain.Actors.Files;
using ActorTrain.Actors.Messages;
using ActorTrain.Actors.Stages;
using Akka.Actor;

namespace ActorTrain.Actors.Cluster;

// How a node that leaves finishes, and hands on what the run cannot do without.
internal sealed partial class NodeActor
{
    private IActorRef _leaver = ActorRefs.Nobody;
    private bool _handsOn;

    /// <summary>This node shall take no more work; answered with <see cref="Idle"/> when it has none and others hold what it held.</summary>
    internal sealed record Leave;

    /// <summary>The answer to <see cref="Leave"/>.</summary>
    internal sealed record Idle;

    private void ReceiveLeave()
    {
        Receive<Leave>(_ =>
        {
            _leaver = Sender;
            // Of two that leave at the same time, each finds out that the other one's copy will not stay.
            Context.Child(FileServerActor.Name).Tell(new FileServerActor.TakeNoMore());
            // First the coordinator must know why the student ends, so that it waits for the last checkpoint.
            Report();
            if (_order is not null && _order.RunId == _record?.RunId)
                Reconcile(_order);
        });
        Receive<HandedOn>(_ => _leaver.Tell(new Idle()));
    }

    /// <summary>Sees to it that a node that stays has each model, log and checkpoint that the run may ask for and that this node has.</summary>
    private void HandOn()
    {
        if (_handsOn)
            return;
        _handsOn = true;
        var (run, record, system) = (_run, _record, Context.System);
        var needed = run is { Clustered: true } && record is not null ? Needed(record) : [];
        Task.Run(async () =>
        {
            foreach (var (files, folder) in needed.Where(needed => needed.Files.Files.All(file => run!.Files.TryFind(file.Sha256, out string? _))))
                await HandOnAsync(run!, new HoldFiles(files, $"{record!.RunId}/{folder}", run!.Epoch, record.RunId, run.Node.Root + FileServerActor.Path, 0), system);
        }).PipeTo(Self, Self, () => new HandedOn(), _ => new HandedOn());
    }

    private static async Task HandOnAsync(RunContext run, HoldFiles order, ActorSystem system)
    {
        var options = new FetchOptions { Time = run.Options.Time, Notice = text => run.Events.Report(new Notice(text)) };
        await Replication.ReplicateAsync(order, 1, run.Nodes.FileServers(system), options, run.Cancel);
    }

    /// <summary>What the run may ask for, and the folders that replicas of it have in a run folder.</summary>
    private List<(FileSet Files, string Folder)> Needed(RunRecord record)
    {
        List<(FileSet, string)> needed = [.. record.Inputs.Select(input => (input.Files, StageModels.ReplicaOf(input.Files)))];
        for (int index = 0; index < record.Stages.Length; index++)
        {
            string stage = record.Plan.Stages[index].Name;
            if (record.Stages[index].Trained is { } trained)
            {
                needed.Add((trained.Model, StageModels.ReplicaOf(trained.Model)));
                if (trained.Log is { } log)
                    needed.Add((log, StageModels.LogReplicaOf(stage)));
            }
            // What this node's own student saved last may be newer than the record that came last.
            else if ((_reports.GetValueOrDefault(index)?.Checkpoint ?? record.Stages[index].Checkpoint) is { } checkpoint)
            {
                needed.Add((checkpoint.Files, StageModels.CheckpointReplicaOf(stage, checkpoint.Step)));
            }
        }
        return needed;
    }

    private sealed record HandedOn;
}
