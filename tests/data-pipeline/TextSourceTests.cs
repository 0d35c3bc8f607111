using System.Formats.Tar;

namespace ActorTrain.DataPipeline.Tests;

public sealed class TextSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_form_of_a_location_holds_the_same_documents()
    {
        byte[] first = Texts.Utf8(Texts.Lines(0, 7)), second = Texts.Utf8(Texts.Lines(7, 5)), plain = Texts.Utf8("document 12\ndocument 13\n");
        _folder.Write("lines/a.jsonl", first);
        _folder.Write("lines/b.jsonl", second);
        _folder.Write("lines/c.txt", plain);
        _folder.Write("lines/notes.md", [0xFF]);
        _folder.Write("packed/a.jsonl.gz", Texts.Pack(first));
        _folder.Write("packed/b.jsonl.gz", Texts.Pack(second));
        _folder.Write("packed/c.txt.gz", Texts.Pack(plain));
        byte[] archive = Shards.Make(TarEntryFormat.Pax, ("deep/a.jsonl", first), ("._a.jsonl", [0xFF]), ("b.jsonl.gz", Texts.Pack(second)), ("read.me", [0]), ("c.txt", plain));
        _folder.Write("all.tar", archive);
        _folder.Write("all.tar.gz", Texts.Pack(archive));
        _folder.Write("whole.data", [.. first, .. second, .. Texts.Utf8("{\"text\":\"document 12\"}\r\n{\"text\":\"document 13\"}")]);

        string[] fingerprints = new string[6];
        string[] locations = ["lines", "packed", "all.tar", "all.tar.gz", "whole.data", "lines/"];
        for (int i = 0; i < locations.Length; i++)
        {
            await using var documents = await _folder.OpenDocumentsAsync(locations[i]);
            Assert.Equal(Enumerable.Range(0, 14).Select(n => $"document {n}"), (await documents.AllAsync()).Select(document => document.Text));
            Assert.Equal("document 9", (await documents.ReadAsync(9, 1, default))[0].Text);
            Assert.Empty(documents.ClassNames);
            Assert.Equal(-1, documents.LabelOf(3));
            fingerprints[i] = documents.Fingerprint;
        }
        // The same lines, wherever they lie; the file without an extension holds no plain text.
        Assert.Equal(2, fingerprints.Distinct().Count());
        // Packed piece by piece, as some tools do.
        _folder.Write("pieces.jsonl.gz", [.. Texts.Pack(first), .. Texts.Pack(second)]);
        await using var pieces = await _folder.OpenDocumentsAsync("pieces.jsonl.gz");
        Assert.Equal(12, pieces.Count);
    }

    [Fact]
    public async Task Brace_patterns_name_files_in_order()
    {
        for (int i = 0; i < 3; i++)
            _folder.Write($"part-0{i}.jsonl.gz", Texts.Pack(Texts.Utf8(Texts.Lines(10 * i, 10))));
        await using var documents = await _folder.OpenDocumentsAsync("part-{00..02}.jsonl.gz");
        Assert.Equal(Enumerable.Range(0, 30).Select(n => $"document {n}"), (await documents.AllAsync()).Select(document => document.Text));
        Assert.Equal(30, await documents.TextsAsync(default).CountAsync());
        var missing = await Assert.ThrowsAsync<DataException>(() => _folder.OpenDocumentsAsync("part-{00..03}.jsonl.gz"));
        Assert.Contains("part-03.jsonl.gz does not exist", missing.Message);
    }

    [Fact]
    public async Task A_byte_order_mark_line_ends_of_any_kind_and_blank_lines_are_accepted()
    {
        _folder.Write("a.jsonl", Texts.Utf8("\uFEFF{\"text\": \"one\"}\r\n\r\n   \n{\"text\": \"t\\u0077o\\n\"}\n\t{\"text\": \"dré\"} "));
        _folder.Write("a.txt", Texts.Utf8("\uFEFFone\r\n\r\n\n two \nthree"));
        await using var lines = await _folder.OpenDocumentsAsync("a.jsonl");
        Assert.Equal(["one", "two\n", "dré"], (await lines.AllAsync()).Select(document => document.Text));
        Assert.Equal((2, 0), (lines.BlankLines, lines.SkippedLines));
        await using var plain = await _folder.OpenDocumentsAsync("a.txt");
        Assert.Equal(["one", " two ", "three"], (await plain.AllAsync()).Select(document => document.Text));
        Assert.Equal(2, plain.BlankLines);
    }

    [Fact]
    public async Task Labels_are_classes_in_ordinal_order_and_numbers_by_value()
    {
        _folder.Write("names.jsonl", Texts.Utf8("{\"text\":\"a\",\"label\":\"b\"}\n{\"text\":\"b\",\"label\":\"a-b\"}\n{\"text\":\"c\",\"label\":\"B\"}\n{\"text\":\"d\",\"label\":\"b\"}\n"));
        _folder.Write("numbers.jsonl", Texts.Utf8("{\"text\":\"a\",\"class\":10}\n{\"text\":\"b\",\"class\":\"9\"}\n{\"text\":\"c\",\"class\":10}\n"));
        await using var names = await _folder.OpenDocumentsAsync("names.jsonl");
        Assert.Equal(["B", "a-b", "b"], names.ClassNames);
        Assert.Equal([2, 1, 0, 2], (await names.AllAsync()).Select(document => document.Label));
        await using var numbers = await _folder.OpenDocumentsAsync("numbers.jsonl", Texts.Options() with { LabelField = "class" });
        Assert.Equal(["9", "10"], numbers.ClassNames);
        Assert.Equal([1, 0, 1], Enumerable.Range(0, 3).Select(i => numbers.LabelOf(i)));
        await using var given = await _folder.OpenDocumentsAsync("names.jsonl", classNames: ["b", "B", "other", "a-b"]);
        Assert.Equal([0, 3, 1, 0], Enumerable.Range(0, 4).Select(i => given.LabelOf(i)));
        var unknown = await Assert.ThrowsAsync<DataException>(() => _folder.OpenDocumentsAsync("names.jsonl", classNames: ["b", "B"]));
        Assert.Contains("names.jsonl, line 2: the label \"a-b\" is none of the classes b, B", unknown.Message);
        await using var none = await _folder.OpenDocumentsAsync("names.jsonl", Texts.Options() with { LabelField = "nothing" });
        Assert.Empty(none.ClassNames);
    }

    [Fact]
    public async Task Labels_that_nobody_looks_at_may_be_of_any_kind()
    {
        _folder.Write("a.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\"}\n{\"text\":\"c\",\"label\":0.5}\n{\"text\":\"d\",\"label\":[1]}\n"u8.ToArray());
        await Assert.ThrowsAsync<DataException>(() => _folder.OpenDocumentsAsync("a.jsonl"));
        await using var documents = await _folder.OpenDocumentsAsync("a.jsonl", Texts.Options() with { LabelField = null });
        Assert.Empty(documents.ClassNames);
        Assert.Equal(["a", "b", "c", "d"], (await documents.AllAsync()).Select(document => document.Text));
        // Nor does an index without labels hide them from those who do.
        await Assert.ThrowsAsync<DataException>(() => _folder.OpenDocumentsAsync("a.jsonl"));
    }

    [Fact]
    public async Task Classes_of_one_name_cannot_be_told_apart()
    {
        _folder.Write("a.jsonl", Texts.Utf8(Texts.Lines(0, 4, classes: 2)));
        var twice = await Assert.ThrowsAsync<DataException>(() => _folder.OpenDocumentsAsync("a.jsonl", classNames: ["class-0", "class-1", "class-0"]));
        Assert.Equal(
            "data: the classes 0 and 2 to learn or to tell apart are both called \"class-0\"; rename one of them, in a model's id2label for instance.", twice.Message);
    }

    [Theory]
    [InlineData("a.jsonl", true)]
    [InlineData("folder.x/A.NDJSON.GZ", true)]
    [InlineData("part-{0..9}.Txt", true)]
    [InlineData("https://host/a.txt.gz?signature=a/b", true)]
    [InlineData("a.tar", false)]
    [InlineData("jsonl", false)]
    [InlineData("a.jsonl/", false)]
    [InlineData("a.json", false)]
    public void A_location_may_say_that_it_is_text(string location, bool isText) => Assert.Equal(isText, TextSources.IsText(location));

    [Fact]
    public async Task The_case_of_a_name_does_not_matter()
    {
        byte[] lines = Texts.Utf8(Texts.Lines(0, 3));
        _folder.Write("folder/a.JSONL", lines);
        _folder.Write("folder/b.ndjson.GZ", Texts.Pack(lines));
        _folder.Write("folder/c.Tar", Shards.Make(TarEntryFormat.Ustar, ("deep/d.Txt", Texts.Utf8("document 0\n"))));
        await using var documents = await _folder.OpenDocumentsAsync("folder");
        Assert.Equal([0, 1, 2, 0, 1, 2, 0], (await documents.AllAsync()).Select(document => int.Parse(document.Text.Split(' ')[1])));
    }

    [Fact]
    public async Task A_limit_takes_its_share_of_every_class_before_anything_is_packed()
    {
        _folder.Write("a.jsonl", Texts.Utf8(Texts.Lines(0, 90, classes: 3)));
        await using var whole = await _folder.OpenDocumentsAsync("a.jsonl");
        await using var limited = await _folder.OpenDocumentsAsync("a.jsonl", limit: 30);
        Assert.Equal(30, limited.Count);
        Assert.NotEqual(whole.Fingerprint, limited.Fingerprint);
        var documents = await limited.AllAsync();
        Assert.Equal([10, 10, 10], documents.CountBy(document => document.Label).OrderBy(pair => pair.Key).Select(pair => pair.Value));
        Assert.All(documents, document => Assert.Equal(document.Label, int.Parse(document.Text.Split(' ')[1]) % 3));
        Assert.Equal(documents, await limited.ReadAllAsync(default).SelectMany(block => block.ToAsyncEnumerable()).ToArrayAsync());
        await using var packed = await _folder.OpenTextAsync("a.jsonl", Texts.Options() with { Pack = true }, limit: 30);
        string text = string.Concat(Enumerable.Range(0, (int)packed.Count).Select(i => Texts.Tokenizer.Decode(packed.Read(i)))).Replace("<s>", "").Replace("</s>", "");
        Assert.Equal(string.Concat(documents.Select(document => document.Text)), text);
        var negative = await Assert.ThrowsAsync<DataException>(() => _folder.OpenDocumentsAsync("a.jsonl", limit: -1));
        Assert.Contains("limit of -1", negative.Message);
    }

    [Fact]
    public async Task The_index_is_kept_until_a_file_or_the_keys_change()
    {
        string path = _folder.Write("a.jsonl", Texts.Utf8(Texts.Lines(0, 5)));
        Assert.Contains(await PhasesAsync(), phase => phase == OpeningPhase.IndexingText);
        Assert.Equal([OpeningPhase.LookingUpShards], await PhasesAsync());
        File.AppendAllText(path, Texts.Lines(5, 1));
        Assert.Equal([OpeningPhase.LookingUpShards, OpeningPhase.IndexingText, OpeningPhase.Tokenizing], await PhasesAsync());
        await using var grown = await _folder.OpenTextAsync("a.jsonl", Texts.Options());
        Assert.Equal(6, grown.Count);
        // The same documents, so the same tokens.
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        Assert.Equal([OpeningPhase.LookingUpShards, OpeningPhase.IndexingText], await PhasesAsync());
        File.WriteAllBytes(Directory.GetFiles(_folder.File("cache"), "*.index").Single(), new byte[500]);
        Assert.Contains(await PhasesAsync(), phase => phase == OpeningPhase.IndexingText);
    }

    [Fact]
    public async Task What_was_unpacked_is_unpacked_again_when_the_cache_lost_it()
    {
        _folder.Write("a.jsonl.gz", Texts.Pack(Texts.Utf8(Texts.Lines(0, 5))));
        await (await _folder.OpenDocumentsAsync("a.jsonl.gz")).DisposeAsync();
        File.Delete(Directory.GetFiles(_folder.File("cache"), "*.unpacked").Single());
        await using var again = await _folder.OpenDocumentsAsync("a.jsonl.gz");
        Assert.Equal("document 4", (await again.ReadAsync(4, 1, default))[0].Text);
    }

    [Fact]
    public async Task A_file_that_changes_after_indexing_is_noticed_when_it_is_read()
    {
        string path = _folder.Write("a.jsonl", Texts.Utf8(Texts.Lines(0, 5)));
        await using var documents = await _folder.OpenDocumentsAsync("a.jsonl");
        File.WriteAllText(path, Texts.Lines(0, 5).Replace("document 2", "document 7"));
        Assert.Equal("document 1", (await documents.ReadAsync(1, 1, default))[0].Text);
        var changed = await Assert.ThrowsAsync<DataException>(async () => await documents.ReadAsync(1, 2, default));
        Assert.Contains("a.jsonl, offset 46: this is not what was indexed, the file has changed meanwhile", changed.Message);
        File.WriteAllText(path, "");
        Assert.Contains("too early", (await Assert.ThrowsAsync<DataException>(async () => await documents.ReadAsync(1, 1, default))).Message);
    }

    [Fact]
    public async Task Many_may_index_at_once()
    {
        _folder.Write("a.jsonl.gz", Texts.Pack(Texts.Utf8(Texts.Lines(0, 3000, classes: 3))));
        var opened = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => _folder.OpenTextAsync("a.jsonl.gz", Texts.Options()))));
        foreach (var source in opened)
        {
            Assert.Equal((3000, opened[0].Fingerprint), (source.Count, source.Fingerprint));
            Assert.Equal("<s>document 2999</s>", Texts.Tokenizer.Decode(source.Read(2999)));
            await source.DisposeAsync();
        }
        Assert.Empty(Directory.GetFiles(_folder.File("cache"), "*.tmp"));
    }

    [Theory]
    [InlineData(OpeningPhase.Unpacking)]
    [InlineData(OpeningPhase.IndexingText)]
    [InlineData(OpeningPhase.Tokenizing)]
    public async Task Opening_can_be_given_up_at_any_time_and_leaves_nothing_half_done(OpeningPhase when)
    {
        _folder.Write("a.txt.gz", Texts.Pack(Texts.Utf8(string.Concat(Enumerable.Range(0, 200_000).Select(i => $"document {i}\n")))));
        using var cancel = new CancellationTokenSource();
        var progress = new Observer(report =>
        {
            if (report.Phase == when)
                cancel.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TextSources.OpenAsync(
            _folder.Source("a.txt.gz") with { Progress = progress }, Texts.Options(), Texts.Tokenizer, cancel.Token));
        Assert.Empty(Directory.GetFiles(_folder.File("cache"), "*.tmp"));
        await using var source = await _folder.OpenTextAsync("a.txt.gz", Texts.Options());
        Assert.Equal(200_000, source.Count);
    }

    [Fact]
    public async Task Progress_goes_from_nothing_to_all()
    {
        byte[] packed = Texts.Pack(Texts.Utf8(Texts.Lines(0, 2000)));
        _folder.Write("a.jsonl.gz", packed);
        var reports = new List<OpeningProgress>();
        await using var source = await TextSources.OpenAsync(
            _folder.Source("a.jsonl.gz") with { Key = "data.train", Progress = new Observer(reports.Add) }, Texts.Options(), Texts.Tokenizer, default);
        Assert.All(reports, report => Assert.Equal("data.train", report.Key));
        Assert.Equal(
            [OpeningPhase.LookingUpShards, OpeningPhase.Unpacking, OpeningPhase.IndexingText, OpeningPhase.Tokenizing], reports.Select(report => report.Phase).Distinct());
        foreach (var phase in reports.GroupBy(report => report.Phase))
        {
            Assert.Equal(phase.Select(report => report.Done).Order(), phase.Select(report => report.Done));
            Assert.All(phase, report => Assert.Equal(phase.Last().Done, report.Total));
        }
        Assert.Equal((packed.Length, 2000), (reports.Last(report => report.Phase == OpeningPhase.Unpacking).Done, reports[^1].Done));
    }

    private async Task<List<OpeningPhase>> PhasesAsync()
    {
        var phases = new List<OpeningPhase>();
        await using var source = await TextSources.OpenAsync(
            _folder.Source("a.jsonl") with { Progress = new Observer(report => phases.Add(report.Phase)) }, Texts.Options(), Texts.Tokenizer, default);
        return [.. phases.Distinct()];
    }

    private sealed class Observer(Action<OpeningProgress> seen) : IProgress<OpeningProgress>
    {
        public void Report(OpeningProgress value) => seen(value);
    }
}
