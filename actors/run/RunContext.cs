using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Files;

namespace ActorTrain.Actors;

/// <summary>What all stages of a run share on one node.</summary>
internal sealed class RunContext
{
    private long _epoch;

    /// <summary>The run's files on this node.</summary>
    public required RunFolder Folder { get; init; }

    /// <summary>Told what happens.</summary>
    public required IProgress<RunEvent> Events { get; init; }

    public required RunOptions Options { get; init; }

    /// <summary>What outlives the actors.</summary>
    public required BackgroundWork Work { get; init; }

    /// <summary>This node's own roles and name.</summary>
    public required NodeIdentity Node { get; init; }

    /// <summary>The nodes that serve.</summary>
    public required NodeMap Nodes { get; init; }

    /// <summary>The files that this node can give to others.</summary>
    public required NodeFiles Files { get; init; }

    /// <summary>What this node's data services do.</summary>
    public required ServiceMeter DataMeter { get; init; }

    /// <summary>What this node's teacher does.</summary>
    public required ServiceMeter TeacherMeter { get; init; }

    /// <summary>How many stages the run has.</summary>
    public required int StageCount { get; init; }

    /// <summary>Whether other nodes may take part.</summary>
    public bool Clustered => Node.Root.Length > 0;

    /// <summary>Where a stage's steps are logged: in one file for the run, or where another node may go on with the stage, in its folder.</summary>
    public string MetricsOf(string stage) => Clustered ? Path.Combine(Folder.Stage(stage), RunFolder.MetricsName) : Folder.Metrics;

    /// <summary>Ends what is opened or fetched; what is under way later is told by message.</summary>
    public CancellationToken Cancel { get; init; }

    /// <summary>The coordinator's epoch; see <see cref="Journal"/>. Written by the node's actor, read by training threads.</summary>
    public long Epoch
    {
        get => Interlocked.Read(ref _epoch);
        set => Interlocked.Exchange(ref _epoch, value);
    }
}
