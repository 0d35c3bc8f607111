using ActorTrain.Actors;
using ActorTrain.Actors.Tests;
using ActorTrain.DataPipeline;
using ActorTrain.Model;

namespace ActorTrain.Cluster.Tests;

/// <summary>A plan, and what it ends with when nothing happens to it.</summary>
internal sealed record ExpectedRun(RunPlan Plan, IReadOnlyList<StageResult> Results);

/// <summary>Small images and a small model; the same runs undisturbed, in this process; clusters that carry them out disturbed.</summary>
public sealed class ClusterFixture : IDisposable
{
    /// <summary>The stage that tests disturb.</summary>
    public const string Stage = "distillation";

    /// <summary>Its steps and those between two checkpoints.</summary>
    public const int Steps = 60, CheckpointEvery = 10;

    /// <summary>Steps that the student asks ahead.</summary>
    public const int Window = 40;

    private readonly Lazy<Task<ExpectedRun>> _live;
    private readonly Lazy<Task<ExpectedRun>> _cached;
    private int _clusters;

    public ClusterFixture()
    {
        ModelFolder.CreateFresh(Plans.Shape, 1, Model);
        SyntheticImages.Write(Train, new SyntheticOptions { Domain = SyntheticDomain.Target, Images = 26, Size = Plans.ImageSize, Seed = 1 });
        SyntheticImages.Write(Test, new SyntheticOptions { Domain = SyntheticDomain.Target, Images = 18, Size = Plans.ImageSize, Seed = 2 });
        _live = new(() => UndisturbedAsync(Plan(TargetMode.Live), "live"));
        _cached = new(() => UndisturbedAsync(Plan(TargetMode.Cached), "cached"));
    }

    private string Root { get; } = Directory.CreateTempSubdirectory("actortrain-cluster-").FullName;

    private string Model => Path.Combine(Root, "model");

    private string Train => Path.Combine(Root, "train");

    private string Test => Path.Combine(Root, "test");

    /// <summary>Starts a cluster, has it train with live targets, disturbs it meanwhile, and compares what it ends with.</summary>
    /// <param name="nodes">The nodes; clients ask the first one first.</param>
    /// <param name="disturb">What happens while it trains.</param>
    internal async Task RunAsync(IReadOnlyList<NodeSetup> nodes, Func<TestCluster, Task> disturb) => await RunAsync(await _live.Value, nodes, disturb);

    /// <summary>The same with cached targets.</summary>
    internal async Task RunCachedAsync(IReadOnlyList<NodeSetup> nodes, Func<TestCluster, Task> disturb) => await RunAsync(await _cached.Value, nodes, disturb);

    /// <summary>A new folder under the fixture's.</summary>
    internal string NewFolder() => Path.Combine(Root, $"{Interlocked.Increment(ref _clusters)}");

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private async Task RunAsync(ExpectedRun expected, IReadOnlyList<NodeSetup> nodes, Func<TestCluster, Task> disturb)
    {
        await using var cluster = new TestCluster(expected, NewFolder(), nodes);
        await cluster.RunAsync(disturb);
    }

    private async Task<ExpectedRun> UndisturbedAsync(RunPlan plan, string name) =>
        new(plan, await TrainingRun.ExecuteAsync(plan, Path.Combine(Root, name), new History<RunEvent>(), CancellationToken.None));

    /// <summary>Further pre-training, distillation, and fine-tuning with its evaluation.</summary>
    private RunPlan Plan(TargetMode targets)
    {
        var train = Plans.Data(Train) with { Flip = targets == TargetMode.Live };
        var test = Plans.Data(Test, "data.test");
        StagePlan[] stages =
        [
            Plans.Pretrain(train, Model),
            Plans.Distill(train, Model) with { Steps = Steps, CheckpointEvery = CheckpointEvery, Targets = targets },
            Plans.Finetune(train, test, $"stage:{Stage}"),
        ];
        return Plans.Run([.. stages.Select(stage => stage with { PrefetchWindow = Window })]);
    }
}

[CollectionDefinition("cluster", DisableParallelization = true)]
public sealed class ClusterCollection : ICollectionFixture<ClusterFixture>;
