using ActorTrain.DataPipeline.Text;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.DataPipeline.Tests;

/// <summary>Documents as sequences: what an index finds, what packing makes of them.</summary>
public sealed class TextSequenceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _files;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_index_finds_what_reading_line_by_line_finds() =>
        Prop.ForAll(Files().ToArbitrary(), Gen.Elements("\n", "\r\n").ToArbitrary(), async (files, lineEnd) =>
        {
            string folder = NextFolder();
            for (int i = 0; i < files.Length; i++)
                _folder.Write($"{folder}/{i:D2}.txt", Texts.Utf8(string.Join(lineEnd, files[i])));
            _folder.Write($"{folder}/last.txt", "the end"u8.ToArray());
            string[] naive = [.. Directory.GetFiles(_folder.File(folder)).Order(StringComparer.Ordinal).SelectMany(File.ReadAllLines).Where(line => !IsBlank(line))];
            await using var documents = await _folder.OpenDocumentsAsync(folder);
            Assert.Equal(naive, (await documents.AllAsync()).Select(document => document.Text));
            for (int i = naive.Length - 1; i >= 0; i--)
                Assert.Equal(naive[i], (await documents.ReadAsync(i, 1, default))[0].Text);
            await using var source = await _folder.OpenTextAsync(folder, Texts.Options(maxLength: 1_000_000));
            Assert.Equal(naive, Enumerable.Range(0, naive.Length).Select(i => Text(source.Read(i))));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Packing_loses_and_repeats_no_token() =>
        Prop.ForAll(Files().ToArbitrary(), Gen.Choose(4, 40).ToArbitrary(), Gen.Choose(1, 7).ToArbitrary(), async (files, maxLength, window) =>
        {
            string name = $"{NextFolder()}.txt";
            string[] lines = [.. files.SelectMany(lines => lines).Where(line => !IsBlank(line)), "the end"];
            _folder.Write(name, Texts.Utf8(string.Join('\n', lines)));
            await using var source = await _folder.OpenTextAsync(name, new TextOptions { MaxLength = maxLength, Pack = true, PackWindow = window });
            var tokenizer = Texts.Tokenizer;
            int sample = 0;
            foreach (string[] documents in lines.Chunk(window))
            {
                int[] expected = [.. documents.SelectMany((text, i) => i == 0 ? tokenizer.Encode(text) : [tokenizer.End, .. tokenizer.Encode(text)])];
                foreach (int[] run in expected.Chunk(maxLength - 2))
                {
                    Assert.Equal([tokenizer.Begin, .. run, tokenizer.End], source.Read(sample));
                    Assert.Equal(run.Length + 2, source.LengthOf(sample));
                    Assert.Contains(run, token => !tokenizer.IsSpecial(token));
                    Assert.Equal(-1, source.LabelOf(sample++));
                }
            }
            Assert.Equal(sample, source.Count);
            Assert.Throws<ArgumentOutOfRangeException>(() => source.LengthOf(sample));
            Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(-1));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task What_does_not_fit_a_sequence_is_cut_and_counted()
    {
        _folder.Write("a.txt", "abcdefgh\nabc\nabcdef\n"u8.ToArray());
        await using var source = await _folder.OpenTextAsync("a.txt", Texts.Options(maxLength: 7));
        Assert.Equal(["abcde", "abc", "abcde"], Enumerable.Range(0, 3).Select(i => Text(source.Read(i))));
        Assert.Equal([7, 5, 7], Enumerable.Range(0, 3).Select(i => source.LengthOf(i)));
        Assert.Equal((2, 4), (source.TruncatedDocuments, source.TruncatedTokens));
        await using var again = await _folder.OpenTextAsync("a.txt", Texts.Options(maxLength: 7));
        Assert.Equal((2, 4, source.Fingerprint), (again.TruncatedDocuments, again.TruncatedTokens, again.Fingerprint));
        await using var longer = await _folder.OpenTextAsync("a.txt", Texts.Options(maxLength: 10));
        Assert.Equal((0, "abcdefgh"), (longer.TruncatedTokens, Text(longer.Read(0))));
        Assert.NotEqual(source.Fingerprint, longer.Fingerprint);
    }

    [Fact]
    public async Task Second_texts_follow_the_first_and_share_the_room()
    {
        _folder.Write("a.jsonl", "{\"text\":\"abc\",\"pair\":\"xy\"}\n{\"pair\":\"x\",\"text\":\"abcdefghijk\"}\n"u8.ToArray());
        var options = Texts.Options(maxLength: 10) with { PairField = "pair" };
        await using var source = await _folder.OpenTextAsync("a.jsonl", options);
        Assert.Equal("<s>abc</s></s>xy</s>", Texts.Tokenizer.Decode(source.Read(0)));
        Assert.Equal(Texts.Tokenizer.Sequence("abcdefghijk", "x", 10), source.Read(1));
        Assert.Equal((1, 6), (source.TruncatedDocuments, source.TruncatedTokens));
        await using var documents = await _folder.OpenDocumentsAsync("a.jsonl", options);
        Assert.Equal(["abc", "xy", "abcdefghijk", "x"], await documents.TextsAsync(default).ToArrayAsync());
    }

    [Fact]
    public async Task The_fingerprint_tells_the_tokens_themselves()
    {
        _folder.Write("a.txt", "abc\ndef\n"u8.ToArray());
        await using var documents = await _folder.OpenDocumentsAsync("a.txt");
        string usual = await FingerprintAsync("usual", 5), same = await FingerprintAsync("same", 5), other = await FingerprintAsync("other", 6);
        Assert.Equal(usual, same);
        Assert.NotEqual(usual, other);
        Assert.Equal(usual, await FingerprintAsync("usual", 6));

        // As if a later version made another token of every text.
        async Task<string> FingerprintAsync(string cache, int token)
        {
            using var store = await TokenStore.OpenAsync(
                documents, Texts.Tokenizer, "test", _ => new EncodedDocument([token], Cut: 0), _folder.Source("a.txt") with { CacheDirectory = _folder.File(cache) }, default);
            return store.Fingerprint;
        }
    }

    [Fact]
    public async Task Another_way_of_packing_is_another_data_set()
    {
        _folder.Write("a.jsonl", Texts.Utf8(Texts.Lines(0, 50, classes: 2)));
        var fingerprints = new HashSet<string>();
        foreach (var options in new[]
        {
            Texts.Options(), Texts.Options() with { Pack = true }, Texts.Options(20) with { Pack = true }, Texts.Options() with { Pack = true, PackWindow = 9 },
        })
        {
            await using var source = await _folder.OpenTextAsync("a.jsonl", options);
            Assert.True(fingerprints.Add(source.Fingerprint));
            Assert.Equal(options.Pack ? 0 : 2, source.ClassNames.Count);
        }
    }

    /// <summary>Some files of some lines of what is hard on a reader of lines.</summary>
    private static Gen<string[][]> Files() =>
        Gen.Elements("", "a", "the document", " ", "ü", "日本", "\u2028", "the the the ", "\"{", "𝄞", "x\ty", new string('b', 300))
            .ArrayOf().Select(string.Concat).ArrayOf().ArrayOf();

    private static bool IsBlank(string line) => line.Trim(' ', '\t').Length == 0;

    private static string Text(int[] sequence) => Texts.Tokenizer.Decode(sequence.AsSpan(1, sequence.Length - 2));

    private string NextFolder() => $"case-{_files++}";
}
