using System.Security.Cryptography;
using System.Text;
using ActorTrain.DataPipeline.Sources;

namespace ActorTrain.DataPipeline.Text;

/// <summary>
/// Full sequences of what documents say one after the other. Within a window of consecutive documents, the documents' tokens are laid
/// end to end with <c>&lt;/s&gt;</c> between them and cut into runs, each of which becomes a sequence <c>&lt;s&gt; … &lt;/s&gt;</c>; the
/// window's last run is as short as it happens to be. No token is lost, and where a sequence lies follows from the documents' lengths.
/// </summary>
internal sealed class PackedSequences : ITextSource
{
    private const string Kind = "ATPACK01";

    private readonly ITextDocuments _documents;
    private readonly TokenStore _store;
    // For each window the number of sequences in the windows before it, and the total at the end.
    private readonly SidecarFile<long> _before;
    private readonly int _window;
    private readonly int _run;
    private readonly int _begin;
    private readonly int _end;

    private PackedSequences(ITextDocuments documents, TokenStore store, SidecarFile<long> before, TextOptions text, Tokenizer tokenizer)
    {
        _documents = documents;
        _store = store;
        _before = before;
        _window = text.PackWindow;
        _run = RunOf(text);
        (_begin, _end) = (tokenizer.Begin, tokenizer.End);
        Count = before[before.Count - 1];
        Fingerprint = Convert.ToHexStringLower(KeyOf(store, text));
    }

    public string Location => _documents.Location;

    public long Count { get; }

    public IReadOnlyList<string> ClassNames => [];

    public string Fingerprint { get; }

    public long SkippedLines => _documents.SkippedLines;

    public long BlankLines => _documents.BlankLines;

    public long TruncatedDocuments => 0;

    public long TruncatedTokens => 0;

    /// <summary>Takes over the documents.</summary>
    public static async Task<PackedSequences> OpenAsync(
        ITextDocuments documents, SourceOptions options, TextOptions text, Tokenizer tokenizer, CancellationToken cancel)
    {
        var store = await TokenStore.OpenAsync(
            documents, tokenizer, "separated", document => new EncodedDocument([.. tokenizer.Encode(document.Text), tokenizer.End], Cut: 0), options, cancel);
        try
        {
            return new PackedSequences(documents, store, OpenWindows(documents.Count, store, options, text), text, tokenizer);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    public int LabelOf(long sample)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)sample, (ulong)Count, nameof(sample));
        return -1;
    }

    public int LengthOf(long sample) => 2 + RunAt(sample).Length;

    public int[] Read(long sample)
    {
        var (start, length) = RunAt(sample);
        var tokens = new int[length + 2];
        tokens[0] = _begin;
        tokens[^1] = _end;
        _store.Read(start, tokens.AsSpan(1, length));
        return tokens;
    }

    public ValueTask DisposeAsync()
    {
        _before.Dispose();
        _store.Dispose();
        return _documents.DisposeAsync();
    }

    private static int RunOf(TextOptions text) => text.MaxLength - 2;

    private static byte[] KeyOf(TokenStore store, TextOptions text) =>
        SHA256.HashData(Encoding.UTF8.GetBytes($"{store.Fingerprint} packed {text.MaxLength} {text.PackWindow}"));

    private static SidecarFile<long> OpenWindows(long documents, TokenStore store, SourceOptions options, TextOptions text)
    {
        byte[] key = KeyOf(store, text);
        string path = Path.Combine(Path.GetFullPath(options.CacheDirectory), $"text-{Convert.ToHexStringLower(key)[..16]}.packed");
        try
        {
            if (SidecarFile<long>.TryOpen(path, Kind, key) is { } known)
                return known;
            using var writer = new SidecarFile<long>.Writer(path, Kind, key);
            long before = 0;
            for (long first = 0; first < documents; first += text.PackWindow)
            {
                writer.Add(before);
                var (start, end) = TokensOf(store, first, documents, text.PackWindow);
                before += (end - start + RunOf(text) - 1) / RunOf(text);
            }
            writer.Add(before);
            writer.Commit([]);
            return SidecarFile<long>.TryOpen(path, Kind, key) ?? throw new IOException("another process changed it meanwhile");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"the packing index {path} cannot be kept ({error.Message}); check the cache directory's permissions and free space.", error);
        }
    }

    /// <summary>The tokens of the window that starts with a document; the separator behind its last one separates nothing.</summary>
    private static (long Start, long End) TokensOf(TokenStore store, long first, long documents, int window)
    {
        var (start, end) = store.RangeOf(first, (int)Math.Min(window, documents - first));
        return (start, end - 1);
    }

    private (long Start, int Length) RunAt(long sample)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)sample, (ulong)Count, nameof(sample));
        // The last window that begins at or before the sample.
        long low = 0, high = _before.Count - 2;
        while (low < high)
        {
            long middle = (low + high + 1) / 2;
            (low, high) = _before[middle] <= sample ? (middle, high) : (low, middle - 1);
        }
        var (start, end) = TokensOf(_store, low * _window, _documents.Count, _window);
        long from = start + ((sample - _before[low]) * _run);
        return from >= start && from < end
            ? (from, (int)Math.Min(_run, end - from))
            : throw new DataException($"a packing index of {Location} in the cache directory is damaged; remove the files that end in .packed there.");
    }
}
