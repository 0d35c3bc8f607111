namespace ActorTrain.DataPipeline;

/// <summary>Makes batches of a data set. A batch's content depends only on its arguments. Safe for concurrent use.</summary>
public interface ISampleLoader : IAsyncDisposable
{
    /// <summary>Samples that were broken and passed over, each counted once.</summary>
    long SkippedSamples { get; }

    /// <summary>Loads positions of the epochs' permutations laid end to end.</summary>
    /// <exception cref="DataException">A sample is broken and not to be skipped, or none is whole.</exception>
    Task<LoadedBatch> LoadAsync(long firstPosition, int count, CancellationToken cancel);

    /// <summary>Loads samples in data-set order, as they are.</summary>
    /// <exception cref="DataException">A sample is broken and not to be skipped, or none is whole.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The samples are not all in [0, Count).</exception>
    Task<LoadedBatch> LoadConsecutiveAsync(long firstSample, int count, CancellationToken cancel);

    /// <summary>The <see cref="LoadedBatch.Samples"/> of the batch that <see cref="LoadAsync"/> would load [count].</summary>
    ValueTask<long[]> SamplesAsync(long firstPosition, int count, CancellationToken cancel);
}
