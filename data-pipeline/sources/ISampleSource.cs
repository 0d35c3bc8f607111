namespace ActorTrain.DataPipeline;

/// <summary>One encoded sample.</summary>
/// <param name="Bytes">The file's content, as stored (JPEG or PNG).</param>
/// <param name="Label">Index into <see cref="IDataSet.ClassNames"/>, -1 for a sample without a label.</param>
/// <param name="Identity">Where the sample is, for messages: the file, or the shard and the offset in it.</param>
public readonly record struct Sample(ReadOnlyMemory<byte> Bytes, int Label, string Identity);

/// <summary>A data set of images with random access by sample number. Safe for concurrent use.</summary>
public interface ISampleSource : IDataSet
{
    /// <summary>Reads a sample's bytes.</summary>
    /// <exception cref="DataException">The bytes cannot be read.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sample"/> is not in [0, Count).</exception>
    ValueTask<Sample> ReadAsync(long sample, CancellationToken cancel);
}
