using ActorTrain.DataPipeline.Sources;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.DataPipeline.Tests;

public class LimitTests
{
    [Fact]
    public void A_limit_takes_its_share_of_every_class_and_a_larger_one_only_adds() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<ulong>(), Gen.Choose(1, 40).ArrayOf(5).ToArbitrary(),
            (seed, sizes) =>
            {
                var labels = sizes.SelectMany((size, label) => Enumerable.Repeat(label, size)).ToArray();
                var smaller = new HashSet<long>();
                for (int limit = 1; limit < labels.Length; limit++)
                {
                    var chosen = Choose(labels, limit, seed);
                    var counts = sizes.Select((_, label) => chosen.Count(sample => labels[sample] == label)).ToArray();
                    bool stratified = chosen.Count == limit && smaller.IsSubsetOf(chosen) && (limit < sizes.Length || counts.All(count => count > 0))
                        && counts.Zip(sizes).All(pair => pair.First <= Math.Max(1, Math.Ceiling((double)limit * pair.Second / labels.Length) + 1));
                    if (!stratified)
                        return false;
                    smaller = chosen;
                }
                return true;
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void Another_seed_chooses_other_samples()
    {
        var labels = new int[1000];
        Assert.Equal(Choose(labels, 100, seed: 1), Choose(labels, 100, seed: 1));
        Assert.NotEqual(Choose(labels, 100, seed: 1), Choose(labels, 100, seed: 2));
    }

    [Fact]
    public async Task A_limited_source_is_the_chosen_part_of_the_whole()
    {
        var labels = Enumerable.Range(0, 90).Select(i => i % 3).ToArray();
        var whole = new LabelledNumbers(labels);
        var limited = LimitedSource.Create(whole, 30, seed: 5);
        Assert.Equal(30, limited.Count);
        Assert.Equal([10, 10, 10], Enumerable.Range(0, 30).CountBy(i => limited.LabelOf(i)).OrderBy(pair => pair.Key).Select(pair => pair.Value));
        var sample = await limited.ReadAsync(7, default);
        Assert.Equal(limited.LabelOf(7), sample.Label);
        Assert.NotEqual(whole.Fingerprint, limited.Fingerprint);
        Assert.Same(whole, LimitedSource.Create(whole, 90, seed: 5));
        Assert.Same(whole, LimitedSource.Create(whole, 0, seed: 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => limited.LabelOf(30));
    }

    private static HashSet<long> Choose(int[] labels, int limit, ulong seed)
    {
        var numbers = new LabelledNumbers(labels);
        var limited = LimitedSource.Create(numbers, limit, seed);
        numbers.Asked.Clear();
        for (int i = 0; i < limited.Count; i++)
            limited.LabelOf(i);
        return numbers.Asked;
    }

    private sealed class LabelledNumbers(int[] labels) : ISampleSource
    {
        public HashSet<long> Asked { get; } = [];

        public string Location => "numbers";

        public long Count => labels.Length;

        public IReadOnlyList<string> ClassNames => [.. labels.Distinct().Select(label => label.ToString())];

        public string Fingerprint => "00";

        public int LabelOf(long sample)
        {
            Asked.Add(sample);
            return labels[sample];
        }

        public ValueTask<Sample> ReadAsync(long sample, CancellationToken cancel) => new(new Sample(default, labels[sample], sample.ToString()));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
