using System.Text.Json;
using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Files;
using ActorTrain.Actors.Messages;

namespace ActorTrain.Actors.Cluster;

/// <summary>
/// A node's folder: <c>record.json</c> (the newest record it was sent), <c>epochs.json</c> (the epochs it has seen) and a run folder for
/// each run. Held by one process at a time; it outlives the node's memberships.
/// </summary>
internal sealed class NodeDisk : IDisposable
{
    private readonly FileStream _lock;
    private readonly Lock _opening = new();
    private RunFolder? _run; // guarded by _opening
    private volatile RunRecord? _record; // what lies on the disk

    private NodeDisk(string root, FileStream @lock)
    {
        (Root, _lock) = (root, @lock);
        Fence = new EpochFence(Path.Combine(root, "epochs.json"));
    }

    public string Root { get; }

    /// <summary>The epochs that this node has seen.</summary>
    public EpochFence Fence { get; }

    /// <summary>The files that it can give to others.</summary>
    public NodeFiles Files { get; } = new();

    private string Record => Path.Combine(Root, "record.json");

    /// <exception cref="RunException">The folder cannot be written, or another process holds it.</exception>
    public static NodeDisk Open(string folder)
    {
        string root = Path.GetFullPath(folder);
        RunFolder.Writing(root, () => Directory.CreateDirectory(root));
        return new NodeDisk(root, RunFolder.Lock(root));
    }

    /// <summary>Offers the checkpoints and models that earlier starts of the node left on the disk; what cannot be read is not offered.</summary>
    public async Task OfferAsync(CancellationToken cancel)
    {
        foreach (string run in Directory.EnumerateDirectories(Root))
        {
            await Files.AddTreeAsync(Path.Combine(run, RunFolder.StagesName), cancel);
            await Files.AddTreeAsync(Path.Combine(run, RunFolder.ModelsName), cancel);
        }
    }

    /// <summary>
    /// Offers the models that a plan names by their folders, as far as this node has such a folder: the node that the run was submitted to
    /// may have been started again, or may be gone.
    /// </summary>
    public async Task OfferInputsAsync(RunRecord record, CancellationToken cancel)
    {
        foreach (var input in record.Inputs.Where(input => Directory.Exists(input.Location)))
        {
            try
            {
                await Files.AddModelAsync(input.Location, cancel);
            }
            catch (Exception error) when (error is RunException or OperationCanceledException)
            {
                // Then another node has it.
            }
        }
    }

    /// <summary>Whether the newest record counts on a file: another node may have to go on from it.</summary>
    public bool Needs(string sha256) =>
        _record?.Stages.Any(stage => stage.Checkpoint?.Files.Files.Any(file => file.Sha256 == sha256) == true) == true;

    /// <summary>The newest record on the disk, or null.</summary>
    /// <exception cref="RunException">It is damaged.</exception>
    public RunRecord? ReadRecord()
    {
        try
        {
            return _record = File.Exists(Record) ? JsonSerializer.Deserialize<RunRecord>(File.ReadAllText(Record), RunFolder.Json) : null;
        }
        catch (JsonException error)
        {
            throw new RunException($"{Record} is damaged ({error.Message.TrimEnd('.')}); give the node an empty folder.", error);
        }
    }

    public void WriteRecord(RunRecord record)
    {
        RunFolder.Replace(Record, JsonSerializer.Serialize(record, RunFolder.Json));
        _record = record;
    }

    /// <summary>The folder of a run on this node. The one that was open before is closed.</summary>
    public RunFolder Open(RunRecord record)
    {
        string folder = Path.Combine(Root, record.RunId);
        // The node's actor and the coordinator's may both come first.
        lock (_opening)
        {
            if (_run?.Root == folder)
                return _run;
            _run?.Dispose();
            _run = null;
            return _run = RunFolder.Open(folder, record.Plan);
        }
    }

    /// <summary>Closes the run's folder.</summary>
    public void Close()
    {
        lock (_opening)
        {
            _run?.Dispose();
            _run = null;
        }
    }

    public void Dispose()
    {
        Close();
        _lock.Dispose();
    }
}

/// <summary>The runs of one membership of a node.</summary>
internal sealed class NodeRuns(NodeDisk disk, NodeIdentity node, NodeMap nodes, BackgroundWork work, IProgress<RunEvent> events, CancellationToken end) : INodeRuns
{
    private RunContext? _run;

    public RunContext Open(RunRecord record)
    {
        if (_run is null || Path.GetFileName(_run.Folder.Root) != record.RunId)
        {
            _run = new RunContext
            {
                Folder = disk.Open(record),
                Events = events,
                Options = new RunOptions(),
                Work = work,
                Node = node,
                Nodes = nodes,
                Files = disk.Files,
                DataMeter = new ServiceMeter(NodeRoles.Data, TimeProvider.System),
                TeacherMeter = new ServiceMeter(NodeRoles.Teacher, TimeProvider.System),
                StageCount = record.Stages.Length,
                Cancel = end,
            };
            work.Add(Task.Run(() => disk.OfferInputsAsync(record, end)));
        }
        return _run;
    }

    public long HighestEpoch => disk.Fence.HighestOfAll;

    public void Keep(RunRecord record)
    {
        disk.Fence.Raise(record.RunId, record.Epoch);
        disk.WriteRecord(record);
    }
}

/// <summary>Passes what happens on a node to its user and to the coordinator.</summary>
internal sealed class EventForwarder(IProgress<RunEvent> events) : IProgress<RunEvent>
{
    private volatile Akka.Actor.IActorRef? _node;

    public void To(Akka.Actor.IActorRef node) => _node = node;

    public void Report(RunEvent value)
    {
        events.Report(value);
        _node?.Tell(value, Akka.Actor.ActorRefs.NoSender);
    }
}
