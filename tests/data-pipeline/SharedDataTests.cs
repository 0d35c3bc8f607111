using System.Text.RegularExpressions;

namespace ActorTrain.DataPipeline.Tests;

public sealed class SharedDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SharedDataFact]
    public async Task Cifar10_has_its_fifty_thousand_images_evenly_over_ten_classes()
    {
        await using var source = await OpenAsync("cifar10/source_train-{000000..000009}.tar");
        Assert.Equal(50_000, source.Count);
        Assert.Equal(10, source.ClassNames.Count);
        Assert.Contains("airplane", source.ClassNames);
        var perClass = new int[10];
        for (long i = 0; i < source.Count; i++)
            perClass[source.LabelOf(i)]++;
        Assert.All(perClass, count => Assert.Equal(5000, count));

        await using var loader = new ImageLoader(source, new ImageOptions { Size = 32 }, seed: 1, new SampleOrder(source.Count, 1));
        var batch = await loader.LoadAsync(0, 512, default);
        // Published statistics of the training images: mean .491 .482 .447, over so few of them to about ± .02.
        double[] means = [.. Enumerable.Range(0, 3).Select(channel =>
            batch.Pixels.Where((_, i) => i / 1024 % 3 == channel).Average(value => value / 255.0))];
        Assert.InRange(means[0], .46, .52);
        Assert.InRange(means[2], .41, .48);
    }

    [SharedDataFact]
    public async Task The_chest_X_rays_open_limit_and_decode()
    {
        await using var train = await OpenAsync("xray/train");
        await using var test = await OpenAsync("xray/test", train.ClassNames);
        Assert.Equal(["covid19", "nofindings", "pneumonia"], train.ClassNames);
        Assert.Equal((804, 319), (train.Count, test.Count));
        await using var limited = await OpenAsync("xray/train", limit: 150);
        // 89, 359 and 356 of 804.
        Assert.Equal([17, 67, 66], Enumerable.Range(0, 150).CountBy(i => limited.LabelOf(i)).OrderBy(pair => pair.Key).Select(pair => pair.Value));

        await using var loader = new ImageLoader(test, new ImageOptions { Size = 32 }, seed: 1, new SampleOrder(test.Count, 1));
        var batch = await loader.LoadConsecutiveAsync(0, 319, default);
        Assert.Equal(Enumerable.Range(0, 319).Select(i => test.LabelOf(i)), batch.Labels);
        // Grey: the three planes of an image are the same.
        Assert.Equal(batch.Pixels[..1024], batch.Pixels[1024..2048]);
        Assert.InRange(batch.Pixels.Average(value => (double)value), 60, 200);
    }

    [SharedDataFact]
    public async Task No_patient_of_the_chest_X_rays_is_on_both_sides_of_the_study_that_validates()
    {
        var group = Regex.Match(await File.ReadAllTextAsync(Path.Combine(SharedDataFactAttribute.Configurations, "studies-common.conf")), "^ *group = \"(.+)\"$", RegexOptions.Multiline);
        Assert.True(group.Success);
        for (ulong seed = 0; seed < 3; seed++)
        {
            var options = new SourceOptions
            {
                Location = Path.Combine(SharedDataFactAttribute.Folder, "xray/train"),
                CacheDirectory = _folder.File("cache"),
                HoldOut = 0.33,
                LimitSeed = seed,
                Group = group.Groups[1].Value,
            };
            var (held, kept) = (await NamesAsync(options with { HeldOut = true }), await NamesAsync(options));
            Assert.Equal(804, held.Count + kept.Count);
            // PATIENT_FOLLOWUP_INDEX.jpg of the NIH's set: 479 patients, of whom 17 are in two classes.
            var patients = held.Concat(kept).Where(name => name[8] == '_').Select(name => name[..8]).Distinct().ToArray();
            Assert.Equal(479, patients.Length);
            Assert.All(patients.Concat(["1.CXRCTThoraximagesofCOVID-19fromSingapore", "1-s2.0-S1684118220300682", "covid-19-pneumonia-24-", "jkms-35-e79-", "nejmoa2001191_"]),
                series => Assert.True(held.Exists(name => name.StartsWith(series, StringComparison.Ordinal)) ^ kept.Exists(name => name.StartsWith(series, StringComparison.Ordinal)), series));
            // A third of 89, 359 and 356, and what comes with a patient of both of the latter.
            Assert.InRange(held.Count, 0.33 * 804 - 8, 0.33 * 804 + 40);
        }

        static async Task<List<string>> NamesAsync(SourceOptions options)
        {
            await using var source = await SampleSources.OpenAsync(options, default);
            List<string> names = [];
            for (long i = 0; i < source.Count; i++)
                names.Add(Path.GetFileName((await source.ReadAsync(i, default)).Identity));
            return names;
        }
    }

    [SharedDataFact]
    public async Task The_labelled_sentences_open_as_they_were_counted()
    {
        await AssertSplitsAsync("scierc", classes: 7, train: 3219, dev: 455, test: 974);
        await AssertSplitsAsync("chemprot", classes: 13, train: 4169, dev: 2427, test: 3469);
    }

    [SharedDataFact]
    public async Task The_general_paragraphs_pack_without_loss()
    {
        var source = new SourceOptions { Location = Path.Combine(SharedDataFactAttribute.Folder, "text/wikitext2"), CacheDirectory = _folder.File("cache") };
        await using var documents = await TextSources.OpenDocumentsAsync(source, Texts.Options(), default);
        Assert.Equal(2183 + 1841, documents.Count);
        Assert.Empty(documents.ClassNames);
        var packing = Texts.Options(maxLength: 128) with { Pack = true };
        await using var packed = await TextSources.OpenAsync(source, packing, Texts.Tokenizer, default);
        long tokens = 0;
        await foreach (string text in documents.TextsAsync(default))
            tokens += Texts.Tokenizer.Encode(text).Length;
        // A separator between the documents of a window, and two tokens around each sequence.
        Assert.Equal(tokens + 4024 - 5 + (2 * packed.Count), Enumerable.Range(0, (int)packed.Count).Sum(i => (long)packed.LengthOf(i)));
        await using var loader = new TextLoader(packed, packing, seed: 1, new SampleOrder(packed.Count, 1));
        Assert.InRange((await loader.LoadAsync(0, 32, default)).Tokens.Length, 31 * 128, 32 * 128);
    }

    private async Task AssertSplitsAsync(string name, int classes, int train, int dev, int test)
    {
        IReadOnlyList<string>? names = null;
        foreach (var (split, count) in new[] { ("train", train), ("dev", dev), ("test", test) })
        {
            await using var source = await TextSources.OpenAsync(
                new SourceOptions
                {
                    Location = Path.Combine(SharedDataFactAttribute.Folder, "text", name, $"{split}.jsonl"),
                    CacheDirectory = _folder.File("cache"),
                    ClassNames = names,
                }, Texts.Options(maxLength: 512), Texts.Tokenizer, default);
            names ??= source.ClassNames;
            Assert.Equal((count, classes, 0, 0), (source.Count, source.ClassNames.Count, source.SkippedLines, source.BlankLines));
            Assert.All(Enumerable.Range(0, count), i => Assert.InRange(source.LabelOf(i), 0, classes - 1));
        }
    }

    private Task<ISampleSource> OpenAsync(string location, IReadOnlyList<string>? classNames = null, int limit = 0) => SampleSources.OpenAsync(
        new SourceOptions
        {
            Location = Path.Combine(SharedDataFactAttribute.Folder, location),
            CacheDirectory = _folder.File("cache"),
            ClassNames = classNames,
            Limit = limit,
        }, default);
}
