using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace ActorTrain.DataPipeline.Sources;

/// <summary>
/// A stratified, seeded subset. Every class's samples are ranked by a random number of their own and the first of each class are
/// taken, so that a larger limit with the same seed only adds samples. Seats go to classes by Sainte-Laguë's divisors and not by
/// largest remainders, which may take a seat away when the limit grows (the Alabama paradox).
/// </summary>
internal static class Subset
{
    /// <exception cref="DataException">The limit is negative.</exception>
    public static void CheckLimit(int limit)
    {
        if (limit < 0)
            throw new DataException($"the limit of {limit} samples is negative; use 0 for all.");
    }

    /// <summary>
    /// The chosen samples in data-set order; null for all of them, where the limit is 0 or not below the count. Memory grows with
    /// the limit, not with the data set.
    /// </summary>
    public static long[]? Choose(IDataSet whole, int limit, ulong seed)
    {
        if (limit == 0 || limit >= whole.Count)
            return null;
        var sizes = new SortedDictionary<int, long>();
        for (long sample = 0; sample < whole.Count; sample++)
        {
            int label = whole.LabelOf(sample);
            sizes[label] = sizes.GetValueOrDefault(label) + 1;
        }
        var seats = Apportion(sizes, limit);

        // Per class a heap of the lowest ranks so far, the highest of them on top.
        var lowest = seats.Keys.ToDictionary(label => label, _ => new PriorityQueue<long, (ulong, long)>(
            Comparer<(ulong, long)>.Create((a, b) => b.CompareTo(a))));
        for (long sample = 0; sample < whole.Count; sample++)
        {
            int label = whole.LabelOf(sample);
            if (seats[label] == 0)
                continue;
            var rank = (new CounterRandom(seed, RandomPurpose.Subset, 0, sample).NextUInt64(), sample);
            if (lowest[label].Count < seats[label])
                lowest[label].Enqueue(sample, rank);
            else
                lowest[label].EnqueueDequeue(sample, rank);
        }
        return [.. lowest.Values.SelectMany(heap => heap.UnorderedItems).Select(item => item.Element).Order()];
    }

    /// <summary>The fingerprint of chosen samples of a data set.</summary>
    public static string FingerprintOf(IDataSet whole, long[] chosen) => Convert.ToHexStringLower(SHA256.HashData(
        [.. Encoding.ASCII.GetBytes(whole.Fingerprint), .. MemoryMarshal.AsBytes(chosen.AsSpan())]));

    /// <summary>One seat for each class, larger classes first, then seat by seat to the largest size / (2 × seats + 1).</summary>
    private static Dictionary<int, int> Apportion(SortedDictionary<int, long> sizes, int limit)
    {
        var seats = sizes.ToDictionary(pair => pair.Key, _ => 0);
        foreach (var (label, _) in sizes.OrderByDescending(pair => pair.Value).Take(limit))
            seats[label] = 1;
        var quotients = new PriorityQueue<int, (double, int)>(sizes.Where(pair => seats[pair.Key] == 1 && pair.Value > 1).Select(Entry));
        for (int left = limit - seats.Values.Sum(); left > 0; left--)
        {
            int label = quotients.Dequeue();
            if (++seats[label] < sizes[label])
                quotients.Enqueue(label, Entry(new(label, sizes[label])).Priority);
        }
        return seats;

        (int Label, (double, int) Priority) Entry(KeyValuePair<int, long> size) =>
            (size.Key, (-(double)size.Value / ((2 * seats[size.Key]) + 1), size.Key));
    }
}
