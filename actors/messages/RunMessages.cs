using MessagePack;

namespace ActorTrain.Actors.Messages;

// How a coordinator and its nodes keep each other informed. Both sides only ever say how things are or should be, and say it again
// every second: a message that is lost, doubled or late does no harm.

/// <summary>What a node without access to a data set needs to know of it.</summary>
/// <param name="Count">Number of samples.</param>
/// <param name="Fingerprint">
/// SHA-256 over names, sizes and labels, see <see cref="DataPipeline.IDataSet.Fingerprint"/>; of a training set also over those of the
/// source that is replayed or mixed in.
/// </param>
/// <param name="ClassNames">Class names in label order; empty for unlabelled data.</param>
[MessagePackObject]
public sealed record DataSetInfo([property: Key(0)] long Count, [property: Key(1)] string Fingerprint, [property: Key(2)] string[] ClassNames)
{
    /// <inheritdoc/>
    public bool Equals(DataSetInfo? other) =>
        other is not null && Count == other.Count && Fingerprint == other.Fingerprint && ClassNames.SequenceEqual(other.ClassNames);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Count, Fingerprint);
}

/// <summary>A model that the plan names by its folder, as files that any node can fetch.</summary>
/// <param name="Location">The folder as the plan names it.</param>
/// <param name="Files">Its files.</param>
[MessagePackObject]
public sealed record InputModel([property: Key(0)] string Location, [property: Key(1)] FileSet Files);

/// <summary>A checkpoint that lies on enough disks to count.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Files">Its files.</param>
[MessagePackObject]
public sealed record CountedCheckpoint([property: Key(0)] long Step, [property: Key(1)] FileSet Files);

/// <summary>What a stage's training ended with.</summary>
/// <param name="Model">The final model's files.</param>
/// <param name="Totals">What the student measured.</param>
/// <param name="Distance">‖θ_init − θ‖₂ over the encoder; null without a reference.</param>
/// <param name="Log">The stage's metrics and ledger; null where they stay in the run's own folder.</param>
/// <param name="Machine">Where it was trained; null for an evaluation's model.</param>
[MessagePackObject]
public sealed record TrainedModel([property: Key(0)] FileSet Model, [property: Key(1)] TrainingTotals Totals, [property: Key(2)] double? Distance,
    [property: Key(3)] FileSet? Log, [property: Key(4)] TrainingMachine? Machine);

/// <summary>How far a stage has come.</summary>
[MessagePackObject]
public sealed record StageRecord
{
    /// <summary>The training set, once a data node has opened it.</summary>
    [Key(0)] public DataSetInfo? Train { get; init; }
    /// <summary>The test set, once a data node has opened it.</summary>
    [Key(1)] public DataSetInfo? Test { get; init; }
    /// <summary>The newest checkpoint that counts; null where checkpoints stay on one disk.</summary>
    [Key(2)] public CountedCheckpoint? Checkpoint { get; init; }
    /// <summary>The trained model, once there is one; an evaluation's is the model that it evaluates.</summary>
    [Key(3)] public TrainedModel? Trained { get; init; }
    /// <summary>The evaluations that are done.</summary>
    [Key(4)] public EvaluationDone[] Evaluations { get; init; } = [];
    /// <summary>The result, once everything is done.</summary>
    [Key(5)] public StageResult? Result { get; init; }

    /// <summary>Whether two records speak of the same data, and of the same weights if the stage is trained in both.</summary>
    internal bool GoesWith(StageRecord other) => Agree(Train, other.Train) && Agree(Test, other.Test)
        && (Trained is null || other.Trained is null || Trained.Model.Files.SequenceEqual(other.Trained.Model.Files));

