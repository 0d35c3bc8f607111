namespace ActorTrain.DataPipeline;

/// <summary>What a <see cref="ISampleLoader"/> made of some samples.</summary>
public abstract record LoadedBatch
{
    /// <summary>
    /// The samples that were asked for [batch]; a broken one keeps its number where another stands in for it, and a replayed one has a
    /// number beyond the data set's own.
    /// </summary>
    public required long[] Samples { get; init; }

    /// <summary>The epoch of each sample [batch]; 0 for consecutive reads.</summary>
    public required long[] Epochs { get; init; }

    /// <summary>The label of each sample [batch], -1 for none.</summary>
    public required int[] Labels { get; init; }

    /// <summary>Number of samples.</summary>
    public int Count => Labels.Length;
}
