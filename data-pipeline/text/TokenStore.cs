using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using ActorTrain.DataPipeline.Sources;

namespace ActorTrain.DataPipeline.Text;

/// <summary>What a document becomes.</summary>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Cut">How many more it had.</param>
internal readonly record struct EncodedDocument(int[] Tokens, int Cut);

/// <summary>
/// The tokens of all documents, laid end to end in the cache directory. Their name there is a digest of the documents' content, the
/// tokenizer and the way of encoding, so they never get stale. Whoever makes them makes the same bytes; if not, the fingerprint tells.
/// </summary>
internal sealed class TokenStore : IDisposable
{
    private const string TokensKind = "ATTOKEN1";
    private const string StartsKind = "ATSTART1";
    private const int SummarySize = (2 * sizeof(long)) + SHA256.HashSizeInBytes;
    // Raised whenever the tokenizer or what makes sequences of its tokens is changed, so that caches do not give what was made before.
    private const int EncodingVersion = 1;

    private readonly string _path;
    private readonly SidecarFile<int> _tokens;
    private readonly SidecarFile<long> _starts;

    private TokenStore(byte[] key, string path, SidecarFile<int> tokens, SidecarFile<long> starts)
    {
        _path = path;
        _tokens = tokens;
        _starts = starts;
        TruncatedDocuments = BinaryPrimitives.ReadInt64LittleEndian(starts.Summary);
        TruncatedTokens = BinaryPrimitives.ReadInt64LittleEndian(starts.Summary.AsSpan(sizeof(long)));
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData([.. key, .. starts.Summary.AsSpan(2 * sizeof(long))]));
    }

    /// <summary>A digest (hex) of what the tokens were made of and of the tokens themselves.</summary>
    public string Fingerprint { get; }

    public long TruncatedDocuments { get; }

    public long TruncatedTokens { get; }

    /// <summary>Opens the tokens of documents, making them where they are not there.</summary>
    /// <param name="documents">The documents.</param>
    /// <param name="tokenizer">Enters the name.</param>
    /// <param name="form">What else decides how <paramref name="encode"/> encodes.</param>
    /// <param name="encode">Makes a document's tokens, at least one; called on all cores.</param>
    /// <param name="options">The cache directory, and who looks at the progress.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<TokenStore> OpenAsync(
        ITextDocuments documents, Tokenizer tokenizer, string form, Func<TextDocument, EncodedDocument> encode, SourceOptions options, CancellationToken cancel)
    {
        byte[] key = SHA256.HashData(Encoding.UTF8.GetBytes($"{EncodingVersion} {documents.Fingerprint} {tokenizer.Fingerprint} {form}"));
        string path = Path.Combine(Path.GetFullPath(options.CacheDirectory), $"text-{Convert.ToHexStringLower(key)[..16]}");
        try
        {
            if (TryOpen(path, key, documents.Count) is { } known)
                return known;
            using var tokens = new SidecarFile<int>.Writer($"{path}.tokens", TokensKind, key);
            using var starts = new SidecarFile<long>.Writer($"{path}.starts", StartsKind, key);
            using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            long cutDocuments = 0, cutTokens = 0;
            starts.Add(0);
            await foreach (var block in EncodeAllAsync(documents, encode, cancel))
            {
                foreach (var document in block)
                {
                    tokens.AddRange(document.Tokens);
                    digest.AppendData(MemoryMarshal.AsBytes(document.Tokens.AsSpan()));
                    starts.Add(tokens.Count);
                    cutDocuments += Math.Sign(document.Cut);
                    cutTokens += document.Cut;
                }
                options.Report(OpeningPhase.Tokenizing, starts.Count - 1, documents.Count);
            }
            var summary = new byte[SummarySize];
            BinaryPrimitives.WriteInt64LittleEndian(summary, cutDocuments);
            BinaryPrimitives.WriteInt64LittleEndian(summary.AsSpan(sizeof(long)), cutTokens);
            digest.GetHashAndReset(summary.AsSpan(2 * sizeof(long)));
            tokens.Commit([]);
            starts.Commit(summary);
            return TryOpen(path, key, documents.Count) ?? throw new IOException("another process changed it meanwhile");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"the tokens {path}.tokens cannot be kept ({error.Message}); check the cache directory's permissions and free space.", error);
        }
    }

    /// <summary>Where the tokens of consecutive documents start, and where the last one's end.</summary>
    public (long Start, long End) RangeOf(long first, int count)
    {
        Span<long> range = stackalloc long[2];
        if (count == 1)
            _starts.Read(first, range);
        else
            (range[0], range[1]) = (_starts[first], _starts[first + count]);
        if (range[0] < 0 || range[1] <= range[0] || range[1] > _tokens.Count)
            throw new DataException($"the token file {_path}.starts is damaged; remove it, and it is made anew.");
        return (range[0], range[1]);
    }

    /// <summary>Reads tokens of whatever documents.</summary>
    public void Read(long start, Span<int> tokens) => _tokens.Read(start, tokens);

    public void Dispose()
    {
        _tokens.Dispose();
        _starts.Dispose();
    }

    private static TokenStore? TryOpen(string path, byte[] key, long documents)
    {
        var tokens = SidecarFile<int>.TryOpen($"{path}.tokens", TokensKind, key);
        var starts = SidecarFile<long>.TryOpen($"{path}.starts", StartsKind, key);
        if (tokens is not null && starts is { Summary.Length: SummarySize } && starts.Count == documents + 1 && starts[documents] == tokens.Count)
            return new TokenStore(key, path, tokens, starts);
        tokens?.Dispose();
        starts?.Dispose();
        return null;
    }

    /// <summary>Encodes blocks of documents on all cores and gives them in order.</summary>
    private static async IAsyncEnumerable<EncodedDocument[]> EncodeAllAsync(
        ITextDocuments documents, Func<TextDocument, EncodedDocument> encode, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var underWay = new Queue<Task<EncodedDocument[]>>();
        await foreach (var block in documents.ReadAllAsync(cancel))
        {
            cancel.ThrowIfCancellationRequested();
            underWay.Enqueue(Task.Run(() => Array.ConvertAll(block, document => encode(document)), cancel));
            if (underWay.Count > Environment.ProcessorCount)
                yield return await underWay.Dequeue();
        }
        while (underWay.TryDequeue(out var block))
            yield return await block;
    }
}
