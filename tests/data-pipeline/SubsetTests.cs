using ActorTrain.DataPipeline.Sources;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.DataPipeline.Tests;

public class SubsetTests
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
        var limited = Part(whole, limit: 30, seed: 5);
        Assert.Equal(30, limited.Count);
        Assert.Equal([10, 10, 10], Enumerable.Range(0, 30).CountBy(i => limited.LabelOf(i)).OrderBy(pair => pair.Key).Select(pair => pair.Value));
        var sample = await limited.ReadAsync(7, default);
        Assert.Equal(limited.LabelOf(7), sample.Label);
        Assert.NotEqual(whole.Fingerprint, limited.Fingerprint);
        Assert.Same(whole, Part(whole, limit: 90, seed: 5));
        Assert.Same(whole, Part(whole, limit: 0, seed: 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => limited.LabelOf(30));
    }

    [Fact]
    public void What_is_held_out_takes_its_share_of_every_class_and_is_the_same_under_any_limit() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<ulong>(), Gen.Choose(1, 40).ArrayOf(5).ToArbitrary(), Gen.Choose(1, 99).ToArbitrary(),
            (seed, sizes, percent) =>
            {
                var labels = sizes.SelectMany((size, label) => Enumerable.Repeat(label, size)).Append(-1).ToArray();
                if (sizes.Max() < 2)
                    return;
                double share = percent / 100.0;
                var held = Choose(labels, limit: 0, seed, share, heldOut: true);
                var rest = Choose(labels, limit: 0, seed, share);
                Assert.Empty(held.Intersect(rest));
                Assert.Equal(labels.Length, held.Count + rest.Count);
                for (int label = 0; label < sizes.Length; label++)
                {
                    int count = held.Count(sample => labels[sample] == label);
                    Assert.Equal(sizes[label] < 2 ? 0 : Math.Clamp(share * sizes[label], 1, sizes[label] - 1), count, tolerance: 0.5);
                }
                for (int limit = 1; limit <= rest.Count; limit += 7)
                {
                    Assert.Equal(held, Choose(labels, limit, seed, share, heldOut: true));
                    var limited = Choose(labels, limit, seed, share);
                    Assert.Equal(limit, limited.Count);
                    Assert.Subset(rest, limited);
                }
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_larger_share_only_adds_to_what_is_held_out_and_another_seed_holds_out_others()
    {
        var labels = Enumerable.Range(0, 500).Select(i => i % 7).ToArray();
        var held = Choose(labels, limit: 0, seed: 1, holdOut: 0.1, heldOut: true);
        Assert.Subset(Choose(labels, limit: 0, seed: 1, holdOut: 0.2, heldOut: true), held);
        Assert.NotEqual(held, Choose(labels, limit: 0, seed: 2, holdOut: 0.1, heldOut: true));
    }

    [Fact]
    public void What_cannot_be_held_out_is_a_sentence()
    {
        var alone = new LabelledNumbers([0, 1, 2]);
        Assert.Contains("numbers has no class of two", Assert.Throws<DataException>(() => Part(alone, limit: 0, seed: 1, holdOut: 0.5)).Message);
        Assert.All([-0.1, 1, double.NaN], share =>
            Assert.Contains("cannot be held out", Assert.Throws<DataException>(() => Subset.Check(Options(limit: 0, seed: 1, share, heldOut: false))).Message));
        Assert.Contains("nothing is held out", Assert.Throws<DataException>(() => Subset.Check(Options(limit: 0, seed: 1, holdOut: 0, heldOut: true))).Message);
        Assert.Contains("negative", Assert.Throws<DataException>(() => Subset.Check(Options(limit: -1, seed: 1, holdOut: 0, heldOut: false))).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Documents_are_held_out_of_what_is_packed_too(bool pack)
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.jsonl", Texts.Utf8(Texts.Lines(first: 100, count: 60, classes: 3)));
        var options = folder.Source("a.jsonl") with { HoldOut = 0.25, LimitSeed = 3 };
        await using var held = await TextSources.OpenDocumentsAsync(options with { HeldOut = true }, Texts.Options(), default);
        await using var rest = await TextSources.OpenDocumentsAsync(options, Texts.Options(), default);
        await using var sequences = await TextSources.OpenAsync(options, Texts.Options() with { Pack = pack }, Texts.Tokenizer, default);
        var (heldOut, kept) = (await held.AllAsync(), await rest.AllAsync());
        Assert.Equal([5, 5, 5], heldOut.CountBy(document => document.Label).Select(count => count.Value));
        Assert.Equal(45, kept.Length);
        Assert.Empty(heldOut.Intersect(kept));
        var tokens = Enumerable.Range(0, (int)sequences.Count).SelectMany(i => sequences.Read(i)).Where(token => !Texts.Tokenizer.IsSpecial(token));
        Assert.Equal(kept.SelectMany(document => Texts.Tokenizer.Encode(document.Text)), tokens);
        Assert.NotEqual(held.Fingerprint, rest.Fingerprint);
    }

    private static HashSet<long> Choose(int[] labels, int limit, ulong seed, double holdOut = 0, bool heldOut = false)
    {
        var numbers = new LabelledNumbers(labels);
        var part = Part(numbers, limit, seed, holdOut, heldOut);
        numbers.Asked.Clear();
        for (int i = 0; i < part.Count; i++)
            part.LabelOf(i);
        return numbers.Asked;
    }

    private static ISampleSource Part(ISampleSource whole, int limit, ulong seed, double holdOut = 0, bool heldOut = false) =>
        SubsetSource.Create(whole, Options(limit, seed, holdOut, heldOut), groups: null);

    private static SourceOptions Options(int limit, ulong seed, double holdOut, bool heldOut) =>
        new() { Location = "numbers", Limit = limit, LimitSeed = seed, HoldOut = holdOut, HeldOut = heldOut };

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