    /// <summary>This record, and what the other knows beyond it; itself if there is nothing.</summary>
    internal StageRecord With(StageRecord other)
    {
        var (further, less) = other.Progress.CompareTo(Progress) > 0 ? (other, this) : (this, other);
        var evaluations = further.Result is null ? less.Evaluations.Where(done => further.Evaluations.All(known => known.Split != done.Split)).ToArray() : [];
        bool complete = (further.Train ?? less.Train) == further.Train && (further.Test ?? less.Test) == further.Test && evaluations.Length == 0;
        return complete ? further : further with
        {
            Train = further.Train ?? less.Train,
            Test = further.Test ?? less.Test,
            Evaluations = [.. further.Evaluations, .. evaluations],
        };
    }

    private (bool Done, bool Trained, long Step) Progress => (Result is not null, Trained is not null, Checkpoint?.Step ?? 0);

    private static bool Agree(DataSetInfo? one, DataSetInfo? other) => one is null || other is null || one.Equals(other);
}

/// <summary>
/// All that a coordinator knows and must not lose. Every node keeps the newest one that it was sent, so that another coordinator can
/// go on from it.
/// </summary>
[MessagePackObject]
public sealed record RunRecord
{
    /// <summary>Names the run.</summary>
    [Key(0)] public required string RunId { get; init; }
    /// <summary>The reign that wrote the record: each coordinator takes one above all that it finds.</summary>
    [Key(1)] public required long Epoch { get; init; }
    /// <summary>Grows by one with each change.</summary>
    [Key(2)] public required long Sequence { get; init; }
    /// <summary>What to do.</summary>
    [Key(3)] public required RunPlan Plan { get; init; }
    /// <summary>The models that the plan names by their folders.</summary>
    [Key(4)] public required InputModel[] Inputs { get; init; }
    /// <summary>A record for each stage of the plan.</summary>
    [Key(5)] public required StageRecord[] Stages { get; init; }
    /// <summary>The kind of machine that trained first; null before.</summary>
    [Key(6)] public string? Machine { get; init; }

    /// <summary>When the run was submitted; of two runs the later one counts. Milliseconds since 1970, 0 in one process.</summary>
    [Key(7)] public long Submitted { get; init; }

    /// <summary>The record of a run of which nothing is done.</summary>
    internal static RunRecord Begin(string runId, long epoch, RunPlan plan, InputModel[] inputs) => new()
    {
        RunId = runId,
        Epoch = epoch,
        Sequence = 1,
        Plan = plan,
        Inputs = inputs,
        Stages = [.. plan.Stages.Select(_ => new StageRecord())],
    };

    /// <summary>The files of a model as the plan names it; null for a preset, and for a stage that is not trained yet.</summary>
    internal FileSet? FilesOf(string location) => ModelLocation.StageOf(location) is { } name
        ? Stages[Array.FindIndex(Plan.Stages, stage => stage.Name == name)].Trained?.Model
        : Inputs.FirstOrDefault(input => input.Location == location)?.Files;

    /// <summary>The stages that are worked on: those whose model waits for its evaluation, and the next to train.</summary>
    internal IEnumerable<int> ActiveStages => Enumerable.Range(0, Stages.Length)
        .Where(index => Stages[index].Result is null && (Stages[index].Trained is not null || index == NextToTrain));

    /// <summary>The first stage without a trained model; the number of stages when there is none.</summary>
    internal int NextToTrain => Array.FindIndex(Stages, stage => stage.Trained is null) is var index and >= 0 ? index : Stages.Length;

    /// <summary>
    /// This record, and what another one of the same run knows beyond it: parts of a cluster that lost sight of each other may each have come
    /// further. That is sound because what a stage ends with depends on the plan and on the weights before it alone, not on who computed it, and
    /// only as long as both began on the same machine, data and weights; what follows the first difference is this record's. The same object
    /// if there is nothing to take.
    /// </summary>
    internal RunRecord With(RunRecord other)
    {
        if (other.RunId != RunId || other.Submitted != Submitted || (Machine is not null && other.Machine is not null && Machine != other.Machine))
            return this;
        var stages = Stages.ToArray();
        for (int index = 0; index < stages.Length && stages[index].GoesWith(other.Stages[index]); index++)
            stages[index] = stages[index].With(other.Stages[index]);
        return stages.Zip(Stages, ReferenceEquals).All(same => same) ? this : this with { Stages = stages, Machine = Machine ?? other.Machine };
    }

