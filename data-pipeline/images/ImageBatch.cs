namespace ActorTrain.DataPipeline;

/// <summary>Decoded images.</summary>
public sealed record ImageBatch : LoadedBatch
{
    /// <summary>Planar RGB, uint8 [batch, 3, size, size].</summary>
    public required byte[] Pixels { get; init; }

    /// <summary>Width and height in pixels.</summary>
    public required int Size { get; init; }
}
