namespace ActorTrain.DataPipeline.Tests;

public sealed class NetworkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ImpatientTime _time = new();
    private readonly TestServer _server;

    public NetworkTests()
    {
        for (int shard = 0; shard < 2; shard++)
            _folder.Write($"shards/data-{shard}.tar", Shards.MakeSamples(shard * 5, 5, classes: 2));
        foreach (string name in new[] { "cat/1 & 2.png", "cat/ü.png", "dog/a.png", "dog/deep/b#.png", "dog/c.png" })
            _folder.Write($"images/{name}", Shards.Image(name.Length));
        _server = new TestServer(_folder.Path);
        Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL", _server.Address);
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "test");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "test");
    }

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    private string Http => _server.Address + "/files";

    [Theory]
    [InlineData("http")]
    [InlineData("s3")]
    public async Task Shards_read_as_they_do_from_the_disk(string scheme)
    {
        await using var local = await OpenAsync(_folder.File("shards/data-{0..1}.tar"));
        await using var remote = await OpenAsync($"{Root(scheme)}/shards/data-{{0..1}}.tar");
        await AssertSameAsync(local, remote);
        Assert.StartsWith($"{Root(scheme)}/shards/data-1.tar, offset ", (await remote.ReadAsync(9, default)).Identity);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("s3")]
    public async Task Folders_read_as_they_do_from_the_disk(string scheme)
    {
        // As find . -type f -printf '%s\t%P\n' lists them.
        string images = _folder.File("images");
        _folder.Write("images/files.tsv", System.Text.Encoding.UTF8.GetBytes(string.Concat(
            Directory.EnumerateFiles(images, "*", SearchOption.AllDirectories)
                .Select(file => $"{new FileInfo(file).Length}\t{Path.GetRelativePath(images, file)}\n"))));
        await using var local = await OpenAsync(images);
        await using var remote = await OpenAsync($"{Root(scheme)}/images");
        Assert.Equal(["cat", "dog"], remote.ClassNames);
        await AssertSameAsync(local, remote);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("s3")]
    public async Task Text_reads_as_it_does_from_the_disk(string scheme)
    {
        _folder.Write("text/part-0.jsonl", Texts.Utf8(Texts.Lines(0, 2000)));
        _folder.Write("text/part-1.jsonl", Texts.Utf8(Texts.Lines(2000, 500)));
        _folder.Write("text/packed.txt.gz", Texts.Pack(Texts.Utf8(string.Concat(Enumerable.Range(0, 2500).Select(i => $"document {i}\n")))));
        await using var lines = await _folder.OpenDocumentsAsync($"{Root(scheme)}/text/part-{{0..1}}.jsonl");
        await using var packed = await _folder.OpenDocumentsAsync($"{Root(scheme)}/text/packed.txt.gz");
        int requests = _server.Requests;
        Assert.Equal(Enumerable.Range(0, 2500).Select(i => $"document {i}"), await lines.TextsAsync(default).ToArrayAsync());
        // Neighbours come with one request, and what was unpacked lies in the cache directory.
        Assert.InRange(_server.Requests - requests, 1, 5);
        Assert.Equal(await lines.AllAsync(), await packed.AllAsync());
        var missing = await Assert.ThrowsAsync<DataException>(() => _folder.OpenDocumentsAsync($"{Root(scheme)}/text/part-2.jsonl"));
        Assert.Contains("/text/part-2.jsonl does not exist", missing.Message);
    }

    [Fact]
    public async Task A_signed_URL_names_the_format_before_its_query()
    {
        _folder.Write("text/a.txt.gz", Texts.Pack(Texts.Utf8("one\ntwo\n")));
        await using var documents = await _folder.OpenDocumentsAsync($"{Http}/text/a.txt.gz?signature=a/b");
        Assert.Equal(["one", "two"], (await documents.AllAsync()).Select(document => document.Text));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Remote_text_that_changes_without_changing_its_size_is_read_anew(bool sendsETags)
    {
        _server.SendsETags = sendsETags;
        string[] locations = [$"{Http}/text", $"{Http}/text/a.jsonl", $"{Http}/packed.jsonl.gz"];
        foreach (string word in new[] { "one", "two" })
        {
            byte[] line = Texts.Utf8($"{{\"text\": \"{word}\"}}\n");
            _folder.Write("text/a.jsonl", line);
            _folder.Write("text/files.tsv", Texts.Utf8($"{line.Length}\ta.jsonl\n"));
            _folder.Write("packed.jsonl.gz", Texts.Pack(line));
            foreach (string location in locations)
            {
                await using var source = await _folder.OpenTextAsync(location, Texts.Options());
                Assert.Equal($"<s>{word}</s>", Texts.Tokenizer.Decode(source.Read(0)));
            }
        }
        _folder.Write("text/files.tsv", Texts.Utf8("17\ta.jsonl\n17\tb.jsonl\n"));
        var missing = await Assert.ThrowsAsync<DataException>(() => _folder.OpenDocumentsAsync($"{Http}/text"));
        Assert.Contains("the listed file", missing.Message);
        Assert.Contains("/text/b.jsonl does not exist", missing.Message);
    }

    [Fact]
    public async Task Remote_shards_without_versions_are_indexed_every_time()
    {
        _server.SendsETags = false;
        foreach (int label in new[] { 0, 1 })
        {
            _folder.Write("single.tar", Shards.Make(System.Formats.Tar.TarEntryFormat.Ustar, ("0.png", Shards.Image(0)), ("0.cls", Texts.Utf8($"{label}"))));
            await using var source = await OpenAsync($"{Http}/single.tar");
            Assert.Equal(label, source.LabelOf(0));
        }
    }

    [Fact]
    public async Task The_index_of_remote_shards_is_kept_until_their_ETag_changes()
    {
        string location = $"{Http}/shards/data-0.tar";
        await (await OpenAsync(location)).DisposeAsync();
        int before = _server.Requests;
        await (await OpenAsync(location)).DisposeAsync();
        // The shard's size and ETag, and classes.json.
        Assert.Equal(before + 2, _server.Requests);
        _folder.Write("shards/data-0.tar", Shards.MakeSamples(0, 3, classes: 2));
        await using var source = await OpenAsync(location);
        Assert.Equal(3, source.Count);
    }

    [Theory]
    [InlineData("http", 503, 429)]
    [InlineData("http", 0, 500)]
    [InlineData("s3", 503, 500)]
    [InlineData("s3", 0, 503)]
    public async Task A_failure_that_may_pass_is_tried_again_after_a_pause(string scheme, params int[] failures)
    {
        await using var source = await OpenAsync($"{Root(scheme)}/shards/data-0.tar");
        foreach (int failure in failures)
            _server.Failures.Enqueue(failure);
        Assert.Equal(Shards.Image(3), (await source.ReadAsync(3, default)).Bytes.ToArray());
        Assert.Equal([0.2, 1], _time.Pauses.Select(pause => pause.TotalSeconds));
    }

    [Theory]
    [InlineData("http")]
    [InlineData("s3")]
    public async Task A_failure_that_stays_is_an_error_that_names_the_file(string scheme)
    {
        await using var source = await OpenAsync($"{Root(scheme)}/shards/data-0.tar");
        for (int i = 0; i < 4; i++)
            _server.Failures.Enqueue(503);
        var error = await Assert.ThrowsAsync<DataException>(() => source.ReadAsync(3, default).AsTask());
        Assert.Contains($"{Root(scheme)}/shards/data-0.tar could not be read in 4 attempts", error.Message);
        Assert.Equal([0.2, 1, 5], _time.Pauses.Select(pause => pause.TotalSeconds));
    }

    [Theory]
    [InlineData("http")]
    [InlineData("s3")]
    public async Task What_is_not_there_or_not_allowed_is_an_error_at_once(string scheme)
    {
        Assert.Contains("data-7.tar does not exist", (await FailAsync($"{Root(scheme)}/shards/data-7.tar")).Message);
        Assert.Contains($"{Root(scheme)}/nothing", (await FailAsync($"{Root(scheme)}/nothing")).Message);
        _server.Failures.Enqueue(403);
        Assert.Contains($"{Root(scheme)}/shards/data-0.tar", (await FailAsync($"{Root(scheme)}/shards/data-0.tar")).Message);
        Assert.Empty(_time.Pauses);
    }

    [Fact]
    public async Task A_folder_over_http_without_its_list_says_how_to_make_one() =>
        Assert.Contains("find . -type f", (await FailAsync($"{Http}/images")).Message);

    [Fact]
    public async Task A_server_that_knows_no_ranges_is_an_error()
    {
        _server.KnowsRanges = false;
        Assert.Contains("does not answer range requests", (await FailAsync($"{Http}/shards/data-0.tar")).Message);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_an_error_after_the_pauses()
    {
        _server.Dispose();
        Assert.Contains("could not be read in 4 attempts", (await FailAsync($"{Http}/shards/data-0.tar")).Message);
    }

    [Theory]
    [InlineData("ftp://host/data")]
    [InlineData("http://[/data")]
    public async Task An_address_that_cannot_be_read_is_an_error(string location) =>
        Assert.Contains(location, (await FailAsync(location)).Message);

    private string Root(string scheme) => scheme == "s3" ? "s3://bucket" : Http;

    private Task<ISampleSource> OpenAsync(string location) => SampleSources.OpenAsync(
        new SourceOptions { Location = location, Key = "data.train", CacheDirectory = _folder.File("cache"), Time = _time }, default);

    private Task<DataException> FailAsync(string location) => Assert.ThrowsAsync<DataException>(() => OpenAsync(location));

    private static async Task AssertSameAsync(ISampleSource local, ISampleSource remote)
    {
        Assert.Equal((local.Count, local.Fingerprint), (remote.Count, remote.Fingerprint));
        for (long i = 0; i < local.Count; i++)
        {
            var (expected, actual) = (await local.ReadAsync(i, default), await remote.ReadAsync(i, default));
            Assert.Equal(expected.Label, actual.Label);
            Assert.Equal(expected.Bytes.ToArray(), actual.Bytes.ToArray());
        }
    }
}
