using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using ActorTrain.DataPipeline.Sources;

namespace ActorTrain.DataPipeline.Text;

/// <summary>The documents of text files, or a <see cref="Subset"/> of them, read through a <see cref="TextIndex"/>.</summary>
internal sealed class TextDocuments : ITextDocuments
{
    private const int BlockBytes = 1 << 20;
    private const int BlockDocuments = 1000;
    // Rather read so much that is not wanted than ask the store once more.
    private const int MaxGap = 16 << 10;

    private readonly TextFiles _files;
    private readonly TextIndex _index;
    private readonly DocumentParser _parser;
    private readonly int[] _labels;
    private readonly long[]? _chosen;

    private TextDocuments(
        TextFiles files, TextIndex index, DocumentParser parser, string location, IReadOnlyList<string> classNames, int[] labels, long[]? chosen, string fingerprint)
    {
        _files = files;
        _index = index;
        _parser = parser;
        _labels = labels;
        _chosen = chosen;
        Location = location;
        ClassNames = classNames;
        Fingerprint = fingerprint;
    }

    public string Location { get; }

    public long Count => _chosen?.Length ?? _index.Count;

    public IReadOnlyList<string> ClassNames { get; }

    public string Fingerprint { get; }

    public long SkippedLines => _index.Summary.SkippedLines;

    public long BlankLines => _index.Summary.BlankLines;

    /// <summary>Opens the documents that a location names, building their index where the cached one does not fit.</summary>
    public static async Task<TextDocuments> OpenAsync(SourceOptions options, TextOptions text, CancellationToken cancel)
    {
        Subset.Check(options);
        if (options is { Group: not null, HoldOut: > 0 })
            throw new GroupException("documents have no names in which a pattern could find groups; leave it empty.");
        var files = await TextFiles.FindAsync(options, cancel);
        TextIndex? index = null;
        try
        {
            index = await OpenIndexAsync(files, options, text, cancel);
            var (names, labels) = NumberClasses(index.Summary.Classes, options.ClassNames);
            var whole = new TextDocuments(
                files, index, new DocumentParser(text), options.Location, names, labels, chosen: null, index.Summary.Fingerprint);
            return Subset.Choose(whole, options, groups: null) is { } chosen
                ? new TextDocuments(files, index, whole._parser, options.Location, names, labels, chosen, Subset.FingerprintOf(whole, chosen))
                : whole;
        }
        catch
        {
            index?.Dispose();
            files.Dispose();
            throw;
        }
    }

    public int LabelOf(long sample) => LabelOf(RecordOf(sample));

