namespace ActorTrain.DataPipeline.Images;

/// <summary>Decodes JPEG and PNG, told apart by their first bytes and not by a file's name.</summary>
internal static class ImageDecoder
{
    /// <exception cref="DataException">The bytes are no whole image.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> bytes, string identity)
    {
        if (bytes.IsEmpty)
            throw new DataException($"{identity} is empty (0 bytes); restore or remove it.");
        if (bytes.StartsWith(JpegDecoder.Signature))
            return JpegDecoder.Decode(bytes, identity);
        if (bytes.StartsWith(PngDecoder.Signature))
            return PngDecoder.Decode(bytes, identity);
        throw new DataException($"{identity} is neither a JPEG nor a PNG; convert or remove it.");
    }
}
