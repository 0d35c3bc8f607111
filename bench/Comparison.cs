using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ActorTrain.Benchmarks;

/// <summary>One answer of a side (bench/pytorch_steps.py says what the fields are).</summary>
internal sealed record Answer(string Kind, double[] Milliseconds, double CpuSeconds, double Gflop, double GemmGflops);

/// <summary>A side crashed, so there is nothing to compare.</summary>
internal sealed class SideEndedException(string message) : Exception(message);

/// <summary>Runs both sides in turn, A B A B …, each in a process of its own with the same environment, and prints what came out.</summary>
internal static class Comparison
{
    private static readonly JsonSerializerOptions Fields = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private static readonly string[] Kinds = ["pretrain", "pretrain-bf16", "distill"];

    /// <summary>Parts of our steps, measured alone: the blocks of a step forward and backward, and the optimiser.</summary>
    private static readonly string[] Parts = ["pretrain-blocks", "pretrain-bf16-blocks", "distill-blocks", "adamw"];

    public static void Run(int threads, int rounds, int steps)
    {
        string here = AppContext.BaseDirectory;
        using Process ours = Start(threads, "dotnet", Path.Combine(here, "ActorTrain.Benchmarks.dll"), "worker", $"{threads}");
        using Process theirs = Start(threads, "/usr/bin/python3", Path.Combine(here, "pytorch_steps.py"), "--threads", $"{threads}");
        Dictionary<(Process, string), List<Answer>> answers = [];
        for (int round = 0; round < rounds; round++)
        {
            foreach (string kind in Kinds)
            {
                foreach (Process side in new[] { ours, theirs })
                    Ask(side, kind);
            }
            foreach (string part in Parts)
                Ask(ours, part);
            Console.Error.WriteLine($"{threads} thread(s): round {round + 1} of {rounds}");
        }
        ours.StandardInput.Close();
        theirs.StandardInput.Close();

        // Each side's peak is the best product that either of them saw: both call the same BLAS.
        double peak = answers.Values.SelectMany(list => list).Max(answer => answer.GemmGflops);
        Console.WriteLine(Invariant($"\n{threads} thread(s), tiny-32, batch 64, {rounds} rounds of {steps} steps; sgemm peak {peak:f0} GFLOP/s"));
        Console.WriteLine("| step | ours ms | PyTorch ms | ratio | ours CPU s/step | PyTorch CPU s/step | ours GFLOP/s | share of sgemm peak | blocks | AdamW | rest |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (string kind in Kinds)
        {
            (double mine, double other) = (Milliseconds(ours, kind), Milliseconds(theirs, kind));
            double gflop = answers[(ours, kind)][0].Gflop;
            (double blocks, double adamW) = (Milliseconds(ours, kind + "-blocks"), Milliseconds(ours, "adamw"));
            Console.WriteLine(Invariant($"| {kind} | {mine:f1} | {other:f1} | {mine / other:f3} | {Cpu(ours, kind):f3} | {Cpu(theirs, kind):f3} | {gflop / mine * 1000:f0} | {gflop / mine * 1000 / peak:p0} | {blocks:f1} | {adamW:f1} | {mine - blocks - adamW:f1} |"));
        }
        Console.WriteLine(Invariant($"self-distillation / further pre-training: ours {Milliseconds(ours, "distill") / Milliseconds(ours, "pretrain"):f2}, PyTorch {Milliseconds(theirs, "distill") / Milliseconds(theirs, "pretrain"):f2}"));

        void Ask(Process side, string kind)
        {
            string? line;
            try
            {
                side.StandardInput.WriteLine($"{kind} {steps}");
                side.StandardInput.Flush();
                line = side.StandardOutput.ReadLine();
            }
            catch (IOException)
            {
                line = null;
            }
            if (line is null)
                throw new SideEndedException($"'{side.StartInfo.FileName} {string.Join(' ', side.StartInfo.ArgumentList)}' ended during '{kind}'; what it wrote above says why");
            if (!answers.TryGetValue((side, kind), out List<Answer>? list))
                answers.Add((side, kind), list = []);
            list.Add(JsonSerializer.Deserialize<Answer>(line, Fields)!);
        }

        double Milliseconds(Process side, string kind)
        {
            double[] sorted = [.. answers[(side, kind)].SelectMany(answer => answer.Milliseconds).Order()];
            return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }

        double Cpu(Process side, string kind) => answers[(side, kind)].Sum(answer => answer.CpuSeconds) / (rounds * steps);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static Process Start(int threads, string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        // The best environment for both: AVX-512 products where the CPU has it (an OpenBLAS older than the CPU picks SSE3 ones),
        // idle OpenMP workers that do not spin for long, and freed memory kept rather than mapped afresh.
        start.Environment["OMP_NUM_THREADS"] = $"{threads}";
        if (System.Runtime.Intrinsics.X86.Avx512BW.IsSupported)
            start.Environment["OPENBLAS_CORETYPE"] = "SkylakeX";
        start.Environment["GOMP_SPINCOUNT"] = "1000";
        start.Environment["MALLOC_TOP_PAD_"] = "16777216";
        start.Environment["MALLOC_MMAP_THRESHOLD_"] = "33554432";
        start.Environment["MALLOC_TRIM_THRESHOLD_"] = "1073741824";
        return Process.Start(start)!;
    }
}
