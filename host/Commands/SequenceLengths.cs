using ActorTrain.DataPipeline;

namespace ActorTrain.Host.Commands;

/// <summary>What <c>data inspect</c> says about the lengths of token sequences.</summary>
internal static class SequenceLengths
{
    /// <summary>Batches that are looked at to tell how much padding there would be.</summary>
    private const int Batches = 1000;

    /// <summary>Writes it to standard output.</summary>
    public static async Task DescribeAsync(ITextSource source, TextOptions options, CancellationToken cancel)
    {
        long tokens = 0;
        int longest = 0;
        for (long sample = 0; sample < source.Count; sample++)
        {
            cancel.ThrowIfCancellationRequested();
            int length = source.LengthOf(sample);
            tokens += length;
            longest = Math.Max(longest, length);
        }
        Console.WriteLine($"tokens       {tokens}");
        Console.WriteLine($"length       {(double)tokens / source.Count:0.0} on average, {longest} at most");
        Console.WriteLine($"cut off      {source.TruncatedTokens} tokens of {source.TruncatedDocuments} documents");
        double bucketed = await PaddingAsync(options), shuffled = await PaddingAsync(options with { BucketBatches = 1 });
        Console.WriteLine($"padding      {bucketed:0.0%} of padded batches of {options.BatchSize} in buckets of like length, {shuffled:0.0%} without buckets; it is not stored or sent");

        async Task<double> PaddingAsync(TextOptions bucketing)
        {
            await using var loader = new TextLoader(source, bucketing, seed: 0, new SampleOrder(source.Count, 0));
            return await loader.PaddingShareAsync((int)Math.Clamp(source.Count / bucketing.BatchSize, 1, Batches), cancel);
        }
    }
}
