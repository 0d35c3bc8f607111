namespace ActorTrain.DataPipeline.Tests;

public sealed class FolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Classes_and_files_sort_ordinally_and_only_images_count()
    {
        foreach (string name in new[] { "a-b/1.png", "a/10.png", "a/9.jpg", "B/x.JPEG", "a/notes.txt", "a/.hidden.png", "readme.md", "a/sub/0.png" })
            _folder.Write(name, [1]);
        await using var source = await OpenAsync();
        Assert.Equal(["B", "a", "a-b"], source.ClassNames);
        var samples = await ReadAllAsync(source);
        Assert.Equal(["B/x.JPEG", "a/10.png", "a/9.jpg", "a/sub/0.png", "a-b/1.png"], samples.Select(sample => Path.GetRelativePath(_folder.Path, sample.Identity)));
        Assert.Equal([0, 1, 1, 1, 2], samples.Select(sample => sample.Label));
    }

    [Fact]
    public async Task A_folder_without_class_folders_is_unlabelled()
    {
        _folder.Write("b.png", [1]);
        _folder.Write("a.png", [2]);
        await using var source = await OpenAsync();
        Assert.Empty(source.ClassNames);
        Assert.Equal([-1, -1], (await ReadAllAsync(source)).Select(sample => sample.Label));
    }

    [Fact]
    public async Task Given_class_names_number_the_class_folders()
    {
        _folder.Write("dog/1.png", [1]);
        await using (var source = await OpenAsync(new SourceOptions { Location = _folder.Path, ClassNames = ["cat", "dog"] }))
            Assert.Equal(1, source.LabelOf(0));
        Assert.Contains("dog is none of the classes cat, owl", (await Assert.ThrowsAsync<DataException>(
            () => OpenAsync(new SourceOptions { Location = _folder.Path, ClassNames = ["cat", "owl"] }))).Message);
        Assert.Contains("the classes 1 and 2 to learn or to tell apart are both called \"dog\"", (await Assert.ThrowsAsync<DataException>(
            () => OpenAsync(new SourceOptions { Location = _folder.Path, ClassNames = ["cat", "dog", "dog"] }))).Message);
    }

    [Fact]
    public async Task What_is_wrong_with_a_folder_is_said_with_key_and_path()
    {
        await FailsAsync(_folder.File("nowhere"), "nowhere does not exist");
        await FailsAsync("", "the path is empty");
        await FailsAsync(_folder.Path, "holds no image");
        await FailsAsync(_folder.Write("single.png", [1]), "single.png is a file");
        _folder.Write("cat/1.png", [1]);
        await FailsAsync(_folder.Path, "images outside them (single.png)");
        File.Delete(_folder.File("single.png"));
        Directory.CreateDirectory(_folder.File("dog"));
        await FailsAsync(_folder.Path, $"the class folder {_folder.File("dog")} holds no image");
    }

    [Fact]
    public async Task A_file_that_went_away_is_an_error_that_names_it()
    {
        string path = _folder.Write("cat/1.png", [1]);
        await using var source = await OpenAsync();
        File.Delete(path);
        Assert.Contains(path, (await Assert.ThrowsAsync<DataException>(() => source.ReadAsync(0, default).AsTask())).Message);
    }

    [Fact]
    public async Task The_fingerprint_changes_with_names_sizes_and_labels()
    {
        _folder.Write("cat/1.png", [1]);
        _folder.Write("dog/2.png", [1]);
        var seen = new HashSet<string>();
        async Task AddAsync()
        {
            await using var source = await OpenAsync();
            await using var again = await OpenAsync();
            Assert.Equal(source.Fingerprint, again.Fingerprint);
            Assert.True(seen.Add(source.Fingerprint));
        }
        await AddAsync();
        _folder.Write("dog/2.png", [1, 2]);
        await AddAsync();
        File.Move(_folder.File("dog", "2.png"), _folder.File("dog", "3.png"));
        await AddAsync();
        Directory.Move(_folder.File("cat"), _folder.File("eel"));
        await AddAsync();
    }

    private async Task FailsAsync(string location, string reason)
    {
        var error = await Assert.ThrowsAsync<DataException>(() => OpenAsync(new SourceOptions { Location = location, Key = "data.test" }));
        Assert.StartsWith("data.test: ", error.Message);
        Assert.Contains(reason, error.Message);
    }

    private Task<ISampleSource> OpenAsync(SourceOptions? options = null) =>
        SampleSources.OpenAsync(options ?? new SourceOptions { Location = _folder.Path }, default);

    private static async Task<List<Sample>> ReadAllAsync(ISampleSource source)
    {
        var samples = new List<Sample>();
        for (long i = 0; i < source.Count; i++)
            samples.Add(await source.ReadAsync(i, default));
        return samples;
    }
}
