using System.Formats.Tar;
using ActorTrain.Tests;

namespace ActorTrain.DataPipeline.Tests;

/// <summary>Text that cannot be used: a sentence with file and line, or a counted skip.</summary>
public sealed class TextFaultTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _mutated;

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string> BrokenLines => new()
    {
        { "[1, 2]", "it is JSON, but a list and no object with a key \"text\"" },
        { "\"text\"", "it is JSON, but a string and no object" },
        { "{\"txt\": \"a\"}", "it has no key \"text\"" },
        { "{\"text\": [\"a\"]}", "the value of \"text\" is a list and no string" },
        { "{\"text\": null}", "the value of \"text\" is null and no string" },
        { "{\"text\": \"\"}", "the value of \"text\" is empty" },
        { "{\"text\": \"a\", \"label\": 1.5}", "the value of \"label\" is a number and neither a string nor a whole number" },
        { "{\"text\": \"a\", \"label\": {}}", "the value of \"label\" is an object and neither" },
        { "{\"text\": \"a\"", "it is no JSON (character " },
        { "{\"text\": \"a\"} x", "it is no JSON (character 15" },
        { "no JSON at all", "it is no JSON (character 2" },
        { "{\"text\": \"\\ud800\"}", "a string in it holds half of a surrogate pair" },
        { "{\"text\": \"a\", \"deep\": " + new string('[', 70), "it is no JSON" },
    };

    [Theory]
    [MemberData(nameof(BrokenLines))]
    public Task A_broken_line_is_named_or_skipped(string line, string fault) => AssertBrokenAsync("a.jsonl", Texts.Utf8(line), fault);

    [Theory]
    [InlineData("a.jsonl")]
    [InlineData("a.txt")]
    public Task Invalid_UTF8_is_named_or_skipped(string name) =>
        AssertBrokenAsync(name, [.. Texts.Utf8("{\"text\": \"é"), 0xC3, 0x28, .. Texts.Utf8("\"}")], "its byte 13 is not valid UTF-8");

    [Theory]
    [InlineData("a.jsonl", (8 << 20) + 1)]
    [InlineData("a.txt", 10_000_000)]
    public Task A_line_of_ten_megabytes_is_named_or_skipped(string name, int length)
    {
        var line = new byte[length];
        Array.Fill(line, (byte)'a');
        return AssertBrokenAsync(name, line, "it has more than the 8 MB that a line may have");
    }

    [Fact]
    public async Task A_line_of_eight_megabytes_is_a_document()
    {
        var line = new byte[8 << 20];
        Array.Fill(line, (byte)'a');
        _folder.Write("a.txt", [.. "first\n"u8, .. line, .. "\r\nlast"u8]);
        await using var documents = await _folder.OpenDocumentsAsync("a.txt");
        Assert.Equal([5, 8 << 20, 4], (await documents.AllAsync()).Select(document => document.Text.Length));
    }

    [Fact]
    public async Task Labels_are_had_by_all_documents_or_none()
    {
        _folder.Write("a.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\"}"u8.ToArray());
        _folder.Write("b.jsonl", "{\"text\":\"a\",\"label\":null}\n{\"text\":\"b\",\"label\":\"x\"}"u8.ToArray());
        await AssertFailsAsync("a.jsonl", "a.jsonl, line 2: it has no label and others have one; label all documents or none.");
        await AssertFailsAsync("b.jsonl", "b.jsonl, line 2: it has a label and others have none; label all documents or none.");
    }

    [Fact]
    public async Task A_missing_second_text_is_named()
    {
        _folder.Write("a.jsonl", "{\"text\":\"a\",\"question\":\"x\"}\n{\"text\":\"b\"}"u8.ToArray());
        _folder.Write("a.txt", "a"u8.ToArray());
        await AssertFailsAsync("a.jsonl", "a.jsonl, line 2: it has no key \"question\"", Texts.Options() with { PairField = "question" });
        await AssertFailsAsync("a.txt", "a.txt, line 1: plain text has no key \"question\"", Texts.Options() with { PairField = "question" });
    }

    [Fact]
    public async Task Files_without_text_are_named()
    {
        _folder.Write("empty.jsonl", []);
        _folder.Write("blank.txt", "\n \r\n\n"u8.ToArray());
        _folder.Write("images.tar", Shards.MakeSamples(0, 2, 1));
        _folder.Write("images/a.png", [1]);
        byte[] archive = Shards.Make(TarEntryFormat.Ustar, ("a.jsonl", Texts.Utf8(Texts.Lines(0, 100))));
        _folder.Write("cut.tar", archive[..2000]);
        await AssertFailsAsync("empty.jsonl", "empty.jsonl holds no document; name files with text in them.");
        await AssertFailsAsync("blank.txt", "blank.txt holds no document");
        await AssertFailsAsync("images.tar", "images.tar holds no text (.jsonl or .txt");
        await AssertFailsAsync("images", "holds no text (.jsonl, .txt or .tar");
        await AssertFailsAsync("cut.tar", "cut.tar, offset 0: its member a.jsonl of");
        await AssertFailsAsync("nowhere.jsonl", "the text file", "nowhere.jsonl does not exist");
        await AssertFailsAsync("nowhere", "nowhere does not exist");
    }

    [Fact]
    public async Task A_packed_file_that_is_cut_off_damaged_or_none_is_named()
    {
        byte[] packed = Texts.Pack(Texts.Utf8(string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{{\"text\": \"{i * 7919 % 1009} {i}\"}}\n"))));
        _folder.Write("cut.jsonl.gz", packed[..^(packed.Length / 3)]);
        _folder.Write("headless.jsonl.gz", packed[..5]);
        byte[] damaged = [.. packed];
        damaged[^6] ^= 1;
        _folder.Write("damaged.jsonl.gz", damaged);
        _folder.Write("none.jsonl.gz", "{\"text\": \"a\"}"u8.ToArray());
        _folder.Write("more.jsonl.gz", [.. packed, .. "more"u8]);
        _folder.Write("empty.txt.gz", []);
        _folder.Write("members.tar", Shards.Make(TarEntryFormat.Ustar, ("cut.jsonl.gz", packed[..^20])));
        foreach (string name in new[] { "cut.jsonl.gz", "headless.jsonl.gz", "damaged.jsonl.gz", "none.jsonl.gz", "more.jsonl.gz" })
            await AssertFailsAsync(name, $"{name} is no gzip file, damaged or cut off");
        await AssertFailsAsync("members.tar", "members.tar, cut.jsonl.gz is no gzip file, damaged or cut off");
        await AssertFailsAsync("empty.txt.gz", "empty.txt.gz holds no document");
        Assert.Empty(Directory.GetFiles(_folder.File("cache"), "*.tmp"));
    }

    [Fact]
    public async Task A_cache_directory_that_cannot_be_written_is_named()
    {
        _folder.Write("a.jsonl", Texts.Utf8(Texts.Lines(0, 5)));
        _folder.Write("cache", [1]);
        await AssertFailsAsync("a.jsonl", "the text index", "check the cache directory's permissions and free space");
    }

    [Fact]
    public async Task When_every_line_is_broken_skipping_does_not_help()
    {
        _folder.Write("a.jsonl", "{}\n[]\n"u8.ToArray());
        await AssertFailsAsync("a.jsonl", "all 2 lines are broken, the first one being", Texts.Options() with { SkipBroken = true });
    }

    [Theory]
    [InlineData(3, true, null, "use at least 4")]
    [InlineData(2, false, null, "use at least 3")]
    [InlineData(5, false, "second", "use at least 6")]
    [InlineData(50, true, "second", "cannot be packed")]
    public async Task Sequences_without_room_are_refused(int maxLength, bool pack, string? pair, string message)
    {
        var refused = await Assert.ThrowsAsync<DataException>(() =>
            _folder.OpenTextAsync("a.jsonl", new TextOptions { MaxLength = maxLength, Pack = pack, PairField = pair }));
        Assert.Contains(message, refused.Message);
    }

    [Fact]
    public async Task Damaged_text_opens_ends_in_a_sentence_or_is_skipped_line_by_line()
    {
        byte[][] corpus =
        [
            Texts.Utf8(Texts.Lines(0, 3, classes: 2)), "{\"text\": \"\\ud834\\udd1e \\\"x\\\"\", \"label\": null, \"more\": [{}, 1.5e3]}\r\n\n{\"text\": \"ü\"}"u8.ToArray(),
        ];
        foreach (var (_, bytes) in Mutation.Of(corpus, 500, seed: 4))
        {
            string path = _folder.Write("mutated.jsonl", bytes);
            File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddSeconds(_mutated++));
            long documents = await CountAsync("mutated.jsonl", skipBroken: false), kept = await CountAsync("mutated.jsonl", skipBroken: true);
            Assert.True(documents == 0 || documents == kept);
        }
    }

    [Fact]
    public async Task Damaged_files_in_the_cache_directory_end_in_a_sentence_or_are_made_anew()
    {
        _folder.Write("a.jsonl.gz", Texts.Pack(Texts.Utf8(Texts.Lines(0, 40))));
        var options = Texts.Options() with { Pack = true, PackWindow = 7 };
        await (await _folder.OpenTextAsync("a.jsonl.gz", options)).DisposeAsync();
        string[] paths = [.. Directory.GetFiles(_folder.File("cache")).Order(StringComparer.Ordinal)];
        byte[][] whole = [.. paths.Select(File.ReadAllBytes)];
        Assert.Equal(5, paths.Length);
        foreach (var (element, bytes) in Mutation.Of(whole, 400, seed: 5))
        {
            File.WriteAllBytes(paths[element], bytes);
            try
            {
                await using var source = await _folder.OpenTextAsync("a.jsonl.gz", options);
                for (long sample = 0; sample < Math.Min(source.Count, 100); sample++)
                    Assert.Equal(source.LengthOf(sample), source.Read(sample).Length);
            }
            catch (DataException error)
            {
                Assert.EndsWith(".", error.Message);
            }
            foreach (string path in Directory.GetFiles(_folder.File("cache")))
                File.Delete(path);
            for (int i = 0; i < paths.Length; i++)
                File.WriteAllBytes(paths[i], whole[i]);
        }
    }

    private async Task<long> CountAsync(string name, bool skipBroken)
    {
        try
        {
            await using var documents = await _folder.OpenDocumentsAsync(name, Texts.Options() with { SkipBroken = skipBroken });
            Assert.Equal(documents.Count, (await documents.AllAsync()).Length);
            return documents.Count;
        }
        catch (DataException error)
        {
            Assert.EndsWith(".", error.Message);
            return 0;
        }
    }

    private async Task AssertBrokenAsync(string name, byte[] line, string fault)
    {
        bool plain = name.EndsWith(".txt", StringComparison.Ordinal);
        byte[] before = plain ? "first\n\n"u8.ToArray() : "{\"text\":\"first\"}\n\n"u8.ToArray();
        byte[] after = plain ? "\nlast"u8.ToArray() : "\n{\"text\":\"last\"}"u8.ToArray();
        _folder.Write(name, [.. before, .. line, .. after]);
        await AssertFailsAsync(name, $"{name}, line 3: {fault}");

        var skipping = Texts.Options() with { SkipBroken = true };
        await using (var documents = await _folder.OpenDocumentsAsync(name, skipping))
        {
            Assert.Equal(["first", "last"], (await documents.AllAsync()).Select(document => document.Text));
            Assert.Equal((1, 1), (documents.SkippedLines, documents.BlankLines));
        }
        await using var source = await _folder.OpenTextAsync(name, skipping);
        await using var loader = new TextLoader(source, skipping, 1, new SampleOrder(source.Count, 1));
        Assert.Equal((2, 1), (source.Count, loader.SkippedSamples));
        // An index that was made while skipping does not hide the line from those who do not.
        await AssertFailsAsync(name, $"{name}, line 3: {fault}");
    }

    private Task AssertFailsAsync(string location, string message, TextOptions? text = null) => AssertFailsAsync(location, message, message, text);

    private async Task AssertFailsAsync(string location, string message, string rest, TextOptions? text = null)
    {
        var error = await Assert.ThrowsAsync<DataException>(() => _folder.OpenDocumentsAsync(location, text));
        Assert.True(error.Message.Contains(message), error.Message);
        Assert.Contains(rest, error.Message);
        Assert.StartsWith("data: ", error.Message);
        Assert.EndsWith(".", error.Message);
    }
}
