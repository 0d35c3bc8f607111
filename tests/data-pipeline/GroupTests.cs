using System.Formats.Tar;
using System.Text;
using ActorTrain.DataPipeline.Sources;

namespace ActorTrain.DataPipeline.Tests;

public sealed class GroupTests : IDisposable
{
    private const string Pattern = "p([0-9]+)_";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("p([0-9]+)_", "a/p12_3.png", "12")]
    [InlineData("p[0-9]+", "a/p12_3.png", "p12")]
    [InlineData("x([0-9]+)|p[0-9]+", "a/p12_3.png", "p12")]
    [InlineData("(?<patient>[0-9]+?)(?:_[0-9]+)+[.]", "a/p12_3_4.png", "12")]
    [InlineData("p([0-9]*)_", "a/p_3.png", "")]
    [InlineData("P([0-9]+)_", "a/p12_3.png", null)]
    public void A_pattern_finds_a_group_in_a_name(string pattern, string name, string? group) => Assert.Equal(group, new GroupPattern(pattern).GroupOf(name));

    [Theory]
    [InlineData("(", "\"(\" is no regular expression")]
    [InlineData("(?=a)", "looks around")]
    [InlineData("(a)\\1", "refers back")]
    public void A_pattern_that_cannot_be_used_is_a_sentence(string pattern, string fault)
    {
        Assert.Contains(fault, Assert.Throws<GroupException>(() => new GroupPattern(pattern)).Message);
        Assert.Throws<GroupException>(() => Subset.Check(new SourceOptions { Location = "numbers", Group = pattern }));
    }

    [Fact]
    public async Task Groups_of_one_class_are_held_out_whole_to_their_share_within_a_group_and_are_the_same_under_any_limit()
    {
        for (int seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            var samples = Enumerable.Range(0, 3).SelectMany(label => Patients(random, first: 100 * label, count: random.Next(2, 15), _ => label)).ToArray();
            double share = random.Next(1, 100) / 100.0;
            var held = await HeldOutAsync(samples, share, (ulong)seed);
            var kept = await ChosenAsync(samples, Options(share, (ulong)seed));
            Assert.Empty(held.Intersect(kept));
            Assert.Equal(samples.Length, held.Count + kept.Count);
            Assert.Empty(held.Select(PatientOf).Intersect(kept.Select(PatientOf)));
            foreach (var ofClass in samples.GroupBy(sample => sample.Label))
            {
                int largest = ofClass.CountBy(PatientOf).Max(patient => patient.Value), count = held.Count(sample => sample.Label == ofClass.Key);
                Assert.InRange(count, Math.Max(1, Math.Ceiling(share * ofClass.Count()) - largest), Math.Min(ofClass.Count() - 1, Math.Floor(share * ofClass.Count()) + largest));
            }
            int limit = random.Next(1, kept.Count);
            Assert.Equal(held, await ChosenAsync(samples, Options(share, (ulong)seed, heldOut: true) with { Limit = limit }));
            var limited = await ChosenAsync(samples, Options(share, (ulong)seed) with { Limit = limit });
            Assert.Equal(limit, limited.Count);
            Assert.Subset(kept, limited);
        }
    }

    [Fact]
    public async Task Groups_of_several_classes_are_held_out_whole_and_both_sides_have_every_class()
    {
        for (int seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            var samples = Patients(random, first: 0, count: random.Next(20, 40), _ => random.Next(3));
            double share = random.Next(1, 100) / 100.0;
            var held = await HeldOutAsync(samples, share, (ulong)seed);
            var kept = await ChosenAsync(samples, Options(share, (ulong)seed));
            Assert.Empty(held.Select(PatientOf).Intersect(kept.Select(PatientOf)));
            Assert.Equal(3, held.DistinctBy(sample => sample.Label).Count());
            Assert.Equal(3, kept.DistinctBy(sample => sample.Label).Count());
        }
    }

    [Fact]
    public async Task One_more_group_moves_the_end_of_what_is_held_out_only_and_the_order_of_samples_nothing()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var samples = Patients(random, first: 0, count: 12, _ => 0);
            var more = samples.Concat(Patients(random, first: 500, count: 1, _ => 0)).ToArray();
            var held = await HeldOutAsync(samples, 0.3, (ulong)seed);
            var heldOfMore = (await HeldOutAsync(more, 0.3, (ulong)seed)).Where(sample => PatientOf(sample) != "500").ToHashSet();
            Assert.True(held.IsSubsetOf(heldOfMore) || heldOfMore.IsSubsetOf(held));
            Assert.Equal(held, await HeldOutAsync([.. samples.AsEnumerable().Reverse()], 0.3, (ulong)seed));
        }
        var many = Patients(new Random(1), first: 0, count: 50, _ => 0);
        Assert.NotEqual(await HeldOutAsync(many, 0.3, seed: 1), await HeldOutAsync(many, 0.3, seed: 2));
    }

    [Fact]
    public async Task A_sample_without_a_match_is_for_itself_and_a_group_counts_only_where_something_is_held_out()
    {
        (string Name, int Label)[] samples = [.. Enumerable.Range(0, 40).Select(i => ("same", i % 2))];
        var source = new NamedNumbers(samples);
        var options = Options(share: 0.25, seed: 3);
        var held = Subset.Choose(source, options with { HeldOut = true }, await SampleGroups.ReadAsync(source, options, default))!;
        Assert.Equal([5, 5], held.CountBy(source.LabelOf).Select(count => count.Value));
        Assert.Null(await SampleGroups.ReadAsync(source, options with { Group = null }, default));
        Assert.Null(await SampleGroups.ReadAsync(source, options with { HoldOut = 0 }, default));
    }

    [Fact]
    public async Task What_cannot_be_held_out_in_groups_is_a_sentence()
    {
        var oneEach = await Assert.ThrowsAsync<GroupException>(() => HeldOutAsync([("p1_0", 0), ("p1_1", 0), ("p2_0", 1)], 0.5, seed: 1));
        Assert.Contains("each class of numbers is one single group", oneEach.Message);
        // Either group of class 0 has all of another class.
        var tied = await Assert.ThrowsAsync<GroupException>(() => HeldOutAsync([("p1_0", 0), ("p1_1", 1), ("p2_0", 0), ("p2_1", 2)], 0.5, seed: 1));
        Assert.Contains("no group of the class 0 of numbers can be held out", tied.Message);
    }

    [Fact]
    public async Task Documents_have_no_groups()
    {
        _folder.Write("a.jsonl", Texts.Utf8(Texts.Lines(first: 100, count: 60, classes: 3)));
        var options = _folder.Source("a.jsonl") with { HoldOut = 0.25, Group = Pattern };
        var error = await Assert.ThrowsAsync<DataException>(() => TextSources.OpenAsync(options, Texts.Options(), Texts.Tokenizer, default));
        Assert.Contains("documents have no names", Assert.IsType<GroupException>(error.InnerException).Message);
        await using var whole = await TextSources.OpenDocumentsAsync(options with { HoldOut = 0 }, Texts.Options(), default);
        Assert.Equal(60, whole.Count);
    }

    [Fact]
    public async Task Folders_and_shards_find_groups_in_the_names_of_their_images()
    {
        // Three images of each of 20 patients, patient i of class i % 2; their names need the long forms of tar headers.
        string deep = new('d', 120);
        var images = Enumerable.Range(0, 60).Select(i => (Name: $"{deep}/p{i / 3}_{i % 3}", Label: i / 3 % 2, Number: i)).ToArray();
        foreach (var (name, label, number) in images)
            _folder.Write($"folder/{label}/{name}.png", Shards.Image(number));
        foreach (int shard in new[] { 0, 1 })
        {
            _folder.Write($"s-{shard}.tar", Shards.Make(shard == 0 ? TarEntryFormat.Pax : TarEntryFormat.Gnu, images.Skip(30 * shard).Take(30).SelectMany(image => new[]
            {
                ($"{image.Name}.cls", Encoding.ASCII.GetBytes($"{image.Label}")), ($"{image.Name}.json", "{}"u8.ToArray()), ($"{image.Name}.PNG", Shards.Image(image.Number)),
            })));
        }
        var held = await PatientsAsync("folder", heldOut: true);
        Assert.Equal([2, 2], held.CountBy(patient => patient % 2).Select(count => count.Value));
        Assert.Equal(held, await PatientsAsync("s-{0..1}.tar", heldOut: true));
        Assert.Equal(Enumerable.Range(0, 20).Except(held), await PatientsAsync("s-{0..1}.tar", heldOut: false));

        async Task<SortedSet<int>> PatientsAsync(string location, bool heldOut)
        {
            var options = _folder.Source(location) with { HoldOut = 0.2, HeldOut = heldOut, Group = Pattern, LimitSeed = 4 };
            await using var part = await SampleSources.OpenAsync(options, default);
            var patients = new SortedSet<int>();
            for (long i = 0; i < part.Count; i++)
            {
                byte[] bytes = (await part.ReadAsync(i, default)).Bytes.ToArray();
                patients.Add(Enumerable.Range(0, 60).Single(number => bytes.SequenceEqual(Shards.Image(number))) / 3);
            }
            Assert.Equal(3 * patients.Count, part.Count);
            return patients;
        }
    }

    [Fact]
    public async Task A_data_set_in_one_group_tells_its_key()
    {
        foreach (int number in Enumerable.Range(0, 8))
            _folder.Write($"folder/{number % 2}/{number}.png", Shards.Image(number));
        var error = await Assert.ThrowsAsync<DataException>(() => SampleSources.OpenAsync(_folder.Source("folder") with { HoldOut = 0.5, Group = "[01]/" }, default));
        Assert.StartsWith("data: each class of ", error.Message);
        Assert.IsType<GroupException>(error.InnerException);
    }

    /// <summary>Patients of one to eight images, named by <see cref="Pattern"/>.</summary>
    private static (string Name, int Label)[] Patients(Random random, int first, int count, Func<int, int> labelOf) =>
        [.. Enumerable.Range(first, count).SelectMany(patient => Enumerable.Range(0, random.Next(1, 9)).Select(image => ($"c/p{patient}_{image}", labelOf(image))).ToArray())];

    private static string PatientOf((string Name, int Label) sample) => sample.Name["c/p".Length..sample.Name.IndexOf('_')];

    private static Task<HashSet<(string Name, int Label)>> HeldOutAsync((string Name, int Label)[] samples, double share, ulong seed) =>
        ChosenAsync(samples, Options(share, seed, heldOut: true));

    private static async Task<HashSet<(string Name, int Label)>> ChosenAsync((string Name, int Label)[] samples, SourceOptions options)
    {
        var source = new NamedNumbers(samples);
        return [.. Subset.Choose(source, options, await SampleGroups.ReadAsync(source, options, default))!.Select(sample => samples[sample])];
    }

    private static SourceOptions Options(double share, ulong seed, bool heldOut = false) =>
        new() { Location = "numbers", HoldOut = share, LimitSeed = seed, HeldOut = heldOut, Group = Pattern };

    private sealed class NamedNumbers((string Name, int Label)[] samples) : INamedSamples
    {
        public string Location => "numbers";

        public long Count => samples.Length;

        public IReadOnlyList<string> ClassNames => ["0", "1", "2"];

        public string Fingerprint => "00";

        public int LabelOf(long sample) => samples[sample].Label;

        public ValueTask<Sample> ReadAsync(long sample, CancellationToken cancel) => new(new Sample(default, LabelOf(sample), samples[sample].Name));

        public IAsyncEnumerable<string> ReadNamesAsync(SourceOptions options, CancellationToken cancel) => samples.Select(sample => sample.Name).ToAsyncEnumerable();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
