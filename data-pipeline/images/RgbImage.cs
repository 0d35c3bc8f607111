namespace ActorTrain.DataPipeline.Images;

/// <summary>A decoded image: rows of interleaved red, green, blue bytes [height, width, 3].</summary>
internal sealed record RgbImage(int Width, int Height, byte[] Pixels)
{
    /// <summary>Larger images are refused before memory is taken for them.</summary>
    public const long MaxPixels = 1 << 26;

    private const int MaxSide = 65_535;

    /// <summary>Checks a size that a file claims.</summary>
    /// <exception cref="DataException">It is empty or too large.</exception>
    public static void CheckSize(long width, long height, string identity)
    {
        if (width is < 1 or > MaxSide || height is < 1 or > MaxSide || width * height > MaxPixels)
            throw new DataException($"{identity} claims to be {width} × {height} pixels; up to {MaxSide} a side and {MaxPixels >> 20} megapixels are read, so remove or shrink it.");
    }
}
