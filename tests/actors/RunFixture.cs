using System.Collections.Concurrent;
using ActorTrain.DataPipeline;
using ActorTrain.Model;
using Akka.Actor;

namespace ActorTrain.Actors.Tests;

/// <summary>Small images in a temporary folder, and runs on them.</summary>
public sealed class RunFixture : IDisposable
{
    private readonly Lazy<Task<IReadOnlyList<StageResult>>> _plain;
    private readonly Lazy<Task<IReadOnlyList<StageResult>>> _augmented;
    private int _runs;

    public RunFixture()
    {
        ModelFolder.CreateFresh(Plans.Shape, 1, Model);
        _plain = new(() => Uninterrupted(WholeRun()));
        _augmented = new(() => Uninterrupted(WholeRun(Augmented)));
        Train = Path.Combine(Root, "train");
        Test = Path.Combine(Root, "test");
        SyntheticImages.Write(Train, new SyntheticOptions { Domain = SyntheticDomain.Target, Images = 26, Size = Plans.ImageSize, Seed = 1 });
        SyntheticImages.Write(Test, new SyntheticOptions { Domain = SyntheticDomain.Target, Images = 18, Size = Plans.ImageSize, Seed = 2 });
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("actortrain-actors-").FullName;

    /// <summary>The untrained model that the runs start from.</summary>
    public string Model => Path.Combine(Root, "model");

    /// <summary>What <see cref="WholeRun"/> ends with when nothing happens to it.</summary>
    public Task<IReadOnlyList<StageResult>> Expected => _plain.Value;

    /// <summary>The same with <see cref="Augmented"/> data and so with live targets.</summary>
    public Task<IReadOnlyList<StageResult>> ExpectedAugmented => _augmented.Value;

    public string Train { get; }

    public string Test { get; }

    public string NewFolder() => Path.Combine(Root, $"run-{Interlocked.Increment(ref _runs)}");

    /// <summary>Further pre-training, distillation, fine-tuning and an evaluation of its result.</summary>
    internal RunPlan WholeRun(Func<DataPlan, DataPlan>? change = null)
    {
        var train = Plans.Data(Train);
        if (change is not null)
            train = change(train);
        var test = Plans.Data(Test, "data.test");
        return Plans.Run(
            Plans.Pretrain(train, Model),
            Plans.Distill(train, Model),
            Plans.Finetune(train, test, "stage:distillation"),
            Plans.Stage("evaluation", StageKind.Evaluate, "stage:fine-tuning", null) with { Test = test });
    }

    internal static string Ledger(string run, string stage) => Path.Combine(run, "stages", stage, TrainingLedger.Name);

    internal static DataPlan Augmented(DataPlan data) => data with { CropPadding = 2, Flip = true };

    internal StagePlan Pretraining() => WholeRun().Stages[0];

    /// <summary>Runs a plan to its end; <paramref name="react"/> sees each event with the run's actor system.</summary>
    internal static async Task<(IReadOnlyList<StageResult> Results, IReadOnlyList<RunEvent> Events)> ExecuteAsync(
        RunPlan plan, string folder, Action<RunEvent, ActorSystem>? react = null, CancellationToken cancel = default)
    {
        var events = new Recorder(react);
        var results = await TrainingRun.ExecuteAsync(plan, folder, events, cancel, new RunOptions { Started = events.Started });
        return (results, events.All);
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private async Task<IReadOnlyList<StageResult>> Uninterrupted(RunPlan plan) => (await ExecuteAsync(plan, NewFolder())).Results;

    private sealed class Recorder(Action<RunEvent, ActorSystem>? react) : IProgress<RunEvent>
    {
        private readonly ConcurrentQueue<RunEvent> _events = [];
        private readonly TaskCompletionSource<ActorSystem> _system = new();

        public IReadOnlyList<RunEvent> All => [.. _events];

        public void Started(ActorSystem system) => _system.SetResult(system);

        public void Report(RunEvent value)
        {
            _events.Enqueue(value);
            if (react is not null && _system.Task.IsCompletedSuccessfully)
                react(value, _system.Task.Result);
        }
    }
}

[CollectionDefinition("runs")]
public sealed class RunCollection : ICollectionFixture<RunFixture>;
