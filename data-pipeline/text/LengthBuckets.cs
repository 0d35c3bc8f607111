namespace ActorTrain.DataPipeline.Text;

/// <summary>The order of sequences within a window, in which batches hold sequences of about the same length.</summary>
internal static class LengthBuckets
{
    /// <summary>
    /// Sorts a window's positions by length (equal ones by position), cuts them into batches and shuffles the batches.
    /// </summary>
    /// <param name="lengths">The length of the sequence at each position of the window, which is a whole number of batches.</param>
    /// <param name="batchSize">Sequences of a batch.</param>
    /// <param name="seed">Fixes the shuffle.</param>
    /// <param name="window">The window's number.</param>
    /// <returns>For each place in the window the position that comes there.</returns>
    public static int[] Order(ReadOnlySpan<int> lengths, int batchSize, ulong seed, long window)
    {
        var keys = new long[lengths.Length];
        for (int position = 0; position < keys.Length; position++)
            keys[position] = ((long)lengths[position] << 32) | (uint)position;
        Array.Sort(keys);
        var random = new CounterRandom(seed, RandomPurpose.Bucket, epoch: 0, window);
        int[] batches = [.. Enumerable.Range(0, keys.Length / batchSize)];
        for (int left = batches.Length; left > 1; left--)
        {
            int chosen = random.Next(left);
            (batches[left - 1], batches[chosen]) = (batches[chosen], batches[left - 1]);
        }
        var order = new int[keys.Length];
        for (int place = 0; place < order.Length; place++)
        {
            var (batch, inside) = Math.DivRem(place, batchSize);
            order[place] = (int)(uint)keys[(batches[batch] * batchSize) + inside];
        }
        return order;
    }

    /// <summary>The share of padding where batches of sequences are padded to their longest one each.</summary>
    /// <param name="lengths">The sequences' lengths.</param>
    /// <param name="batchSize">Sequences of a batch; the last one may have fewer.</param>
    public static double PaddingShare(ReadOnlySpan<int> lengths, int batchSize)
    {
        long tokens = 0, padded = 0;
        for (; !lengths.IsEmpty; lengths = lengths[Math.Min(batchSize, lengths.Length)..])
        {
            int longest = 0;
            foreach (int length in lengths[..Math.Min(batchSize, lengths.Length)])
            {
                tokens += length;
                longest = Math.Max(longest, length);
            }
            padded += (long)longest * Math.Min(batchSize, lengths.Length);
        }
        return 1 - ((double)tokens / padded);
    }
}
