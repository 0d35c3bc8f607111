namespace ActorTrain.DataPipeline;

/// <summary>How an <see cref="ImageLoader"/> mixes the images of its batches with others.</summary>
public sealed record ImageMixing
{
    /// <summary>The smallest and the largest <see cref="Alpha"/>: below, nothing is ever mixed; above, all of it by half.</summary>
    public const double LeastAlpha = 0.01, MostAlpha = 100;

    /// <summary>The technique.</summary>
    public required MixKind Kind { get; init; }

    /// <summary>α of the Beta(α, α) that the share of an image itself is drawn from.</summary>
    public required double Alpha { get; init; }

    /// <summary>Where the others are taken from, augmented as that loader augments them; null for the loader's own images. It stays the caller's to dispose.</summary>
    public ImageLoader? Partners { get; init; }
}