    /// <summary>Whether this record is more advanced than another: a later run's, or the same one's with a higher epoch, or more changes.</summary>
    internal bool IsNewerThan(RunRecord? other) =>
        other is null || (Submitted, Epoch, Sequence).CompareTo((other.Submitted, other.Epoch, other.Sequence)) > 0;
}

/// <summary>Who does a piece of a stage's work.</summary>
/// <param name="Stage">Number of the stage, from 0.</param>
/// <param name="Node">The node's <see cref="NodeReport.Node"/>.</param>
[MessagePackObject]
public sealed record Assignment([property: Key(0)] int Stage, [property: Key(1)] string Node);

/// <summary>How things should be; a coordinator tells all nodes on every change and every second.</summary>
[MessagePackObject]
public sealed record RunOrder
{
    /// <summary>The run.</summary>
    [Key(0)] public required string RunId { get; init; }
    /// <summary>The coordinator's epoch; a node that has seen a higher one does not listen.</summary>
    [Key(1)] public required long Epoch { get; init; }
    /// <summary>The record, for a node that has not reported this one yet.</summary>
    [Key(2)] public RunRecord? Record { get; init; }
    /// <summary>Who trains, or null while nobody can or shall.</summary>
    [Key(3)] public Assignment? Training { get; init; }
    /// <summary>Who evaluates what.</summary>
    [Key(4)] public Assignment[] Evaluations { get; init; } = [];
    /// <summary>Nodes that must not serve, by <see cref="NodeReport.Node"/>, with a sentence that says why.</summary>
    [Key(5)] public RefusedNode[] Refused { get; init; } = [];
    /// <summary>Other nodes' disks that a checkpoint must lie on before it counts, if there are so many nodes.</summary>
    [Key(6)] public int Replicas { get; init; }
    /// <summary>Grows with each order of a coordinator.</summary>
    [Key(7)] public required long Number { get; init; }
    /// <summary>Whether the coordinator is new and has not heard yet who trains; whoever does goes on.</summary>
    [Key(8)] public bool AsBefore { get; init; }
    /// <summary>Whether machines that compute other last bits may take part.</summary>
    [Key(9)] public bool AllowMixed { get; init; }
}

/// <summary>A node that must not serve a run.</summary>
/// <param name="Node">The node.</param>
/// <param name="Sentence">Why not, and the way out.</param>
[MessagePackObject]
public sealed record RefusedNode([property: Key(0)] string Node, [property: Key(1)] string Sentence);

/// <summary>How a node's part of a stage stands.</summary>
[MessagePackObject]
public sealed record StageReport
{
    /// <summary>Number of the stage, from 0.</summary>
    [Key(0)] public required int Stage { get; init; }
    /// <summary>Fingerprint of its plan.</summary>
    [Key(1)] public required string Plan { get; init; }
    /// <summary>The training set as this node sees it; null without access.</summary>
    [Key(2)] public DataSetInfo? Train { get; init; }
    /// <summary>The test set as this node sees it; null without access.</summary>
    [Key(3)] public DataSetInfo? Test { get; init; }
    /// <summary>Whether this node trains the stage.</summary>
    [Key(4)] public bool Training { get; init; }
    /// <summary>Steps that this node's student has done.</summary>
    [Key(5)] public long Steps { get; init; }
    /// <summary>The newest checkpoint of this node's student that lies on enough disks.</summary>
    [Key(6)] public CountedCheckpoint? Checkpoint { get; init; }
    /// <summary>What this node's student ended with.</summary>
    [Key(7)] public TrainedModel? Trained { get; init; }
    /// <summary>The evaluations that this node has done.</summary>
    [Key(8)] public EvaluationDone[] Evaluations { get; init; } = [];
    /// <summary>Something that a restart cannot heal, as a sentence.</summary>
    [Key(9)] public string? Failure { get; init; }
}

