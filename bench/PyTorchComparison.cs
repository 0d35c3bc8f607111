using System.Globalization;

namespace ActorTrain.Benchmarks;

/// <summary>Our steps against plain PyTorch's: runs both sides in turn, A B A B …, and prints what came out.</summary>
internal static class PyTorchComparison
{
    private static readonly string[] Kinds = ["pretrain", "pretrain-bf16", "distill"];

    /// <summary>Parts of our steps, measured alone: the blocks of a step forward and backward, and the optimiser.</summary>
    private static readonly string[] Parts = ["pretrain-blocks", "pretrain-bf16-blocks", "distill-blocks", "adamw"];

    public static void Run(int threads, int rounds, int steps)
    {
        using Side ours = Side.Ours(threads);
        using Side theirs = Side.PyTorch(threads, "pytorch_steps.py");
        for (int round = 0; round < rounds; round++)
        {
            foreach (string kind in Kinds)
            {
                ours.Ask(kind, steps);
                theirs.Ask(kind, steps);
            }
            foreach (string part in Parts)
                ours.Ask(part, steps);
            Console.Error.WriteLine($"{threads} thread(s): round {round + 1} of {rounds}");
        }

        // Each side's peak is the best product that either of them saw: both call the same BLAS.
        double peak = ours.Answers.Concat(theirs.Answers).Max(answer => answer.GemmGflops);
        Console.WriteLine(Invariant($"\n{threads} thread(s), tiny-32, batch 64, {rounds} rounds of {steps} steps; sgemm peak {peak:f0} GFLOP/s"));
        Console.WriteLine("| step | ours ms | PyTorch ms | ratio | ours CPU s/step | PyTorch CPU s/step | ours GFLOP/s | share of sgemm peak | blocks | AdamW | rest |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (string kind in Kinds)
        {
            (double mine, double other) = (ours.Milliseconds(kind), theirs.Milliseconds(kind));
            (double blocks, double adamW) = (ours.Milliseconds(kind + "-blocks"), ours.Milliseconds("adamw"));
            double speed = ours.Gflop(kind) / mine * 1000;
            Console.WriteLine(Invariant($"| {kind} | {mine:f1} | {other:f1} | {mine / other:f3} | {ours.CpuSeconds(kind):f3} | {theirs.CpuSeconds(kind):f3} | {speed:f0} | {speed / peak:p0} | {blocks:f1} | {adamW:f1} | {mine - blocks - adamW:f1} |"));
        }
        Console.WriteLine(Invariant($"self-distillation / further pre-training: ours {ours.Milliseconds("distill") / ours.Milliseconds("pretrain"):f2}, PyTorch {theirs.Milliseconds("distill") / theirs.Milliseconds("pretrain"):f2}"));
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
