namespace ActorTrain.DataPipeline;

/// <summary>Decoded images.</summary>
public sealed record ImageBatch
{
    /// <summary>Planar RGB, uint8 [batch, 3, size, size].</summary>
    public required byte[] Pixels { get; init; }

    /// <summary>Width and height in pixels.</summary>
    public required int Size { get; init; }

    /// <summary>The samples that were asked for [batch]; a broken one keeps its number where another image stands in for it.</summary>
    public required long[] Samples { get; init; }

    /// <summary>The epoch of each sample [batch]; 0 for consecutive reads.</summary>
    public required long[] Epochs { get; init; }

    /// <summary>The label of each image [batch], -1 for none.</summary>
    public required int[] Labels { get; init; }

    /// <summary>Number of images.</summary>
    public int Count => Labels.Length;
}
