using System.Collections.Concurrent;
using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Messages;
using ActorTrain.DataPipeline;
using ActorTrain.Model;

namespace ActorTrain.Actors.Stages;

/// <summary>What all stages of a run share.</summary>
internal sealed record RunContext(RunFolder Folder, IProgress<RunEvent> Events, RunOptions Options, BackgroundWork Work)
{
    /// <summary>The epoch of this start of the run; see <see cref="Journal"/>.</summary>
    public required long Epoch { get; init; }

    /// <summary>How many stages the run has.</summary>
    public required int StageCount { get; init; }

    /// <summary>Ends the opening of data sets; what is under way later is told by message.</summary>
    public CancellationToken Cancel { get; init; }
}

/// <summary>One stage with everything its plan refers to opened: what its actors are made from.</summary>
internal sealed class StageContext : IAsyncDisposable
{
    private readonly ConcurrentBag<Task> _released = [];

    private StageContext(RunContext run, StagePlan plan, int index) =>
        (Run, Plan, Index, Fingerprint) = (run, plan, index, plan.Fingerprint());

    public RunContext Run { get; }

    public StagePlan Plan { get; }

    public int Index { get; }

    public string Fingerprint { get; }

    public string InitialFolder { get; private set; } = "";

    public string? TeacherFolder { get; private set; }

    public string? ReferenceFolder { get; private set; }

    /// <summary>Shape of the initial model.</summary>
    public VitConfiguration Configuration { get; private set; } = null!;

    public ISampleSource? Train { get; private set; }

    public ISampleSource? Test { get; private set; }

    public bool Trains => Plan.Kind != StageKind.Evaluate;

    public bool Masks => Plan.Kind is StageKind.Pretrain or StageKind.Distill;

    public bool Classifies => Plan.Kind is StageKind.Finetune or StageKind.Evaluate;

    /// <summary>Samples of a micro-batch.</summary>
    public int MicroBatchSize => Plan.BatchSize / Plan.MicroBatches;

    /// <summary>The folder of the weights that the stage ends with.</summary>
    public string FinalFolder => Trains ? Run.Folder.Model(Plan.Name) : InitialFolder;

    /// <exception cref="DataException">A data set cannot be opened.</exception>
    /// <exception cref="ModelException">A model cannot be opened.</exception>
    /// <exception cref="RunException">Data and model do not fit.</exception>
    public static async Task<StageContext> OpenAsync(RunContext run, StagePlan plan, int index, CancellationToken cancel)
    {
        var stage = new StageContext(run, plan, index);
        try
        {
            await stage.OpenAsync(cancel);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    public ISampleSource Source(DataSplit split) => (split == DataSplit.Train ? Train : Test)!;

    public DataPlan Data(DataSplit split) => (split == DataSplit.Train ? Plan.Train : Plan.Test)!;

    /// <summary>The order in which training draws samples.</summary>
    public SampleOrder Order() => new(Train!.Count, Plan.Seed, Plan.Train!.OrderBlock);

    /// <summary>Position of a micro-batch's first sample in the epochs' permutations laid end to end.</summary>
    public long FirstPosition(BatchKey key) => key.Step * Plan.BatchSize + (long)key.Micro * MicroBatchSize;

    /// <summary>Disposes what reads the stage's data sources; they stay open until it is done.</summary>
    public void Release(IAsyncDisposable reader) => _released.Add(reader.DisposeAsync().AsTask());

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_released);
        if (Train is not null)
            await Train.DisposeAsync();
        if (Test is not null)
            await Test.DisposeAsync();
    }

    private async Task OpenAsync(CancellationToken cancel)
    {
        InitialFolder = Resolve(Plan.Initial);
        TeacherFolder = Plan.Kind == StageKind.Distill ? Resolve(Plan.Teacher!) : null;
        ReferenceFolder = Plan.Reference is null ? null : Resolve(Plan.Reference);
        Configuration = ModelFolder.ReadConfiguration(InitialFolder);
        if (Plan.Train is not null)
            Train = await OpenAsync(Plan.Train, null, cancel);
        if (Plan.Test is not null && Classifies)
            Test = await OpenAsync(Plan.Test, Train?.ClassNames ?? Configuration.ClassNames, cancel);
        if (Plan.Kind == StageKind.Finetune && Train!.ClassNames.Count < 2)
            throw new RunException($"{Plan.Train!.Key} = {Plan.Train.Location} has {Train.ClassNames.Count} class(es), but stage '{Plan.Name}' "
                + "learns to tell at least 2 apart; point it at a folder with one folder per class.");
    }

    private Task<ISampleSource> OpenAsync(DataPlan data, IReadOnlyList<string>? classNames, CancellationToken cancel)
    {
        if (data.ImageSize != Configuration.ImageSize)
            throw new RunException($"Stage '{Plan.Name}' resizes {data.Key} to {data.ImageSize} pixels, but the model in {InitialFolder} "
                + $"takes {Configuration.ImageSize}; make the two equal.");
        return SampleSources.OpenAsync(new SourceOptions
        {
            Location = data.Location,
            Key = data.Key,
            CacheDirectory = data.CacheDirectory,
            Limit = data.Limit,
            LimitSeed = data.LimitSeed,
            ClassNames = data.ClassNames ?? classNames,
        }, cancel);
    }

    private string Resolve(string location)
    {
        if (ModelLocation.StageOf(location) is { } stage)
            return Run.Folder.Model(stage);
        if (ModelLocation.PresetOf(location) is not { } preset)
            return location;
        int size = (Plan.Train ?? Plan.Test)!.ImageSize;
        string folder = Path.Combine(Run.Folder.Cache, $"{preset}-{size}-seed-{Plan.Seed}");
        if (!Directory.Exists(folder))
        {
            string unfinished = folder + ".tmp";
            RunFolder.Writing(folder, () =>
            {
                if (Directory.Exists(unfinished))
                    Directory.Delete(unfinished, recursive: true);
                Directory.CreateDirectory(unfinished);
                ModelFolder.CreateFresh(preset, Plan.Seed, unfinished, size);
                Directory.Move(unfinished, folder);
            });
        }
        return folder;
    }
}
