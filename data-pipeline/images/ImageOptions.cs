namespace ActorTrain.DataPipeline;

/// <summary>How samples become pixels.</summary>
public sealed record ImageOptions
{
    /// <summary>Width and height after resizing, in pixels.</summary>
    public int Size { get; init; } = 32;

    /// <summary>Zero padding of the random crop, in pixels; 0 switches it off.</summary>
    public int CropPadding { get; init; }

    /// <summary>Mirror half of the images.</summary>
    public bool Flip { get; init; }

    /// <summary>Images decoded at the same time.</summary>
    public int DecodeThreads { get; init; } = Environment.ProcessorCount;

    /// <summary>Replace a sample that cannot be decoded by the next one that can, instead of stopping.</summary>
    public bool SkipBroken { get; init; }

    /// <summary>Keep decoded images in memory up to so many bytes; 0 keeps none.</summary>
    public long DecodedCacheBytes { get; init; }
}