    public ValueTask<TextDocument[]> ReadAsync(long first, int count, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, Count - count);
        return ReadAsync(RecordsOf(first, count), cancel);
    }

    public async IAsyncEnumerable<TextDocument[]> ReadAllAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        for (long first = 0; first < Count; first += BlockDocuments)
        {
            var records = RecordsOf(first, (int)Math.Min(BlockDocuments, Count - first));
            long bytes = 0;
            for (int start = 0, end = 1; end <= records.Length; end++)
            {
                bytes += records[end - 1].Length;
                if (bytes < BlockBytes && end < records.Length)
                    continue;
                yield return await ReadAsync(records[start..end], cancel);
                (start, bytes) = (end, 0);
            }
        }
    }

    public async IAsyncEnumerable<string> TextsAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var block in ReadAllAsync(cancel))
        {
            foreach (var document in block)
            {
                yield return document.Text;
                if (document.Pair is { } pair)
                    yield return pair;
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _index.Dispose();
        _files.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<TextIndex> OpenIndexAsync(TextFiles files, SourceOptions options, TextOptions text, CancellationToken cancel)
    {
        byte[] fields = Encoding.UTF8.GetBytes($"{text.TextField}\0{text.LabelField}\0{text.PairField}\0");
        byte[] key = [.. fields, .. StoredFiles.KeyOf(files.Files)];
        byte[] place = SHA256.HashData([.. fields, .. Encoding.UTF8.GetBytes(files.Place)]);
        string path = Path.Combine(Path.GetFullPath(options.CacheDirectory), $"text-{Convert.ToHexStringLower(place)[..16]}.index");
        try
        {
            if (StoredFiles.HaveVersions(files.Files) && TextIndex.TryOpen(path, key) is { } known)
            {
                // An index that was made under SkipBroken lacks what must be an error without it: the new one will meet the first such line.
                if ((known.Summary.SkippedLines == 0 || text.SkipBroken) && files.AreThere(known.Summary.Parts))
                    return known;
                known.Dispose();
            }
            var parts = await files.ReadPartsAsync(cancel);
            using var writer = new TextIndex.Writer(path, key);
            using var builder = new TextIndexBuilder(files, options, text, writer);
            await builder.BuildAsync(parts, cancel);
            return TextIndex.TryOpen(path, key) ?? throw new IOException("another process changed it meanwhile");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"the text index {path} cannot be kept ({error.Message}); check the cache directory's permissions and free space.", error);
        }
    }

    /// <summary>The names in label order, and the label of each class of the index. Numbers sort by value, other names ordinally.</summary>
    private static (IReadOnlyList<string> Names, int[] Labels) NumberClasses(TextClass[] classes, IReadOnlyList<string>? given)
    {
        IReadOnlyList<string> names = given ?? [.. Array.TrueForAll(classes, one => IsNumber(one.Name))
            ? classes.Select(one => one.Name).OrderBy(name => long.Parse(name, CultureInfo.InvariantCulture))
            : classes.Select(one => one.Name).Order(StringComparer.Ordinal)];
        var labelOf = ClassLabels.Of(names);
        return (names, Array.ConvertAll(classes, one => labelOf.TryGetValue(one.Name, out int label)
            ? label
            : throw new DataException($"{one.Place}: the label \"{one.Name}\" is none of the classes {string.Join(", ", names)}; correct it, or learn from data that has it.")));
    }

    private static bool IsNumber(string name) =>
        long.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) && name == value.ToString();

    private TextRecord RecordOf(long sample)
    {
        if (_chosen is null)
            return _index[sample];
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)sample, (ulong)_chosen.Length, nameof(sample));
        return _index[_chosen[sample]];
    }

    private TextRecord[] RecordsOf(long first, int count)
    {
        if (_chosen is not null)
            return Array.ConvertAll(_chosen[(int)first..((int)first + count)], document => _index[document]);
        var records = new TextRecord[count];
        _index.Read(first, records);
        return records;
    }

    private int LabelOf(TextRecord record) => record.Label < 0 ? -1 : _labels[record.Label];

    /// <summary>Reads documents with one request for all that lie close together.</summary>
    private async ValueTask<TextDocument[]> ReadAsync(TextRecord[] records, CancellationToken cancel)
    {
        var documents = new TextDocument[records.Length];
        for (int first = 0, next; first < records.Length; first = next)
        {
            long start = records[first].Offset, end = start + records[first].Length;
            for (next = first + 1; next < records.Length; next++)
            {
                var record = records[next];
                long gap = record.Offset - end, reach = record.Offset + record.Length;
                if (record.Part != records[first].Part || gap is < 0 or > MaxGap || reach - start > BlockBytes)
                    break;
                end = reach;
            }
            var part = _index.Summary.Parts[records[first].Part];
            byte[] buffer = ArrayPool<byte>.Shared.Rent((int)(end - start));
            try
            {
                await _files.StoreOf(part).ReadAsync(part.Path, start, buffer.AsMemory(0, (int)(end - start)), cancel);
                for (int i = first; i < next; i++)
                    documents[i] = Parse(records[i], part, buffer.AsSpan((int)(records[i].Offset - start), records[i].Length));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
        return documents;
    }

    private TextDocument Parse(TextRecord record, TextPart part, ReadOnlySpan<byte> line)
    {
        if (Checksum.Of(line) != record.Checksum || !_parser.TryParse(line, part.Plain, out var document, out _))
            throw new DataException($"{part.Name}, offset {record.Offset}: this is not what was indexed, the file has changed meanwhile; start again, or remove {_index.FilePath}.");
        return new TextDocument(document.Text, document.Pair, LabelOf(record));
    }
}
