namespace ActorTrain.DataPipeline;

/// <summary>Which of the two synthetic domains an image belongs to.</summary>
public enum SyntheticDomain
{
    /// <summary>Two bright colours, almost without noise.</summary>
    Source,

    /// <summary>The same textures in dark on unevenly lit, noisy grey, with little contrast.</summary>
    Target,
}

/// <summary>What synthetic images to write.</summary>
public sealed record SyntheticOptions
{
    /// <summary>The domain.</summary>
    public SyntheticDomain Domain { get; init; }

    /// <summary>Number of images, spread evenly over the classes.</summary>
    public int Images { get; init; } = 1000;

    /// <summary>Width and height in pixels.</summary>
    public int Size { get; init; } = 32;

    /// <summary>Fixes every pixel. Give a training and a test set different seeds.</summary>
    public ulong Seed { get; init; }
}
