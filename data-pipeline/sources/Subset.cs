using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace ActorTrain.DataPipeline.Sources;

/// <summary>
/// A stratified, seeded subset. Every class's samples are ranked by a random number of their own and the first of each class are
/// taken, so that a larger limit or share with the same seed only adds samples. What is held out for validation is chosen first, by a
/// ranking of its own, so that no limit changes it; where samples belong together, <see cref="SampleGroups"/> ranks their groups. Under a
/// limit, seats go to classes by Sainte-Laguë's divisors and not by largest remainders, which may take a seat away when the limit grows
/// (the Alabama paradox).
/// </summary>
internal static class Subset
{
    /// <exception cref="DataException">The limit is negative, the share that is held out is none, or the groups' pattern is no regular expression.</exception>
    public static void Check(SourceOptions options)
    {
        if (options.Limit < 0)
            throw new DataException($"the limit of {options.Limit} samples is negative; use 0 for all.");
        if (options.HoldOut is not (>= 0 and < 1))
            throw new DataException($"a share of {Text(options.HoldOut)} cannot be held out; use one in [0, 1).");
        if (options.HeldOut && options.HoldOut == 0)
            throw new DataException("the held-out part is asked for but nothing is held out; use a share above 0.");
        if (options.Group is { } pattern)
            _ = new GroupPattern(pattern);
    }

    /// <summary>
    /// The chosen samples in data-set order; null for all of them. Memory grows with the number of samples that are chosen or held
    /// out, and where all of the data set is used not at all.
    /// </summary>
    /// <param name="whole">The data set.</param>
    /// <param name="options">Which part of it.</param>
    /// <param name="groups">What is held out together; null for nothing.</param>
    /// <exception cref="DataException">There is nothing to hold out.</exception>
    public static long[]? Choose(IDataSet whole, SourceOptions options, SampleGroups? groups)
    {
        bool limits = options.Limit > 0 && options.Limit < whole.Count;
        if (options.HoldOut == 0 && !limits)
            return null;
        var sizes = new SortedDictionary<int, long>();
        for (long sample = 0; sample < whole.Count; sample++)
        {
            int label = whole.LabelOf(sample);
            sizes[label] = sizes.GetValueOrDefault(label) + 1;
        }
        HashSet<long> held = [];
        if (options.HoldOut > 0)
        {
            var seats = sizes.ToDictionary(size => size.Key, size => HeldOutOf(size.Value, options.HoldOut));
            held = groups?.HoldOut(whole, sizes, seats, options.LimitSeed)
                ?? [.. FirstOfEachClass(whole, held, seats, options.LimitSeed, RandomPurpose.HoldOut)];
            if (held.Count == 0)
                throw new DataException($"{whole.Location} has no class of two or more samples, so none can be held out; hold out a share of a larger data set, or none.");
            if (options.HeldOut)
                return [.. held.Order()];
            foreach (var (label, count) in held.CountBy(whole.LabelOf))
                sizes[label] -= count;
        }
        return options.Limit > 0 && options.Limit < whole.Count - held.Count
            ? [.. FirstOfEachClass(whole, held, Apportion(sizes, options.Limit), options.LimitSeed, RandomPurpose.Subset).Order()]
            : AllBut(held, whole.Count);
    }

    /// <summary>The fingerprint of chosen samples of a data set.</summary>
    public static string FingerprintOf(IDataSet whole, long[] chosen) => Convert.ToHexStringLower(SHA256.HashData(
        [.. Encoding.ASCII.GetBytes(whole.Fingerprint), .. MemoryMarshal.AsBytes(chosen.AsSpan())]));

    /// <summary>How many of a class's samples are held out: both sides get one where there are two.</summary>
    private static long HeldOutOf(long size, double share) =>
        size < 2 ? 0 : Math.Clamp((long)Math.Round(share * size, MidpointRounding.AwayFromZero), 1, size - 1);

    /// <summary>As many samples of each class as it has seats, without those that are left out: the ones of the lowest ranks.</summary>
    private static IEnumerable<long> FirstOfEachClass(
        IDataSet whole, HashSet<long> leftOut, Dictionary<int, long> seats, ulong seed, RandomPurpose purpose)
    {
        // Per class a heap of the lowest ranks so far, the highest of them on top.
        var lowest = seats.Keys.ToDictionary(label => label, _ => new PriorityQueue<long, (ulong, long)>(
            Comparer<(ulong, long)>.Create((a, b) => b.CompareTo(a))));
        for (long sample = 0; sample < whole.Count; sample++)
        {
            int label = whole.LabelOf(sample);
            if (seats[label] == 0 || leftOut.Contains(sample))
                continue;
            var rank = (new CounterRandom(seed, purpose, 0, sample).NextUInt64(), sample);
            if (lowest[label].Count < seats[label])
                lowest[label].Enqueue(sample, rank);
            else
                lowest[label].EnqueueDequeue(sample, rank);
        }
        return lowest.Values.SelectMany(heap => heap.UnorderedItems).Select(item => item.Element);
    }

    private static long[] AllBut(HashSet<long> leftOut, long count)
    {
        var rest = new long[count - leftOut.Count];
        long next = 0;
        for (long sample = 0; sample < count; sample++)
        {
            if (!leftOut.Contains(sample))
                rest[next++] = sample;
        }
        return rest;
    }

    /// <summary>One seat for each class, larger classes first, then seat by seat to the largest size / (2 × seats + 1).</summary>
    private static Dictionary<int, long> Apportion(SortedDictionary<int, long> sizes, int limit)
    {
        var seats = sizes.ToDictionary(pair => pair.Key, _ => 0L);
        foreach (var (label, _) in sizes.OrderByDescending(pair => pair.Value).Take(limit))
            seats[label] = 1;
        var quotients = new PriorityQueue<int, (double, int)>(sizes.Where(pair => seats[pair.Key] == 1 && pair.Value > 1).Select(Entry));
        for (long left = limit - seats.Values.Sum(); left > 0; left--)
        {
            int label = quotients.Dequeue();
            if (++seats[label] < sizes[label])
                quotients.Enqueue(label, Entry(new(label, sizes[label])).Priority);
        }
        return seats;

        (int Label, (double, int) Priority) Entry(KeyValuePair<int, long> size) =>
            (size.Key, (-(double)size.Value / ((2 * seats[size.Key]) + 1), size.Key));
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
