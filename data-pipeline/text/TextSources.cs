using ActorTrain.DataPipeline.Storage;
using ActorTrain.DataPipeline.Text;

namespace ActorTrain.DataPipeline;

/// <summary>
/// Opens text: JSON lines (a name that ends in .jsonl or .ndjson), or plain text with a document per line (a name that ends in .txt), either of them packed with gzip or inside
/// a tar archive; one file, a brace pattern, or a folder; local, over http(s) or in S3. The cache directory keeps an index of the
/// documents, their tokens (four bytes each), and what was packed; data is read again only when it or the tokenizer changes.
/// </summary>
public static class TextSources
{
    /// <summary>Whether a location's name says that it is text; a folder or an archive may hold text or images.</summary>
    public static bool IsText(string location) => FileNames.IsText(location);

    /// <summary>Opens the sequences that a tokenizer makes of the documents that the options name.</summary>
    /// <exception cref="DataException">The data does not exist, is empty or cannot be used; the message starts with the options' key.</exception>
    public static async Task<ITextSource> OpenAsync(SourceOptions options, TextOptions text, Tokenizer tokenizer, CancellationToken cancel)
    {
        TextDocuments? documents = null;
        try
        {
            CheckLength(text);
            documents = await TextDocuments.OpenAsync(options, text, cancel);
            return text.Pack
                ? await PackedSequences.OpenAsync(documents, options, text, tokenizer, cancel)
                : await DocumentSequences.OpenAsync(documents, options, text, tokenizer, cancel);
        }
        catch (Exception error)
        {
            if (documents is not null)
                await documents.DisposeAsync();
            if (error is DataException)
                throw new DataException($"{options.Key}: {error.Message}", error);
            throw;
        }
    }

    /// <summary>Opens the documents themselves, for which no tokenizer is needed.</summary>
    /// <exception cref="DataException">The data does not exist, is empty or cannot be used; the message starts with the options' key.</exception>
    public static async Task<ITextDocuments> OpenDocumentsAsync(SourceOptions options, TextOptions text, CancellationToken cancel)
    {
        try
        {
            return await TextDocuments.OpenAsync(options, text, cancel);
        }
        catch (DataException error)
        {
            throw new DataException($"{options.Key}: {error.Message}", error);
        }
    }

    private static void CheckLength(TextOptions text)
    {
        if (text.Pack && text.PairField is not null)
            throw new DataException($"documents with a second text (\"{text.PairField}\") cannot be packed; use one of the two.");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(text.PackWindow);
        // Two tokens in a packed sequence are never both separators, so one of them can be masked.
        int least = text.PairField is null ? text.Pack ? 4 : 3 : 6;
        if (text.MaxLength < least)
            throw new DataException($"a sequence of at most {text.MaxLength} tokens leaves no room for text beside the special ones; use at least {least}.");
    }
}
