using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
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
    private const int WarmUpSteps = 10;

    private sealed record Measurement(double CpuSecondsPerStep, StageResult Result)
    {
        public double SecondsPerStep => Result.Seconds / Result.Steps;

        public double Waiting => (Result.DataWaitSeconds + Result.TeacherWaitSeconds) / Result.Seconds;
    }

    public static async Task CompareAsync(int rounds, int steps)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("actortrain-bench-");
        try
        {
            string data = Path.Combine(folder.FullName, "data");
            SyntheticImages.Write(data, new SyntheticOptions { Images = 1024, Seed = 1 });
            ModelFolder.CreateFresh(ModelPresets.Tiny32, 2, TeacherOf(data));
            using Side bare = Side.Ours(threads: 1);
            List<Measurement> training = [], alone = [], cluster = [];
            for (int round = 0; round < rounds; round++)
            {
                string own = Path.Combine(folder.FullName, $"{round}");
                bare.Ask("pretrain", steps);
                training.Add(RunAlone(StageKind.Pretrain, data, own + "-pretraining", steps));
                alone.Add(RunAlone(StageKind.Distill, data, own + "-distillation", steps));
                cluster.Add(await RunOnTwoNodesAsync(data, own + "-nodes", steps));
                Console.Error.WriteLine($"round {round + 1} of {rounds}");
            }
            Console.WriteLine(Invariant($"\ntiny-32, batch 64, one thread, medians of {rounds} rounds of {steps} steps"));
            Console.WriteLine("| | ms/step | CPU s/step | waiting for data and teacher |");
            Console.WriteLine("|---|---|---|---|");
            Console.WriteLine(Invariant($"| further pre-training, bare loop | {bare.Milliseconds("pretrain"):f1} | {bare.CpuSeconds("pretrain"):f3} | |"));
            Print("further pre-training, one process", training);
            Print("self-distillation, live teacher, one process", alone);
            Print("self-distillation, live teacher, two nodes", cluster);
            double throughput = bare.Milliseconds("pretrain") / 1000 / Statistics.Median(training.Select(one => one.SecondsPerStep));
            double overhead = Statistics.Median(cluster.Zip(alone, (two, one) => two.CpuSecondsPerStep / one.CpuSecondsPerStep)) - 1;
            Console.WriteLine(Invariant($"run's throughput / bare loop's: {throughput:f3}; more CPU time on two nodes: {overhead:p1}"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The process of <see cref="RunAlone"/>: a line for each step, and the result at last.</summary>
    public static async Task RunAsync(StageKind kind, string data, string folder, int steps, TextWriter output)
    {
        var results = await TrainingRun.ExecuteAsync(Plan(kind, data, steps), folder, new Steps(step => output.WriteLine(step)), CancellationToken.None);
        output.WriteLine(JsonSerializer.Serialize(results[0]));
    }

    private static Measurement RunAlone(StageKind kind, string data, string folder, int steps)
    {
        using Process process = TransportComparison.Start("run", $"{kind}", data, folder, $"{steps}");
        CpuMeter meter = new([process], steps);
        while (true)
        {
            string line = TransportComparison.ReadLine(process);
            if (!long.TryParse(line, CultureInfo.InvariantCulture, out long step))
                return new Measurement(meter.SecondsPerStep, JsonSerializer.Deserialize<StageResult>(line)!);
            meter.Reached(step);
        }
    }

    private static async Task<Measurement> RunOnTwoNodesAsync(string data, string folder, int steps)
    {
        using Process student = TransportComparison.Start("node", $"{NodeRoles.Coordinator},{NodeRoles.Student}", folder + "-student");
        string address = TransportComparison.ReadLine(student);
        using Process teacher = TransportComparison.Start("node", $"{NodeRoles.Data},{NodeRoles.Teacher}", folder + "-teacher", address);
        TransportComparison.ReadLine(teacher);
        CpuMeter meter = new([student, teacher], steps);
        IReadOnlyList<StageResult> results;
        await using (ClusterClient client = await ClusterClient.ConnectAsync([address], NodeStart.Secret, null, CancellationToken.None))
            results = await client.RunAsync(Plan(StageKind.Distill, data, steps), folder, new Steps(meter.Reached), CancellationToken.None);
        NodeStart.End(teacher);
        NodeStart.End(student);
        return new Measurement(meter.SecondsPerStep, results[0]);
    }

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

    private static void Print(string what, List<Measurement> all) => Console.WriteLine(Invariant(
        $"| {what} | {1000 * Statistics.Median(all.Select(one => one.SecondsPerStep)):f1} | {Statistics.Median(all.Select(one => one.CpuSecondsPerStep)):f3} | {Statistics.Median(all.Select(one => one.Waiting)):p1} |"));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>The CPU time of some processes over the steps after the first few, which compile and load.</summary>
    private sealed class CpuMeter(Process[] processes, int steps)
    {
        private (long Step, double Cpu)? _from;

        public double SecondsPerStep { get; private set; }

        public void Reached(long step)
        {
            if (step < Math.Min(WarmUpSteps, steps - 1))
                return;
            double cpu = processes.Sum(process =>
            {
                process.Refresh();
                return process.TotalProcessorTime.TotalSeconds;
            });
            if (_from is not { } from)
                _from = (step, cpu);
            else if (step > from.Step)
                SecondsPerStep = (cpu - from.Cpu) / (step - from.Step);
        }
    }

    private sealed class Steps(Action<long> reached) : IProgress<RunEvent>
    {
        public void Report(RunEvent value)
        {
            if (value is StepDone done)
                reached(done.Step);
        }
    }
}
