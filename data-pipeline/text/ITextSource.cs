namespace ActorTrain.DataPipeline;

/// <summary>Token sequences with random access by number; a sample is a sequence. Safe for concurrent use.</summary>
public interface ITextSource : IDataSet
{
    /// <summary>Lines that could not be used and were passed over (of the whole files, whatever the limit).</summary>
    long SkippedLines { get; }

    /// <summary>Lines of nothing but white space, which are no documents (of the whole files, whatever the limit).</summary>
    long BlankLines { get; }

    /// <summary>Documents that are longer than a sequence and lost their end; always 0 where documents are packed.</summary>
    long TruncatedDocuments { get; }

    /// <summary>Tokens that these documents lost.</summary>
    long TruncatedTokens { get; }

    /// <summary>Tokens of a sequence, special ones included.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sample"/> is not in [0, Count).</exception>
    int LengthOf(long sample);

    /// <summary>The tokens of a sequence, special ones included [<see cref="LengthOf"/>].</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sample"/> is not in [0, Count).</exception>
    int[] Read(long sample);
}