/// <summary>How a node stands; told to the coordinator on every change and every second.</summary>
[MessagePackObject]
public sealed record NodeReport
{
    /// <summary>Names this start of the node: <c>host:port/number</c>, or <c>local</c> in one process.</summary>
    [Key(0)] public required string Node { get; init; }
    /// <summary>What it may be asked for.</summary>
    [Key(1)] public required string[] Roles { get; init; }
    /// <summary>What decides the last bits of its computations: processor, libtorch, BLAS, decoders, GPU.</summary>
    [Key(2)] public required string Machine { get; init; }
    /// <summary>The highest epoch that it has seen.</summary>
    [Key(3)] public long Epoch { get; init; }
    /// <summary>The run that it knows of, or null.</summary>
    [Key(4)] public string? RunId { get; init; }
    /// <summary>The record that lies on its disk: epoch and number.</summary>
    [Key(5)] public long RecordEpoch { get; init; }
    /// <summary>The record that lies on its disk: number.</summary>
    [Key(6)] public long RecordSequence { get; init; }
    /// <summary>How its stages stand.</summary>
    [Key(7)] public StageReport[] Stages { get; init; } = [];
    /// <summary>Whether it is about to leave: it gets no more work.</summary>
    [Key(8)] public bool Leaving { get; init; }
    /// <summary>The last order that it has followed.</summary>
    [Key(9)] public long Order { get; init; }
    /// <summary>What it does, for people.</summary>
    [Key(10)] public RoleWork[] Work { get; init; } = [];
    /// <summary>Why it cannot follow orders at the moment: a sentence about its disk; null when it can.</summary>
    [Key(11)] public string? Failure { get; init; }
}

/// <summary>A new coordinator asks a node for the record that lies on its disk.</summary>
[MessagePackObject]
public sealed record RecordRequest;

/// <summary>The answer to <see cref="RecordRequest"/>; also told to a coordinator whose record does not have all that the node's has.</summary>
/// <param name="Node">Who answers; see <see cref="NodeReport.Node"/>.</param>
/// <param name="Epoch">The highest epoch that it has seen of the record's run.</param>
/// <param name="Record">The newest record that it was sent, or null.</param>
[MessagePackObject]
public sealed record RecordAnswer([property: Key(0)] string Node, [property: Key(1)] long Epoch, [property: Key(2)] RunRecord? Record);

/// <summary>A node that comes back to its cluster asks another one who belongs to it.</summary>
[MessagePackObject]
public sealed record MembersRequest;

/// <summary>The answer to <see cref="MembersRequest"/>.</summary>
/// <param name="Addresses">The members that can be reached, <c>host:port</c>; none when the node that answers belongs to no cluster itself.</param>
[MessagePackObject]
public sealed record MembersAnswer([property: Key(0)] string[] Addresses);

/// <summary>A part of an answer that is too large for one message.</summary>
/// <param name="Id">Names the answer.</param>
/// <param name="Number">Number of the part, from 0.</param>
/// <param name="Count">How many parts there are.</param>
/// <param name="Manifest">What the whole is; see <see cref="MessageSerializer"/>.</param>
/// <param name="Bytes">The part.</param>
[MessagePackObject]
public sealed record MessageChunk([property: Key(0)] long Id, [property: Key(1)] int Number, [property: Key(2)] int Count,
    [property: Key(3)] string Manifest, [property: Key(4)] byte[] Bytes);

/// <summary>What happened on a node, for the coordinator and its clients.</summary>
/// <param name="Events">The events, in order.</param>
[MessagePackObject]
public sealed record EventReport([property: Key(0)] RunEventMessage[] Events);
