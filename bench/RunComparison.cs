using System.Diagnostics;
using System.Globalization;
using ActorTrain.Actors;
using ActorTrain.Actors.Cluster;
using ActorTrain.DataPipeline;
using ActorTrain.Model;

namespace ActorTrain.Benchmarks;

/// <summary>
/// What the actors cost: the bare training loop beside a run in one process, and a run in one process beside the same run on two nodes, one that
/// trains and one with data and teacher. All on one thread per tensor user, in turn.
/// </summary>
internal static class RunComparison
{
    /// <summary>The first steps compile, load and fill caches, and the first one waits for the teacher to be opened.</summary>
    private const int WarmUpSteps = 10;

    public static async Task CompareAsync(int rounds, int steps)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("actortrain-bench-");
        try
        {
            string data = Path.Combine(folder.FullName, "data");
            SyntheticImages.Write(data, new SyntheticOptions { Images = 1024, Seed = 1 });
            ModelFolder.CreateFresh(ModelPresets.Tiny32, 2, TeacherOf(data));
            using Side bare = Side.Ours(threads: 1);
            List<PerStep> training = [], alone = [], cluster = [];
            for (int round = 0; round < rounds; round++)
            {
                string own = Path.Combine(folder.FullName, $"{round}");
                bare.Ask("pretrain", steps);
                training.Add(RunAlone(StageKind.Pretrain, data, own + "-pretraining", steps));
                // Each comes first in half of the rounds, so that a machine that gets slower or faster favours neither.
                if (round % 2 == 0)
                    alone.Add(RunAlone(StageKind.Distill, data, own + "-distillation", steps));
                cluster.Add(await RunOnTwoNodesAsync(data, own + "-nodes", steps));
                if (round % 2 == 1)
                    alone.Add(RunAlone(StageKind.Distill, data, own + "-distillation", steps));
                Console.Error.WriteLine(Invariant($"round {round + 1} of {rounds}: {Overhead(cluster[^1], alone[^1]):p1} more CPU time on two nodes"));
            }
            Console.WriteLine(Invariant($"\ntiny-32, batch 64, one thread, medians of {rounds} rounds of {steps} steps after {WarmUpSteps} to warm up"));
            Console.WriteLine("| | ms/step | CPU s/step | waiting for data and teacher | CPU s to start |");
            Console.WriteLine("|---|---|---|---|---|");
            Console.WriteLine(Invariant($"| further pre-training, bare loop | {bare.Milliseconds("pretrain"):f1} | {bare.CpuSeconds("pretrain"):f3} | | |"));
            Print("further pre-training, one process", training);
            Print("self-distillation, live teacher, one process", alone);
            Print("self-distillation, live teacher, two nodes", cluster);
            double throughput = bare.Milliseconds("pretrain") / 1000 / Median(training, one => one.Seconds);
            double[] overheads = [.. cluster.Zip(alone, Overhead)];
            Console.WriteLine(Invariant($"run's throughput / bare loop's: {throughput:f3}; more CPU time on two nodes, round by round: {Statistics.Median(overheads):p1} ({overheads.Min():p1} to {overheads.Max():p1})"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The process of <see cref="RunAlone"/>.</summary>
    public static Task RunAsync(StageKind kind, string data, string folder, int steps, TextWriter output) =>
        TrainingRun.ExecuteAsync(Plan(kind, data, steps), folder, new StepLines(output), CancellationToken.None);

    private static PerStep RunAlone(StageKind kind, string data, string folder, int steps)
    {
        using Process process = TransportComparison.Start("run", $"{kind}", data, folder, $"{steps + WarmUpSteps}");
        PerStep measured = StepLines.Measure(process, [process], WarmUpSteps, steps);
        process.WaitForExit();
        return measured;
    }

    private static async Task<PerStep> RunOnTwoNodesAsync(string data, string folder, int steps)
    {
        using Process student = TransportComparison.Start("node", $"{NodeRoles.Coordinator},{NodeRoles.Student}", folder + "-student");
        string address = TransportComparison.ReadLine(student);
        using Process teacher = TransportComparison.Start("node", $"{NodeRoles.Data},{NodeRoles.Teacher}", folder + "-teacher", address);
        TransportComparison.ReadLine(teacher);
        await using ClusterClient client = await ClusterClient.ConnectAsync([address], NodeStart.Secret, null, CancellationToken.None);
        Task run = client.RunAsync(Plan(StageKind.Distill, data, steps + WarmUpSteps), folder, new Progress<RunEvent>(), CancellationToken.None);
        PerStep measured = StepLines.Measure(student, [student, teacher], WarmUpSteps, steps);
        await run;
        NodeStart.End(teacher);
        NodeStart.End(student);
        return measured;
    }

    private static double Overhead(PerStep two, PerStep one) => (two.CpuSeconds / one.CpuSeconds) - 1;

    private static string TeacherOf(string data) => data + "-teacher";

    private static RunPlan Plan(StageKind kind, string data, int steps) => new()
    {
        Name = "benchmark",
        Stages =
        [
            new StagePlan
            {
                Name = "stage",
                Kind = kind,
                Initial = "preset:tiny-32",
                Teacher = kind == StageKind.Distill ? TeacherOf(data) : null,
                Train = new DataPlan
                {
                    Location = data,
                    Key = "data.train",
                    Limit = 0,
                    LimitSeed = 0,
                    CacheDirectory = data + "-cache",
                    SkipBroken = false,
                    ImageSize = 32,
                    CropPadding = 0,
                    Flip = false,
                    OrderBlock = 0,
                    DecodedCacheBytes = 256 << 20,
                },
                Seed = 1,
                Steps = steps,
                BatchSize = 64,
                MicroBatches = 1,
                MaskRatio = 0.75,
                NormPixLoss = true,
                DistillTarget = DistillTarget.Cls,
                DistillReduction = DistillReduction.Mean,
                MaeWeight = 1,
                Targets = kind == StageKind.Distill ? TargetMode.Live : TargetMode.Auto,
                TargetBlock = 64,
                LearningRate = 1.5e-4,
                Beta1 = 0.9,
                Beta2 = 0.95,
                Epsilon = 1e-8,
                WeightDecay = 0.01,
                MaxGradientNorm = 1,
                WarmUpSteps = 0,
                Dropout = 0,
                Threads = 1,
                Device = "cpu",
                Bfloat16 = false,
                PixelMean = [0.5f, 0.5f, 0.5f],
                PixelStd = [0.25f, 0.25f, 0.25f],
                EvaluationBatch = 64,
                CheckpointEvery = 1000,
                Keep = 1,
                PrefetchWindow = 4,
            },
        ],
    };

    private static void Print(string what, List<PerStep> all) => Console.WriteLine(Invariant(
        $"| {what} | {1000 * Median(all, one => one.Seconds):f1} | {Median(all, one => one.CpuSeconds):f3} | {Median(all, one => one.Waiting):p1} | {Median(all, one => one.StartCpuSeconds):f1} |"));

    private static double Median(List<PerStep> all, Func<PerStep, double> of) => Statistics.Median(all.Select(of));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
