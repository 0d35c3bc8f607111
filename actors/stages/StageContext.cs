using System.Collections.Concurrent;
using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Messages;
using ActorTrain.DataPipeline;
using ActorTrain.Model;
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

    /// <summary>Shape of the initial model; for the data services.</summary>
    public ModelConfiguration? Configuration { get; init; }

    /// <summary>The opened data sets; for the data services.</summary>
    public StageSources? Sources { get; init; }

    /// <summary>For the student.</summary>
    public string InitialFolder { get; init; } = "";

    /// <summary>For the teacher.</summary>
    public string TeacherFolder { get; init; } = "";

    /// <summary>SHA-256 of the teacher's weights; for teacher and student of a distillation, null in other stages.</summary>
    public string? TeacherFingerprint { get; init; }

    /// <summary>The weights that the stage ends with; for student and evaluator.</summary>
    public string FinalFolder { get; init; } = "";

    /// <summary>Where this node computes.</summary>
    public string Device => Run.Node.Device ?? Plan.Device;

    public bool Masks => Plan.Kind is StageKind.Pretrain or StageKind.Distill;

    public bool Classifies => Plan.Kind is StageKind.Finetune or StageKind.Evaluate;

    /// <summary>Samples of a micro-batch.</summary>
    public int MicroBatchSize => Plan.BatchSize / Plan.MicroBatches;

    public DataSetInfo Info(DataSplit split) => (split == DataSplit.Train ? Train : Test)!;

    public DataPlan Data(DataSplit split) => (split == DataSplit.Train ? Plan.Train : Plan.Test)!;

    /// <summary>The order in which training draws samples.</summary>
    public SampleOrder Order() => new(Train!.Count, Plan.Seed, Plan.Train!.OrderBlock);

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

/// <summary>The opened data sets of a stage. They stay open until their last reader has ended.</summary>
internal sealed class StageSources : IAsyncDisposable
{
    private readonly ConcurrentBag<Task> _released = [];

    public ISampleSource? Train { get; private set; }

    public ISampleSource? Test { get; private set; }

    public DataSetInfo? TrainInfo => Train is null ? null : InfoOf(Train);

    public DataSetInfo? TestInfo => Test is null ? null : InfoOf(Test);

    public ISampleSource this[DataSplit split] => (split == DataSplit.Train ? Train : Test)!;

    /// <exception cref="DataException">A data set cannot be opened.</exception>
    /// <exception cref="RunException">Data and model do not fit.</exception>
    public static async Task<StageSources> OpenAsync(StagePlan plan, ModelConfiguration model, IProgress<OpeningProgress> progress, CancellationToken cancel)
    {
        var sources = new StageSources();
        try
        {
            if (plan.Train is not null)
                sources.Train = await OpenAsync(plan, plan.Train, model, null, progress, cancel);
            if (plan.Test is not null && plan.Kind is StageKind.Finetune or StageKind.Evaluate)
                sources.Test = await OpenAsync(plan, plan.Test, model, sources.Train?.ClassNames ?? model.ClassNames, progress, cancel);
            if (plan.Kind == StageKind.Finetune && sources.Train!.ClassNames.Count < 2)
                throw new RunException($"{plan.Train!.Key} = {plan.Train.Location} has {sources.Train.ClassNames.Count} class(es), but stage '{plan.Name}' "
                    + "learns to tell at least 2 apart; point it at a folder with one folder per class.");
            return sources;
        }
        catch
        {
            await sources.DisposeAsync();
            throw;
        }
    }

    /// <summary>Disposes what reads the data sets.</summary>
    public void Release(IAsyncDisposable reader) => _released.Add(reader.DisposeAsync().AsTask());

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_released);
        if (Train is not null)
            await Train.DisposeAsync();
        if (Test is not null)
            await Test.DisposeAsync();
    }

    private static DataSetInfo InfoOf(ISampleSource source) => new(source.Count, source.Fingerprint, [.. source.ClassNames]);

    private static Task<ISampleSource> OpenAsync(
        StagePlan plan, DataPlan data, ModelConfiguration model, IReadOnlyList<string>? classNames, IProgress<OpeningProgress> progress, CancellationToken cancel)
    {
        if (model is VitConfiguration images && data.ImageSize != images.ImageSize)
            throw new RunException($"Stage '{plan.Name}' resizes {data.Key} to {data.ImageSize} pixels, but its model ({plan.Initial}) "
                + $"takes {images.ImageSize}; make the two equal.");
        return SampleSources.OpenAsync(new SourceOptions
        {
            Location = data.Location,
            Key = data.Key,
            CacheDirectory = data.CacheDirectory,
            Limit = data.Limit,
            LimitSeed = data.LimitSeed,
            ClassNames = data.ClassNames ?? classNames,
            Progress = progress,
        }, cancel);
    }
}
