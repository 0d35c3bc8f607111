namespace ActorTrain.DataPipeline;

/// <summary>A document as it is stored.</summary>
/// <param name="Text">Its text, not empty.</param>
/// <param name="Pair">Its second text where <see cref="TextOptions.PairField"/> names one, else null.</param>
/// <param name="Label">Index into <see cref="IDataSet.ClassNames"/>, -1 for a document without a label.</param>
public readonly record struct TextDocument(string Text, string? Pair, int Label);

/// <summary>Documents with random access by number; a sample is a document. Safe for concurrent use.</summary>
public interface ITextDocuments : IDataSet
{
    /// <summary>Lines that could not be used and were passed over (of the whole files, whatever the limit).</summary>
    long SkippedLines { get; }

    /// <summary>Lines of nothing but white space, which are no documents (of the whole files, whatever the limit).</summary>
    long BlankLines { get; }

    /// <summary>Reads consecutive documents [count].</summary>
    /// <exception cref="DataException">They cannot be read, or the file has changed since it was indexed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The documents are not all in [0, Count).</exception>
    ValueTask<TextDocument[]> ReadAsync(long first, int count, CancellationToken cancel);

    /// <summary>Reads all documents in order, in blocks of about a megabyte.</summary>
    /// <exception cref="DataException">They cannot be read, or the file has changed since it was indexed.</exception>
    IAsyncEnumerable<TextDocument[]> ReadAllAsync(CancellationToken cancel);

    /// <summary>The texts of all documents in order, second texts behind first ones: what a tokenizer is trained on.</summary>
    /// <exception cref="DataException">They cannot be read, or the file has changed since it was indexed.</exception>
    IAsyncEnumerable<string> TextsAsync(CancellationToken cancel);
}
