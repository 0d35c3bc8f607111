using System.Globalization;

namespace ActorTrain.Benchmarks;

/// <summary>What a text step gains, part by part: without padding, with the head on the chosen places only, with the fused operators.</summary>
internal static class TextComparison
{
    public static void Run(int threads, int rounds, int steps)
    {
        using Side pytorch = Side.PyTorch(threads, "pytorch_text_steps.py");
        using Side plain = Side.Ours(threads, plain: true);
        using Side fused = Side.Ours(threads);
        (string Name, Side Side, string Kind)[] rows =
        [
            ("PyTorch, padded to 128 tokens, head on every place", pytorch, "text"),
            ("plain operators, padded to 128 tokens, head on every place", plain, "text-padded"),
            ("plain operators, no padding", plain, "text-everywhere"),
            ("plain operators, no padding, head on the chosen places", plain, "text"),
            ("our kernels, no padding, head on the chosen places", fused, "text"),
        ];
        for (int round = 0; round < rounds; round++)
        {
            foreach ((_, Side side, string kind) in rows)
                side.Ask(kind, steps);
            Console.Error.WriteLine($"{threads} thread(s): round {round + 1} of {rounds}");
        }
        Console.WriteLine(Invariant($"\n{threads} thread(s), tiny-text, self-distillation, batch 64, {rounds} rounds of {steps} steps"));
        Console.WriteLine("| step | CPU ms | / the row above | / PyTorch | / padded | clock ms |");
        Console.WriteLine("|---|---|---|---|---|---|");
        double[] cpu = [.. rows.Select(row => 1000 * row.Side.MedianCpuSeconds(row.Kind))];
        for (int row = 0; row < rows.Length; row++)
        {
            string above = row == 0 ? "" : Invariant($"{cpu[row] / cpu[row - 1]:f2}");
            Console.WriteLine(Invariant($"| {rows[row].Name} | {cpu[row]:f0} | {above} | {cpu[row] / cpu[0]:f2} | {cpu[row] / cpu[1]:f2} | {rows[row].Side.Milliseconds(rows[row].Kind):f0} |"));
        }
        double difference = plain.Losses("text").Zip(fused.Losses("text"), (one, other) => Math.Abs(one - other) / Math.Abs(one)).Max();
        Console.WriteLine(Invariant($"Largest difference between the losses of the last two rows: {difference:0.0e-0} of a loss."));
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
