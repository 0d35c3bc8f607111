namespace ActorTrain.DataPipeline.Text;

/// <summary>A sequence for each document: <c>&lt;s&gt; A &lt;/s&gt;</c>, or <c>&lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;</c>.</summary>
internal sealed class DocumentSequences : ITextSource
{
    private readonly ITextDocuments _documents;
    private readonly TokenStore _store;

    private DocumentSequences(ITextDocuments documents, TokenStore store)
    {
        _documents = documents;
        _store = store;
    }

    public string Location => _documents.Location;

    public long Count => _documents.Count;

    public IReadOnlyList<string> ClassNames => _documents.ClassNames;

    public string Fingerprint => _store.Fingerprint;

    public long SkippedLines => _documents.SkippedLines;

    public long BlankLines => _documents.BlankLines;

    public long TruncatedDocuments => _store.TruncatedDocuments;

    public long TruncatedTokens => _store.TruncatedTokens;

    /// <summary>Takes over the documents.</summary>
    public static async Task<DocumentSequences> OpenAsync(
        ITextDocuments documents, SourceOptions options, TextOptions text, Tokenizer tokenizer, CancellationToken cancel) =>
        new(documents, await TokenStore.OpenAsync(documents, tokenizer, $"sequences {text.MaxLength}",
            document => Encode(document, tokenizer, text.MaxLength), options, cancel));

    public int LabelOf(long sample) => _documents.LabelOf(sample);

    public int LengthOf(long sample)
    {
        var (start, end) = _store.RangeOf(sample, 1);
        return (int)(end - start);
    }

    public int[] Read(long sample)
    {
        var (start, end) = _store.RangeOf(sample, 1);
        var tokens = new int[end - start];
        _store.Read(start, tokens);
        return tokens;
    }

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        return _documents.DisposeAsync();
    }

    private static EncodedDocument Encode(TextDocument document, Tokenizer tokenizer, int maxLength)
    {
        int[] tokens = tokenizer.Sequence(document.Text, document.Pair, maxLength, out int cut);
        return new EncodedDocument(tokens, cut);
    }
}
