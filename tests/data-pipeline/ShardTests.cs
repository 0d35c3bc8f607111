using System.Formats.Tar;
using System.Text;

namespace ActorTrain.DataPipeline.Tests;

public sealed class ShardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    public async Task Samples_of_all_shards_are_found_in_order_with_their_labels(TarEntryFormat format)
    {
        for (int shard = 0; shard < 3; shard++)
            _folder.Write($"data-{shard:D3}.tar", Shards.MakeSamples(shard * 5, 5, classes: 4, format));
        await using var source = await OpenAsync("data-{000..002}.tar");
        Assert.Equal(15, source.Count);
        Assert.Equal(["0", "1", "2", "3"], source.ClassNames);
        for (int i = 0; i < 15; i++)
        {
            var sample = await source.ReadAsync(i, default);
            Assert.Equal(Shards.Image(i), sample.Bytes.ToArray());
            Assert.Equal((i % 4, i % 4), (sample.Label, source.LabelOf(i)));
            Assert.StartsWith($"{_folder.File($"data-{i / 5:D3}.tar")}, offset ", sample.Identity);
        }
    }

    [Theory]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    public async Task Names_longer_than_a_header_holds_keep_samples_together(TarEntryFormat format)
    {
        string directory = string.Concat(Enumerable.Repeat("a-rather-long-folder.v1/", 12));
        _folder.Write("long.tar", Shards.Make(format,
            (directory + "one.jpeg", [1]), (directory + "one.cls", "7"u8.ToArray()),
            (directory + "zwei-ü.PNG", [2]), (directory + "zwei-ü.CLS", "0"u8.ToArray()), (directory + "zwei-ü.json", [3])));
        await using var source = await OpenAsync("long.tar");
        Assert.Equal([7, 0], [source.LabelOf(0), source.LabelOf(1)]);
        Assert.Equal([2], (await source.ReadAsync(1, default)).Bytes.ToArray());
    }

    [Fact]
    public async Task Shards_without_labels_are_unlabelled()
    {
        _folder.Write("bare.tar", Shards.Make(TarEntryFormat.Ustar, ("a.png", [1]), ("b.png", [2])));
        await using var source = await OpenAsync("bare.tar");
        Assert.Equal((-1, 2L), (source.LabelOf(1), source.Count));
        Assert.Empty(source.ClassNames);
    }

    [Fact]
    public async Task A_tar_cut_anywhere_is_an_error_with_file_and_offset()
    {
        byte[] whole = Shards.MakeSamples(0, 4, classes: 2);
        for (int length = 0; length <= whole.Length - 1024; length += 256)
        {
            _folder.Write("cut.tar", whole[..length]);
            var error = await Assert.ThrowsAsync<DataException>(() => OpenAsync("cut.tar"));
            Assert.Matches(@"^data\.train: .*cut\.tar, offset \d+: ", error.Message);
        }
    }

    [Fact]
    public async Task Any_damaged_header_is_an_error()
    {
        byte[] whole = Shards.MakeSamples(0, 2, classes: 2);
        for (int at = 0; at < 512; at += 3)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 0x11;
            _folder.Write("damaged.tar", damaged);
            var error = await Assert.ThrowsAsync<DataException>(() => OpenAsync("damaged.tar"));
            Assert.Contains("damaged.tar, offset 0: ", error.Message);
        }
    }

    [Theory]
    [InlineData("77777777777\0", "reaches beyond the end of the file")]
    [InlineData("\u0080\u0001\0\0\0\0\0\0\0\0\0\0", "out of range")]
    [InlineData("\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff", "out of range")]
    [InlineData("not a number", "not an octal number")]
    public async Task A_size_that_lies_is_an_error(string size, string reason)
    {
        byte[] tar = Shards.MakeSamples(0, 2, classes: 2);
        Encoding.Latin1.GetBytes(size).CopyTo(tar, 124);
        // With a checksum that fits.
        tar.AsSpan(148, 8).Fill((byte)' ');
        Encoding.ASCII.GetBytes($"{Convert.ToString(tar.Take(512).Sum(value => value), 8).PadLeft(6, '0')}\0 ").CopyTo(tar, 148);
        _folder.Write("lies.tar", tar);
        var error = await Assert.ThrowsAsync<DataException>(() => OpenAsync("lies.tar"));
        Assert.Contains("lies.tar, offset 0: ", error.Message);
        Assert.Contains(reason, error.Message);
    }

    [Theory]
    [InlineData("has a label and no image", "a.cls", "b.png", "b.cls")]
    [InlineData("has a second image", "a.png", "a.jpg", "a.cls")]
    [InlineData("label all samples or none", "a.png", "a.cls", "b.png")]
    [InlineData("holds no image", "a.txt", "b.json", "c")]
    public async Task A_tar_that_is_no_data_set_is_an_error(string reason, params string[] names)
    {
        _folder.Write("odd.tar", Shards.Make(TarEntryFormat.Ustar, names.Select(name => (name, "1"u8.ToArray()))));
        Assert.Contains(reason, (await Assert.ThrowsAsync<DataException>(() => OpenAsync("odd.tar"))).Message);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("cat")]
    [InlineData("")]
    [InlineData("99999999999999999999")]
    public async Task A_label_that_is_no_label_is_an_error(string label)
    {
        _folder.Write("labels.tar", Shards.Make(TarEntryFormat.Ustar, ("a.png", [1]), ("a.cls", Encoding.ASCII.GetBytes(label))));
        Assert.Contains("a.cls is no label", (await Assert.ThrowsAsync<DataException>(() => OpenAsync("labels.tar"))).Message);
    }

    [Fact]
    public async Task Class_names_come_from_classes_json_and_bound_the_labels()
    {
        _folder.Write("named.tar", Shards.MakeSamples(0, 6, classes: 3));
        _folder.Write("classes.json", """["cat", "dog", "owl"]"""u8.ToArray());
        await using (var source = await OpenAsync("named.tar"))
            Assert.Equal(["cat", "dog", "owl"], source.ClassNames);
        _folder.Write("classes.json", """["cat", "dog"]"""u8.ToArray());
        var error = await Assert.ThrowsAsync<DataException>(() => OpenAsync("named.tar"));
        Assert.Matches(@"named\.tar, offset \d+ has the label 2, but there are 2 class names", error.Message);
        _folder.Write("classes.json", "{"u8.ToArray());
        Assert.Contains("classes.json", (await Assert.ThrowsAsync<DataException>(() => OpenAsync("named.tar"))).Message);
    }

    [Theory]
    [InlineData("data-{0..2}.tar", "data-1.tar does not exist")]
    [InlineData("data-{2..0}.tar", "rising range")]
    [InlineData("data-{a..b}.tar", "rising range")]
    [InlineData("data-{0..9999999}.tar", "rising range")]
    [InlineData("data-0}.tar", "rising range")]
    public async Task A_pattern_that_names_no_shards_is_an_error(string pattern, string reason)
    {
        _folder.Write("data-0.tar", Shards.MakeSamples(0, 2, classes: 2));
        Assert.Contains(reason, (await Assert.ThrowsAsync<DataException>(() => OpenAsync(pattern))).Message);
    }

    [Fact]
    public async Task The_index_is_built_once_and_again_when_a_shard_changes_or_the_index_is_damaged()
    {
        string shard = _folder.Write("data.tar", Shards.MakeSamples(0, 4, classes: 2));
        await using (await OpenAsync("data.tar"))
        {
        }
        // The same size and time: nobody looks at the headers again.
        var time = File.GetLastWriteTimeUtc(shard);
        byte[] unreadable = File.ReadAllBytes(shard);
        unreadable.AsSpan(0, 512).Fill(0xFF);
        File.WriteAllBytes(shard, unreadable);
        File.SetLastWriteTimeUtc(shard, time);
        await using (var source = await OpenAsync("data.tar"))
            Assert.Equal(4, source.Count);
        // Another time: looked at again.
        File.SetLastWriteTimeUtc(shard, time.AddSeconds(1));
        await Assert.ThrowsAsync<DataException>(() => OpenAsync("data.tar"));
        File.WriteAllBytes(shard, Shards.MakeSamples(0, 7, classes: 2));
        await using (var source = await OpenAsync("data.tar"))
            Assert.Equal(7, source.Count);

        string index = Assert.Single(Directory.GetFiles(_folder.File("cache")));
        byte[] whole = File.ReadAllBytes(index);
        foreach (int length in new[] { 0, 10, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(index, whole[..length]);
            await using var source = await OpenAsync("data.tar");
            Assert.Equal(7, source.Count);
        }
        Assert.Equal(whole, File.ReadAllBytes(index));
    }

    [Fact]
    public async Task Two_openings_at_once_both_find_everything()
    {
        _folder.Write("data.tar", Shards.MakeSamples(0, 50, classes: 2));
        foreach (var source in await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => OpenAsync("data.tar")))))
        {
            Assert.Equal((50, 1), (source.Count, source.LabelOf(49)));
            await source.DisposeAsync();
        }
        Assert.Single(Directory.GetFiles(_folder.File("cache")));
    }

    [Fact]
    public async Task A_cache_directory_that_cannot_be_made_is_an_error()
    {
        _folder.Write("data.tar", Shards.MakeSamples(0, 2, classes: 2));
        _folder.Write("cache", [1]);
        Assert.Contains(_folder.File("cache"), (await Assert.ThrowsAsync<DataException>(() => OpenAsync("data.tar"))).Message);
    }

    [Fact]
    public async Task The_fingerprint_follows_the_content_and_not_the_place()
    {
        _folder.Write("data.tar", Shards.MakeSamples(0, 6, classes: 2));
        _folder.Write("moved/data-0.tar", Shards.MakeSamples(0, 3, classes: 2, TarEntryFormat.Pax));
        _folder.Write("moved/data-1.tar", Shards.MakeSamples(3, 3, classes: 2, TarEntryFormat.Gnu));
        _folder.Write("other.tar", Shards.MakeSamples(0, 6, classes: 3));
        await using var source = await OpenAsync("data.tar");
        await using var moved = await OpenAsync("moved/data-{0..1}.tar");
        await using var other = await OpenAsync("other.tar");
        Assert.Equal(source.Fingerprint, moved.Fingerprint);
        Assert.NotEqual(source.Fingerprint, other.Fingerprint);
    }

    private Task<ISampleSource> OpenAsync(string name) => SampleSources.OpenAsync(
        new SourceOptions { Location = _folder.File(name), Key = "data.train", CacheDirectory = _folder.File("cache") }, default);
}
