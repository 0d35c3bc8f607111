using ActorTrain.Actors;
using ActorTrain.Actors.Tests;

namespace ActorTrain.Cluster.Tests;

/// <summary>A plan, and what it ends with when nothing happens to it.</summary>
internal sealed record ExpectedRun(RunPlan Plan, IReadOnlyList<StageResult> Results);

/// <summary>Small data and models; runs on them undisturbed, in this process; clusters that carry them out disturbed.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    /// <summary>The stage that tests disturb.</summary>
    public const string Stage = "distillation";

    /// <summary>Its steps and those between two checkpoints.</summary>
    public const int Steps = 60, CheckpointEvery = 10;

    /// <summary>Steps that the student asks ahead.</summary>
    public const int Window = 40;

    private readonly Dictionary<(Modality Modality, TargetMode Targets), Lazy<Task<ExpectedRun>>> _expected = [];
    private int _clusters;

    private string Root { get; } = Directory.CreateTempSubdirectory("actortrain-cluster-").FullName;

    public async Task InitializeAsync()
    {
        foreach (var modality in Enum.GetValues<Modality>())
        {
            var data = await SmallData.CreateAsync(modality, Path.Combine(Root, $"{modality}"));
            _expected[(modality, TargetMode.Live)] = new(() => UndisturbedAsync(data.LiveStages, modality, TargetMode.Live));
            _expected[(modality, TargetMode.Cached)] = new(() => UndisturbedAsync(data.Stages, modality, TargetMode.Cached));
        }
    }

    public Task DisposeAsync()
    {
        Directory.Delete(Root, recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>Starts a cluster, has it train with live targets, disturbs it meanwhile, and compares what it ends with.</summary>
    /// <param name="modality">What it trains on.</param>
    /// <param name="nodes">The nodes; clients ask the first one first.</param>
    /// <param name="disturb">What happens while it trains.</param>
    internal Task RunAsync(Modality modality, IReadOnlyList<NodeSetup> nodes, Func<TestCluster, Task> disturb) =>
        RunAsync(modality, TargetMode.Live, nodes, disturb);

    /// <summary>The same with cached targets.</summary>
    internal Task RunCachedAsync(Modality modality, IReadOnlyList<NodeSetup> nodes, Func<TestCluster, Task> disturb) =>
        RunAsync(modality, TargetMode.Cached, nodes, disturb);

    /// <summary>A new folder under the fixture's.</summary>
    internal string NewFolder() => Path.Combine(Root, $"{Interlocked.Increment(ref _clusters)}");

    private async Task RunAsync(Modality modality, TargetMode targets, IReadOnlyList<NodeSetup> nodes, Func<TestCluster, Task> disturb)
    {
        await using var cluster = new TestCluster(await _expected[(modality, targets)].Value, NewFolder(), nodes);
        await cluster.RunAsync(disturb);
    }

    /// <summary>Further pre-training, distillation, and fine-tuning with its evaluation.</summary>
    private async Task<ExpectedRun> UndisturbedAsync(IEnumerable<StagePlan> stages, Modality modality, TargetMode targets)
    {
        var plan = Plans.Run([.. stages.Where(stage => stage.Kind != StageKind.Evaluate)
            .Select(stage => stage with { PrefetchWindow = Window })
            .Select(stage => stage.Name == Stage ? stage with { Steps = Steps, CheckpointEvery = CheckpointEvery, Targets = targets } : stage)]);
        return new(plan, await TrainingRun.ExecuteAsync(plan, Path.Combine(Root, $"{modality}-{targets}"), new History<RunEvent>(), CancellationToken.None));
    }
}

/// <summary>One test at a time: with those of <see cref="ClusterCollection"/> there are two, and a cluster mostly waits.</summary>
[CollectionDefinition("deaths")]
public sealed class DeathCollection : ICollectionFixture<ClusterFixture>;

/// <summary>One test at a time.</summary>
[CollectionDefinition("cluster")]
public sealed class ClusterCollection : ICollectionFixture<ClusterFixture>;
