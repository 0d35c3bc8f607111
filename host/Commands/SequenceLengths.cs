using ActorTrain.DataPipeline;
using ActorTrain.Host.Results;

namespace ActorTrain.Host.Commands;

/// <summary>What <c>data inspect</c> says about the lengths of token sequences.</summary>
internal static class SequenceLengths
{
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
        PaddingShare padding = await PaddingShare.MeasureAsync(source, options, cancel);
        Console.WriteLine($"padding      {padding.Bucketed:0.0%} of padded batches of {options.BatchSize} in buckets of like length, {padding.Shuffled:0.0%} without buckets; it is not stored or sent");
    }
}
