using System.Security.Cryptography;
using System.Text;
using ActorTrain.DataPipeline.Sources;
using ActorTrain.DataPipeline.Storage;

namespace ActorTrain.DataPipeline.Text;

/// <summary>
/// The files that a location of text names, and the parts that they are made of: archives hold several, and what is packed with gzip
/// is unpacked into the cache directory once. Parts are held in memory (a few hundred bytes each), not their lines.
/// </summary>
internal sealed class TextFiles : IDisposable
{
    private readonly SourceOptions _options;
    private readonly IFileStore _store;
    private readonly LocalStore _unpacked;

    private TextFiles(SourceOptions options, IFileStore store, string place, StoredFile[] files)
    {
        _options = options;
        _store = store;
        _unpacked = new LocalStore(Path.GetFullPath(options.CacheDirectory));
        Place = place;
        Files = files;
    }

    /// <summary>The full name of what was asked for.</summary>
    public string Place { get; }

    /// <summary>The files as they are stored, in order.</summary>
    public IReadOnlyList<StoredFile> Files { get; }

    /// <summary>Finds the files of a location: a file, a brace pattern, or a folder.</summary>
    /// <exception cref="DataException">There are none.</exception>
    public static async Task<TextFiles> FindAsync(SourceOptions options, CancellationToken cancel)
    {
        bool named = FileNames.IsText(options.Location) || FileNames.IsArchive(options.Location) || File.Exists(options.Location);
        var (root, pattern) = named ? ShardPattern.Split(options.Location) : (options.Location.TrimEnd('/'), "");
        var store = StoredFiles.OpenStore(options, root);
        try
        {
            var files = named
                ? await StoredFiles.FindAsync(store, pattern, "text file", options, cancel)
                : await ListAsync(store, options, cancel);
            return new TextFiles(options, store, store.Locate(pattern), files);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>The store in which a part's file lies.</summary>
    public IFileStore StoreOf(TextPart part) => part.Unpacked ? _unpacked : _store;

    /// <summary>Whether everything that parts need of the cache directory is there.</summary>
    public bool AreThere(IEnumerable<TextPart> parts) => parts.Where(part => part.Unpacked).DistinctBy(part => part.Path)
        .All(part => new FileInfo(_unpacked.Locate(part.Path)) is { Exists: true } file && file.Length >= part.Start + part.Length);

    /// <summary>The parts of all files, in order; packed ones are unpacked.</summary>
    /// <exception cref="DataException">An archive or packed file is damaged, or there is no room.</exception>
    public async Task<List<TextPart>> ReadPartsAsync(CancellationToken cancel)
    {
        var parts = new List<TextPart>();
        long before = 0, total = Files.Sum(file => FileNames.IsPacked(file.Path) ? file.Length : 0);
        foreach (var file in Files)
        {
            var whole = new TextPart(_store.Locate(file.Path), file.Path, Unpacked: false, FileNames.IsPlainText(file.Path), 0, file.Length);
            if (FileNames.IsPacked(file.Path))
            {
                whole = await UnpackAsync(whole, file.Version, done => _options.Report(OpeningPhase.Unpacking, before + done, total), cancel);
                before += file.Length;
            }
            if (FileNames.IsArchive(file.Path))
                await AddMembersAsync(whole, file.Version, parts, cancel);
            else
                parts.Add(whole);
        }
        return parts;
    }

    public void Dispose() => _store.Dispose();

    private static async Task<StoredFile[]> ListAsync(IFileStore store, SourceOptions options, CancellationToken cancel)
    {
        var files = new List<StoredFile>();
        long listed = 0;
        await foreach (var file in store.ListAsync(cancel))
        {
            options.Report(OpeningPhase.Listing, ++listed, total: null);
            if (FileNames.IsText(file.Path) || FileNames.IsArchive(file.Path))
                files.Add(file);
        }
        if (files.Count == 0)
            throw new DataException($"the folder {store.Locate("")} holds no text (.jsonl, .txt or .tar, or one of them with .gz); name a file or a folder of such files.");
        files.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return await StoredFiles.WithVersionsAsync(store, [.. files], options, cancel);
    }

    private async Task AddMembersAsync(TextPart archive, string version, List<TextPart> parts, CancellationToken cancel)
    {
        int before = parts.Count;
        var tar = new TarReader(StoreOf(archive), new StoredFile(archive.Path, archive.Length, version));
        await foreach (var member in tar.ReadMembersAsync(cancel))
        {
            // A name that begins with a dot is hidden, as in a folder; macOS puts such companions into archives.
            if (!FileNames.IsText(member.Name) || member.Name[(member.Name.LastIndexOf('/') + 1)..].StartsWith('.'))
                continue;
            if (member.Type != '0')
                throw tar.Damaged(member.HeaderOffset, $"{member.Name} is a link or a special file, not text");
            var part = archive with { Name = $"{archive.Name}, {member.Name}", Plain = FileNames.IsPlainText(member.Name), Start = member.Offset, Length = member.Length };
            parts.Add(FileNames.IsPacked(member.Name) ? await UnpackAsync(part, version, _ => { }, cancel) : part);
        }
        if (parts.Count == before)
            throw new DataException($"{archive.Name} holds no text (.jsonl or .txt, or one of them with .gz); name an archive of such files.");
    }

    private async Task<TextPart> UnpackAsync(TextPart packed, string version, Action<long> reached, CancellationToken cancel)
    {
        // Another version of the file gets another name: a process that still reads the former one is not disturbed.
        byte[] identity = SHA256.HashData(Encoding.UTF8.GetBytes($"{packed.Name}\0{packed.Start}\0{packed.Length}\0{version}"));
        string name = $"text-{Convert.ToHexStringLower(identity)[..16]}.unpacked";
        string path = _unpacked.Locate(name);
        try
        {
            if (version.Length == 0 || !File.Exists(path))
            {
                using var file = new UnfinishedFile(path);
                await PackedFile.UnpackAsync(StoreOf(packed), packed.Path, packed.Start, packed.Length, file.Stream, reached, cancel);
                file.Commit();
            }
            return packed with { Path = name, Unpacked = true, Start = 0, Length = new FileInfo(path).Length };
        }
        catch (InvalidDataException error)
        {
            throw new DataException($"{packed.Name} is no gzip file, damaged or cut off; restore the file.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{packed.Name} cannot be unpacked to {path} ({error.Message}); check the cache directory's permissions and free space.", error);
        }
    }
}
