using System.Collections.Concurrent;
using Akka.Actor;

namespace ActorTrain.Actors.Tests;

/// <summary>Small data of each modality in a temporary folder, and runs on them.</summary>
public sealed class RunFixture : IAsyncLifetime
{
    private readonly Dictionary<Modality, SmallRuns> _runs = [];
    private int _folders;

    public string Root { get; } = Directory.CreateTempSubdirectory("actortrain-actors-").FullName;

    /// <summary>The runs on images.</summary>
    internal SmallRuns Images => this[Modality.Images];

    /// <summary>The runs on one kind of data.</summary>
    internal SmallRuns this[Modality modality] => _runs[modality];

    public async Task InitializeAsync()
    {
        foreach (var modality in Enum.GetValues<Modality>())
            _runs[modality] = new SmallRuns(await SmallData.CreateAsync(modality, Path.Combine(Root, $"{modality}")), NewFolder);
    }

    public Task DisposeAsync()
    {
        Directory.Delete(Root, recursive: true);
        return Task.CompletedTask;
    }

    public string NewFolder() => Path.Combine(Root, $"run-{Interlocked.Increment(ref _folders)}");

    internal static string Ledger(string run, string stage) => Path.Combine(run, "stages", stage, TrainingLedger.Name);

    /// <summary>Runs a plan to its end; <paramref name="react"/> sees each event with the run's actor system.</summary>
    internal static async Task<(IReadOnlyList<StageResult> Results, IReadOnlyList<RunEvent> Events)> ExecuteAsync(
        RunPlan plan, string folder, Action<RunEvent, ActorSystem>? react = null, CancellationToken cancel = default)
    {
        var events = new Recorder(react);
        var results = await TrainingRun.ExecuteAsync(plan, folder, events, cancel, new RunOptions { Started = events.Started });
        return (results, events.All);
    }

    /// <summary>Cancels a run when it has done a step.</summary>
    /// <param name="plan">What it does.</param>
    /// <param name="folder">The run folder.</param>
    /// <param name="step">The step.</param>
    /// <param name="stage">The step's stage; null for the first one that does so many.</param>
    internal static async Task InterruptAsync(RunPlan plan, string folder, long step, string? stage = null)
    {
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ExecuteAsync(plan, folder, (happened, _) =>
        {
            if (happened is StepDone done && done.Step == step && (stage is null || done.Stage == stage))
                cancel.Cancel();
        }, cancel.Token));
    }

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

/// <summary>Runs on small data, and what they end with when nothing happens to them.</summary>
internal sealed class SmallRuns
{
    private readonly Lazy<Task<IReadOnlyList<StageResult>>> _whole;
    private readonly Lazy<Task<IReadOnlyList<StageResult>>> _live;
    private readonly Lazy<Task<IReadOnlyList<StageResult>>> _replaying;

    public SmallRuns(SmallData data, Func<string> newFolder)
    {
        Data = data;
        _whole = new(() => UndisturbedAsync(Whole));
        _live = new(() => UndisturbedAsync(Live));
        _replaying = new(() => UndisturbedAsync(Replaying));

        async Task<IReadOnlyList<StageResult>> UndisturbedAsync(RunPlan plan) => (await RunFixture.ExecuteAsync(plan, newFolder())).Results;
    }

    public SmallData Data { get; }

    /// <summary>All kinds of stages, with cached targets.</summary>
    public RunPlan Whole => Plans.Run(Data.Stages);

    /// <summary>The same with live targets.</summary>
    public RunPlan Live => Plans.Run(Data.LiveStages);

    /// <summary>What <see cref="Whole"/> ends with.</summary>
    public Task<IReadOnlyList<StageResult>> WholeResults => _whole.Value;

    /// <summary>What <see cref="Live"/> ends with.</summary>
    public Task<IReadOnlyList<StageResult>> LiveResults => _live.Value;

    /// <summary>Stages that replay samples of another domain, and mix images.</summary>
    public RunPlan Replaying => Plans.Run(Data.ReplayingStages);

    /// <summary>What <see cref="Replaying"/> ends with.</summary>
    public Task<IReadOnlyList<StageResult>> ReplayingResults => _replaying.Value;

    /// <summary>The first stage of <see cref="Whole"/>.</summary>
    public StagePlan Pretraining => Data.Stages[0];
}

[CollectionDefinition("runs")]
public sealed class RunCollection : ICollectionFixture<RunFixture>;
