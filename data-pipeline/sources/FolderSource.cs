using System.Security.Cryptography;
using ActorTrain.DataPipeline.Storage;

namespace ActorTrain.DataPipeline.Sources;

/// <summary>
/// A folder per class, or a folder of unlabelled images. Classes and files sort ordinally. The file names are held in memory
/// (about a hundred bytes an image): corpora of many millions of images belong in shards.
/// </summary>
internal sealed class FolderSource : INamedSamples
{
    private readonly IFileStore _store;
    private readonly StoredFile[] _files;
    private readonly int[] _labels;

    private FolderSource(IFileStore store, string location, StoredFile[] files, int[] labels, IReadOnlyList<string> classNames)
    {
        _store = store;
        _files = files;
        _labels = labels;
        Location = location;
        ClassNames = classNames;
        Fingerprint = FingerprintOf(files, labels);
    }

    public string Location { get; }

    public long Count => _files.Length;

    public IReadOnlyList<string> ClassNames { get; }

    public string Fingerprint { get; }

    public static async Task<FolderSource> OpenAsync(IFileStore store, SourceOptions options, CancellationToken cancel)
    {
        var images = new List<StoredFile>();
        var classFolders = new SortedSet<string>(StringComparer.Ordinal);
        long listed = 0;
        await foreach (var file in store.ListAsync(cancel))
        {
            options.Report(OpeningPhase.Listing, ++listed, total: null);
            int slash = file.Path.IndexOf('/');
            if (slash > 0)
                classFolders.Add(file.Path[..slash]);
            if (IsImage(file.Path))
                images.Add(file);
        }
        if (images.Count == 0)
            throw new DataException($"the folder {store.Locate("")} holds no image (.jpg, .jpeg, .png); name a folder of images or of class folders.");
        if (images.Find(image => !image.Path.Contains('/')) is { Path: not null } loose && images.Exists(image => image.Path.Contains('/')))
            throw new DataException($"the folder {store.Locate("")} holds both class folders and images outside them ({loose.Path}); move these into a class folder or away.");

        bool labelled = images[0].Path.Contains('/');
        var sorted = images.ToArray();
        Array.Sort(sorted, (a, b) => Compare(a.Path, b.Path));
        if (!labelled)
            return new FolderSource(store, options.Location, sorted, [.. Enumerable.Repeat(-1, sorted.Length)], options.ClassNames ?? []);

        foreach (string empty in classFolders.Except(sorted.Select(image => ClassOf(image.Path))))
            throw new DataException($"the class folder {store.Locate(empty)} holds no image (.jpg, .jpeg, .png); fill it or remove it.");
        var names = options.ClassNames ?? [.. classFolders];
        var labelOf = ClassLabels.Of(names);
        foreach (string unknown in classFolders.Where(name => !labelOf.ContainsKey(name)))
            throw new DataException($"the class folder {store.Locate(unknown)} is none of the classes {string.Join(", ", names)}; rename or remove it.");
        return new FolderSource(store, options.Location, sorted, [.. sorted.Select(image => labelOf[ClassOf(image.Path)])], names);
    }

    public int LabelOf(long sample)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)sample, (ulong)_labels.Length, nameof(sample));
        return _labels[sample];
    }

    public async ValueTask<Sample> ReadAsync(long sample, CancellationToken cancel)
    {
        int label = LabelOf(sample);
        var file = _files[sample];
        string identity = _store.Locate(file.Path);
        if (file.Length > SampleSources.MaxSampleBytes)
            throw new DataException($"{identity} has {file.Length} bytes, more than the {SampleSources.MaxSampleBytes} an image may have; remove it.");
        var bytes = new byte[file.Length];
        await _store.ReadAsync(file.Path, 0, bytes, cancel);
        return new Sample(bytes, label, identity);
    }

    public IAsyncEnumerable<string> ReadNamesAsync(SourceOptions options, CancellationToken cancel) => _files.Select(file => file.Path).ToAsyncEnumerable();

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        return ValueTask.CompletedTask;
    }

    private static bool IsImage(string path) =>
        path.EndsWith(".jpg", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".jpeg", StringComparison.OrdinalIgnoreCase)
        || path.EndsWith(".png", StringComparison.OrdinalIgnoreCase);

    private static string ClassOf(string path) => path[..path.IndexOf('/')];

    /// <summary>By class first: "a/1" comes before "a-b/1", though '-' sorts before '/'.</summary>
    private static int Compare(string a, string b)
    {
        int slashA = a.IndexOf('/'), slashB = b.IndexOf('/');
        if (slashA > 0 && slashB > 0)
        {
            int byClass = a.AsSpan(0, slashA).SequenceCompareTo(b.AsSpan(0, slashB));
            if (byClass != 0)
                return byClass;
        }
        return string.CompareOrdinal(a, b);
    }

    private static string FingerprintOf(StoredFile[] files, int[] labels)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < files.Length; i++)
            SampleSources.AppendToFingerprint(hash, files[i].Path, files[i].Length, labels[i]);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
