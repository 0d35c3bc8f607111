namespace ActorTrain.DataPipeline.Images;

/// <summary>A decoded image: rows of interleaved red, green, blue bytes [height, width, 3].</summary>
internal sealed record RgbImage(int Width, int Height, byte[] Pixels)
{
    /// <summary>Larger images are refused before memory is taken for them.</summary>
    public const long MaxPixels = 1 << 26;

    /// <summary>Checks a size that a file claims.</summary>
    /// <exception cref="DataException">It is empty or too large.</exception>
    public static void CheckSize(long width, long height, string identity)
    {
        if (width < 1 || height < 1 || width > MaxPixels || height > MaxPixels || width * height > MaxPixels)
            throw new DataException($"{identity} claims to be {width} × {height} pixels, more than the {MaxPixels >> 20} megapixels that are read; remove or shrink it.");
    }
}
