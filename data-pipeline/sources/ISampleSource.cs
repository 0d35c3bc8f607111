namespace ActorTrain.DataPipeline;

/// <summary>One encoded sample.</summary>
/// <param name="Bytes">The file's content, as stored (JPEG or PNG).</param>
/// <param name="Label">Index into <see cref="ISampleSource.ClassNames"/>, -1 for a sample without a label.</param>
/// <param name="Identity">Where the sample is, for messages: the file, or the shard and the offset in it.</param>
public readonly record struct Sample(ReadOnlyMemory<byte> Bytes, int Label, string Identity);

/// <summary>A data set with random access by sample number. Safe for concurrent use.</summary>
public interface ISampleSource : IAsyncDisposable
{
    /// <summary>The path, pattern or URL the source was opened from.</summary>
    string Location { get; }

    /// <summary>Number of samples, at least 1.</summary>
    long Count { get; }

    /// <summary>Class names in label order; empty for unlabelled data.</summary>
    IReadOnlyList<string> ClassNames { get; }

    /// <summary>SHA-256 (hex) over the samples' names within the data set, sizes and labels; independent of where the data set lies.</summary>
    string Fingerprint { get; }

    /// <summary>The label of a sample, -1 for none.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sample"/> is not in [0, Count).</exception>
    int LabelOf(long sample);

    /// <summary>Reads a sample's bytes.</summary>
    /// <exception cref="DataException">The bytes cannot be read.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sample"/> is not in [0, Count).</exception>
    ValueTask<Sample> ReadAsync(long sample, CancellationToken cancel);
}
