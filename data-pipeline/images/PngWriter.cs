namespace ActorTrain.DataPipeline;

/// <summary>Writes PNG through libpng.</summary>
public static class PngWriter
{
    /// <summary>Encodes rows of interleaved RGB bytes [height, width, 3].</summary>
    /// <exception cref="ArgumentException">The pixels do not have that size.</exception>
    public static unsafe byte[] Encode(ReadOnlySpan<byte> pixels, int width, int height)
    {
        if (width < 1 || height < 1 || pixels.Length != (long)width * height * 3)
            throw new ArgumentException($"{pixels.Length} bytes are no RGB image of {width} × {height} pixels.", nameof(pixels));
        var image = new Images.PngImage { Version = 1, Width = (uint)width, Height = (uint)height, Format = Images.PngImage.FormatRgb };
        // png.h, PNG_IMAGE_PNG_SIZE_MAX: stored deflate blocks plus 12 bytes for each 8 KiB chunk, and then some.
        int raw = ((width * 3) + 1) * height;
        var buffer = new byte[raw + (raw / 512) + 1024];
        nuint size = (nuint)buffer.Length;
        try
        {
            fixed (byte* memory = buffer)
            {
                if (Images.PngImage.WriteToMemory(ref image, memory, ref size, 0, pixels, 0, 0) == 0)
                    throw new DataException($"a PNG of {width} × {height} pixels could not be encoded ({image.Error}); free some memory.");
            }
        }
        finally
        {
            Images.PngImage.Free(ref image);
        }
        return buffer[..(int)size];
    }
}
