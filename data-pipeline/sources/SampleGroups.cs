using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ActorTrain.DataPipeline.Sources;

/// <summary>The samples of a data set in groups that are held out whole. A sample in whose name the pattern finds no group is one of its own.</summary>
internal sealed class SampleGroups
{
    private readonly List<Group> _groups = [];

    private SampleGroups()
    {
    }

    /// <summary>The groups of a data set; null where none are asked for.</summary>
    /// <exception cref="DataException">The pattern is no regular expression, or the samples' names cannot be read.</exception>
    public static async Task<SampleGroups?> ReadAsync(INamedSamples source, SourceOptions options, CancellationToken cancel) =>
        options is { Group: { } pattern, HoldOut: > 0 } ? await OfAsync(source.ReadNamesAsync(options, cancel), new GroupPattern(pattern)) : null;

    /// <summary>The groups of samples by their names, which stand in the samples' order.</summary>
    public static async Task<SampleGroups> OfAsync(IAsyncEnumerable<string> names, GroupPattern pattern)
    {
        var groups = new SampleGroups();
        var known = new Dictionary<string, Group>(StringComparer.Ordinal);
        long sample = 0;
        await foreach (string name in names)
        {
            string? group = pattern.GroupOf(name);
            if (group is null || !known.TryGetValue(group, out var members))
            {
                members = new Group(KeyOf(group ?? name), []);
                groups._groups.Add(members);
                if (group is not null)
                    known.Add(group, members);
            }
            members.Samples.Add(sample++);
        }
        return groups;
    }

    /// <summary>
    /// Holds out groups in the order of random numbers that depend on the seed and their names alone: each one that has samples of a class
    /// that lacks some, unless another class would keep none.
    /// </summary>
    /// <param name="whole">The data set.</param>
    /// <param name="sizes">Samples of each class.</param>
    /// <param name="wanted">Samples of each class that are to be held out.</param>
    /// <param name="seed">Chooses the order.</param>
    /// <exception cref="GroupException">A class of several groups cannot have one on either side.</exception>
    public HashSet<long> HoldOut(IDataSet whole, IReadOnlyDictionary<int, long> sizes, IReadOnlyDictionary<int, long> wanted, ulong seed)
    {
        var kept = new Dictionary<int, long>(sizes);
        var groupsOf = sizes.Keys.ToDictionary(label => label, _ => 0);
        HashSet<long> held = [];
        foreach (var group in _groups.OrderBy(group => new CounterRandom(seed, RandomPurpose.HoldOut, 0, group.Key).NextUInt64()))
        {
            var counts = group.Samples.CountBy(whole.LabelOf).ToArray();
            foreach (var (label, _) in counts)
                groupsOf[label]++;
            if (!Array.Exists(counts, one => sizes[one.Key] - kept[one.Key] < wanted[one.Key]) || !Array.TrueForAll(counts, one => one.Value < kept[one.Key]))
                continue;
            held.UnionWith(group.Samples);
            foreach (var (label, count) in counts)
                kept[label] -= count;
        }
        if (held.Count == 0 && groupsOf.Values.All(count => count < 2))
            throw new GroupException($"each class of {whole.Location} is one single group, so none can be held out; choose a pattern that tells more groups apart, or none.");
        foreach (var (label, _) in groupsOf.Where(one => one.Value > 1 && kept[one.Key] == sizes[one.Key]))
            throw new GroupException($"no group of the class {whole.ClassNames[label]} of {whole.Location} can be held out, for each holds all that is left of some class; choose a pattern that tells more groups apart, or draw with another seed.");
        return held;
    }

    private static long KeyOf(string name) => BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    /// <summary>Samples that belong together, and what their group's place in the random order depends on.</summary>
    private sealed record Group(long Key, List<long> Samples);
}
