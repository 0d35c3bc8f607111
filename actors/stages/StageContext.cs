using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Stages;

/// <summary>A stage as one of its services sees it: the plan, and what the service asked to have opened.</summary>
internal sealed record StageContext
{
    public required RunContext Run { get; init; }

    public required StagePlan Plan { get; init; }

    public required int Index { get; init; }

    public required string Fingerprint { get; init; }

    /// <summary>What requests call the stage: equal plans of two runs may have other models behind the same names.</summary>
    public string KeyName => $"{Path.GetFileName(Run.Folder.Root)}/{Fingerprint}";

    /// <summary>The training set; for every service but an evaluation's.</summary>
    public DataSetInfo? Train { get; init; }

    /// <summary>The test set, where there is one.</summary>
    public DataSetInfo? Test { get; init; }

    /// <summary>How samples are masked; for the data services.</summary>
    public Modality? Modality { get; init; }

    /// <summary>The opened data sets; for the data services.</summary>
    public StageSources? Sources { get; init; }

    /// <summary>For the student.</summary>
    public string InitialFolder { get; init; } = "";

    /// <summary>What the student's weights are held near, where it is not what they start from; for the student.</summary>
    public string? AnchorFolder { get; init; }

    /// <summary>For the teacher.</summary>
    public string TeacherFolder { get; init; } = "";

    /// <summary>SHA-256 of the teacher's weights; for teacher and student of a distillation, null in other stages.</summary>
    public string? TeacherFingerprint { get; init; }

    /// <summary>The weights that the stage ends with; for student and evaluator.</summary>
    public string FinalFolder { get; init; } = "";

    /// <summary>Checkpoints that the student must not remove.</summary>
    public HeldCheckpoints Held { get; } = new();

    /// <summary>Where this node computes.</summary>
    public string Device => Run.Node.Device ?? Plan.Device;

    public bool Masks => Plan.Kind is StageKind.Pretrain or StageKind.Distill;

    public bool Classifies => Plan.Kind is StageKind.Finetune or StageKind.Evaluate;

    /// <summary>Samples of a micro-batch.</summary>
    public int MicroBatchSize => Plan.BatchSize / Plan.MicroBatches;

    public DataSetInfo Info(DataSplit split) => (split == DataSplit.Train ? Train : Test)!;

    /// <summary>Position of a micro-batch's first sample in the epochs' permutations laid end to end.</summary>
    public long FirstPosition(BatchKey key) => key.Step * Plan.BatchSize + (long)key.Micro * MicroBatchSize;

    /// <summary>Has an actor put answers together that come in parts, and receive them as if they had come whole.</summary>
    public static void ReceiveChunks(IActorContext context, Action<Action<MessageChunk>> receive)
    {
        var (assembly, self) = (new ChunkAssembly(context.System), context.Self);
        receive(chunk =>
        {
            if (assembly.Add(chunk) is { } whole)
                self.Tell(whole, context.Sender);
        });
    }

    /// <summary>Requests of this stage to the nodes of a role.</summary>
    public ServiceRequests<TKey> Requests<TKey>(IActorContext context, string role) where TKey : notnull =>
        new(context, Run.Nodes, role, StageActor.PathOf(Index), Run.Options.Time);
}
