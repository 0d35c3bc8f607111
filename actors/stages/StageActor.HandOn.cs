using ActorTrain.Actors.Files;
using ActorTrain.Actors.Messages;
using ActorTrain.Model;
using Akka.Actor;

namespace ActorTrain.Actors.Stages;

// How what a student has made comes to lie on other nodes' disks as well, and counts.
internal sealed partial class StageActor
{
    private void AfterTraining(StudentEnded ended)
    {
        if (!ended.Complete)
        {
            _retiring = Sender;
            Retire();
            return;
        }
        var (run, stage, order) = (_run, _stage, _order);
        var models = new StageModels(run, order.Record, Plan, Context.System, _end);
        Task.Run(async () =>
        {
            string folder = run.Folder.Model(stage.Plan.Name);
            var machine = TrainingMachine.Here(stage.Device, stage.Plan.Threads);
            var files = await run.Files.AddAsync(folder);
            double? distance = stage.Plan.Reference is null ? null : ModelFolder.EncoderDistance(await models.FolderAsync(stage.Plan.Reference), folder);
            if (!run.Clustered)
                return (object)new TrainedModel(files, ended.Totals, distance, null, machine);
            bool held = await models.ReplicateAsync(files, StageModels.ReplicaOf(files), order.Replicas, keep: 0);
            string logFolder = Path.Combine(run.Folder.Stage(stage.Plan.Name), "log");
            RunFolder.Writing(logFolder, () => Directory.CreateDirectory(logFolder));
            CopyLogs(run.Folder.Stage(stage.Plan.Name), logFolder);
            var log = await run.Files.AddAsync(logFolder);
            held &= await models.ReplicateAsync(log, StageModels.LogReplicaOf(stage.Plan.Name), order.Replicas, keep: 0);
            return held ? new TrainedModel(files, ended.Totals, distance, log, machine) : new NotHandedOn(ended);
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
        _stage.Held.Copied = written.Step;
        var (run, stage, order) = (_run, _stage, _order);
        var models = new StageModels(run, order.Record, Plan, Context.System, _end);
        string folder = run.Folder.Checkpoint(stage.Plan.Name, written.Step);
        Task.Run(async () =>
        {
            CopyLogs(run.Folder.Stage(stage.Plan.Name), folder);
            var files = await run.Files.AddAsync(folder);
            bool held = await models.ReplicateAsync(files, StageModels.CheckpointReplicaOf(stage.Plan.Name, written.Step), order.Replicas, stage.Plan.Keep);
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

    private sealed record NotCounted(CheckpointWritten Checkpoint);

    private sealed record NotHandedOn(StudentEnded Ended);
}
