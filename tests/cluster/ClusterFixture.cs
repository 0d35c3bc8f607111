using ActorTrain.Actors;
using ActorTrain.Actors.Tests;
using ActorTrain.DataPipeline;

namespace ActorTrain.Cluster.Tests;

/// <summary>A plan, and what it ends with when nothing happens to it.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Results">The results of its stages.</param>
/// <param name="Halt">Steps of the disturbed stage after which the student waits for <see cref="TestCluster.GoOn"/>.</param>
internal sealed record ExpectedRun(RunPlan Plan, IReadOnlyList<StageResult> Results, int Halt);

/// <summary>Small data and models; runs on them undisturbed, in this process; clusters that carry them out disturbed.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    /// <summary>The stage that tests disturb.</summary>
    public const string Stage = "distillation";

    /// <summary>Its steps and those between two checkpoints.</summary>
    public const int Steps = 60, CheckpointEvery = 10;

    /// <summary>The student has trained so many steps of it, and no more, before <see cref="TestCluster.GoOn"/>.</summary>
    public const int Halt = 30;

    /// <summary>Steps that the student asks ahead: too few to reach the stage's end from where it halts.</summary>
    public const int Window = 20;

    /// <summary>The same as <see cref="Halt"/> for the large plan: after its second checkpoint, so that most of its steps are left for while nobody leads.</summary>
    private const int LargeHalt = 4;

    private readonly Dictionary<(Modality Modality, TargetMode Targets), Lazy<Task<ExpectedRun>>> _expected = [];
    private readonly Lazy<Task<ExpectedRun>> _large;
    private int _clusters;

    public ClusterFixture() => _large = new(() => UndisturbedAsync(LargePlan(), "large", LargeHalt));

    private string Root { get; } = Directory.CreateTempSubdirectory("actortrain-cluster-").FullName;

    public async Task InitializeAsync()
    {
        foreach (var modality in Enum.GetValues<Modality>())
        {
            var data = await SmallData.CreateAsync(modality, Path.Combine(Root, $"{modality}"));
            _expected[(modality, TargetMode.Live)] = new(() => UndisturbedAsync(Plan(data.LiveStages, TargetMode.Live), $"{modality}-live"));
            _expected[(modality, TargetMode.Cached)] = new(() => UndisturbedAsync(Plan(data.Stages, TargetMode.Cached), $"{modality}-cached"));
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
        RunAsync(_expected[(modality, TargetMode.Live)], nodes, disturb);

    /// <summary>The same with cached targets.</summary>
    internal Task RunCachedAsync(Modality modality, IReadOnlyList<NodeSetup> nodes, Func<TestCluster, Task> disturb) =>
        RunAsync(_expected[(modality, TargetMode.Cached)], nodes, disturb);

    /// <summary>The same with live targets and a model whose checkpoints, one for every other step, have 32 MB.</summary>
    internal Task RunLargeAsync(IReadOnlyList<NodeSetup> nodes, Func<TestCluster, Task> disturb) => RunAsync(_large, nodes, disturb);

    /// <summary>A new folder under the fixture's.</summary>
    internal string NewFolder() => Path.Combine(Root, $"{Interlocked.Increment(ref _clusters)}");

    private async Task RunAsync(Lazy<Task<ExpectedRun>> expected, IReadOnlyList<NodeSetup> nodes, Func<TestCluster, Task> disturb)
    {
        await using var cluster = new TestCluster(await expected.Value, NewFolder(), nodes);
        await cluster.RunAsync(disturb);
    }

    private async Task<ExpectedRun> UndisturbedAsync(RunPlan plan, string name, int halt = Halt) =>
        new(plan, await TrainingRun.ExecuteAsync(plan, Path.Combine(Root, name), new History<RunEvent>(), CancellationToken.None), halt);

    /// <summary>Further pre-training, distillation, and fine-tuning with its evaluation.</summary>
    private static RunPlan Plan(IEnumerable<StagePlan> stages, TargetMode targets) => Plans.Run([.. stages.Where(stage => stage.Kind != StageKind.Evaluate)
        .Select(stage => stage with { PrefetchWindow = Window })
        .Select(stage => stage.Name == Stage ? stage with { Steps = Steps, CheckpointEvery = CheckpointEvery, Targets = targets } : stage)]);

    /// <summary>Further pre-training and distillation.</summary>
    private RunPlan LargePlan()
    {
        string images = Path.Combine(Root, "large-images");
        SyntheticImages.Write(images, new SyntheticOptions { Images = 26, Seed = 1 });
        var train = Plans.Data(images) with { ImageSize = 32, Flip = true };
        return Plans.Run(
            Plans.Pretrain(train) with { Steps = 2 },
            Plans.Distill(train) with { Steps = Steps / 2, CheckpointEvery = 2, Targets = TargetMode.Live });
    }
}

/// <summary>One test at a time: with those of <see cref="ClusterCollection"/> there are two, and a cluster mostly waits.</summary>
[CollectionDefinition("deaths")]
public sealed class DeathCollection : ICollectionFixture<ClusterFixture>;

/// <summary>One test at a time.</summary>
[CollectionDefinition("cluster")]
public sealed class ClusterCollection : ICollectionFixture<ClusterFixture>;
