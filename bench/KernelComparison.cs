using System.Diagnostics;
using System.Globalization;
using ActorTrain.DataPipeline;
using ActorTrain.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Benchmarks;

/// <summary>Our kernels against the plain operators on the same libtorch, in turn, A B A B …: time, and how far the results lie apart.</summary>
internal static class KernelComparison
{
    private const int Batch = 64;
    private static readonly VitConfiguration Shape = ModelPresets.Tiny32;

    /// <summary>Whole steps, each side in a process of its own; then the parts, in one process.</summary>
    public static void Run(int threads, int rounds, int steps)
    {
        Console.WriteLine(Invariant($"\n{threads} thread(s), tiny-32, batch {Batch}, {rounds} rounds of {steps} steps: our kernels against the plain operators"));
        Console.WriteLine("| what | ours ms | plain ms | ratio | CPU: ours ms | plain ms | ratio | largest difference |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        using (Side ours = Side.Ours(threads))
        using (Side plain = Side.Ours(threads, plain: true))
        {
            foreach (string kind in (string[])["pretrain", "distill"])
            {
                for (int round = 0; round < rounds; round++)
                {
                    ours.Ask(kind, steps);
                    plain.Ask(kind, steps);
                }
                double difference = ours.Losses(kind).Zip(plain.Losses(kind), (mine, other) => Math.Abs(mine - other) / Math.Abs(other)).Max();
                PrintRow($"{kind}, whole step", Cost(ours), Cost(plain), difference, "a loss");

                Cost Cost(Side side) => new(side.Milliseconds(kind), 1000 * side.CpuSeconds(kind));
            }
        }
        Side.RunAlone(threads, "parts", $"{threads}", $"{rounds * steps}");
        Console.WriteLine("pretrain-bf16 as a whole step is left out: the plain operators have no autocast. Its blocks are compared under the kernels' own.");
    }

    /// <summary>Prints the rows of the parts.</summary>
    public static void RunParts(int threads, int repetitions)
    {
        set_num_threads(threads);
        (Kernels ours, Kernels plain) = (Kernels.Current, new Kernels());
        int masked = 1 + PatchMask.KeptCount(Shape.Patches, Shape.MaskRatio), full = 1 + Shape.Patches;
        (string Name, long Tokens, bool Decoder, long Queries)[] blocks =
        [
            ($"encoder block, {masked} tokens", masked, false, masked),
            ($"encoder block, {full} tokens", full, false, full),
            ($"encoder's last block, CLS of {full} tokens", full, false, 1),
            ($"decoder block, {full} tokens", full, true, full),
            ($"decoder's last block, {full - masked} masked of {full} tokens", full, true, full - masked),
        ];
        foreach ((string name, long tokens, bool decoder, long queries) in blocks)
        {
            using BlockStack block = decoder
                ? new BlockStack(1, Batch, tokens, Shape.DecoderWidth, Shape.DecoderHeads, Shape.DecoderMlpWidth, queries)
                : new BlockStack(1, Batch, tokens, Shape.Width, Shape.Heads, Shape.MlpWidth, queries);
            Compare($"{name}, fp32", repetitions, () => block.Run(ours), () => block.Run(plain));
            Compare($"{name}, bf16", repetitions, () => InBfloat16(() => block.Run(ours)), () => InBfloat16(() => block.Run(plain)));
            if (queries < tokens)
                Compare($"{name}: only those against all, fp32", repetitions, () => block.Run(ours), () => block.Run(ours, everyToken: true));
        }
        using AdamWSteps fused = new(), separate = new();
        Compare("AdamW", repetitions, () => fused.Run(ours), () => separate.Run(plain));
    }

    private static Tensor[] InBfloat16(Func<Tensor[]> run)
    {
        using IDisposable? autocast = Kernels.Current.Autocast(CPU, ScalarType.BFloat16);
        return run();
    }

    /// <summary>Runs both in turn and prints the medians and the largest distance of a result, relative to its norm.</summary>
    private static void Compare(string name, int repetitions, Func<Tensor[]> ours, Func<Tensor[]> other)
    {
        const int WarmUp = 3;
        List<Cost> oursCosts = [], otherCosts = [];
        double difference = 0;
        for (int repetition = -WarmUp; repetition < repetitions; repetition++)
        {
            using DisposeScope scope = NewDisposeScope();
            (Tensor[] mine, Cost oursCost) = Timed(ours);
            (Tensor[] others, Cost otherCost) = Timed(other);
            if (repetition < 0)
                continue;
            oursCosts.Add(oursCost);
            otherCosts.Add(otherCost);
            if (repetition == repetitions - 1)
                difference = mine.Zip(others, Distance).Max();
        }
        PrintRow(name, Median(oursCosts), Median(otherCosts), difference, "a result's norm");

        static Cost Median(List<Cost> costs) => new(
            Statistics.Median(costs.Select(cost => cost.Milliseconds)), Statistics.Median(costs.Select(cost => cost.CpuMilliseconds)));
    }

    private static (Tensor[] Results, Cost Cost) Timed(Func<Tensor[]> run)
    {
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        Tensor[] results = run();
        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return (results, new Cost(milliseconds, (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds));
    }

    private static double Distance(Tensor left, Tensor right)
    {
        using IDisposable withoutGradient = no_grad();
        Tensor reference = right.to(ScalarType.Float64);
        return (left.to(ScalarType.Float64) - reference).norm().item<double>() / reference.norm().item<double>();
    }

    private static void PrintRow(string name, Cost ours, Cost other, double difference, string reference) => Console.WriteLine(Invariant(
        $"| {name} | {ours.Milliseconds:f2} | {other.Milliseconds:f2} | {ours.Milliseconds / other.Milliseconds:f3} | {ours.CpuMilliseconds:f2} | {other.CpuMilliseconds:f2} | {ours.CpuMilliseconds / other.CpuMilliseconds:f3} | {(difference == 0 ? "none" : Invariant($"{difference:0.0e-0} of {reference}"))} |"));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>What one repetition costs on the clock and on all CPUs.</summary>
    private sealed record Cost(double Milliseconds, double CpuMilliseconds);
}
