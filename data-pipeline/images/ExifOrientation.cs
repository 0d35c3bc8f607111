using System.Buffers.Binary;

namespace ActorTrain.DataPipeline.Images;

/// <summary>The EXIF tag that says how a camera was held (Exif 2.3, tag 0x0112; values 1 to 8).</summary>
internal static class ExifOrientation
{
    private const ushort OrientationTag = 0x0112;
    private const ushort TypeShort = 3;

    /// <summary>The orientation of a JPEG; 1 (upright) where there is none or it makes no sense.</summary>
    public static int Read(ReadOnlySpan<byte> jpeg)
    {
        // Segments: FF, marker, length (big-endian, counts itself), content. DA starts the picture.
        int at = 2;
        while (at + 4 <= jpeg.Length && jpeg[at] == 0xFF && jpeg[at + 1] != 0xDA)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(jpeg[(at + 2)..]);
            if (length < 2 || at + 2 + length > jpeg.Length)
                return 1;
            var content = jpeg.Slice(at + 4, length - 2);
            if (jpeg[at + 1] == 0xE1 && content.StartsWith("Exif\0\0"u8))
                return ReadTiff(content[6..]);
            at += 2 + length;
        }
        return 1;
    }

    /// <summary>The image as it was seen.</summary>
    public static RgbImage Upright(RgbImage image, int orientation)
    {
        if (orientation == 1)
            return image;
        int width = image.Width, height = image.Height;
        bool turned = orientation >= 5;
        int newWidth = turned ? height : width, newHeight = turned ? width : height;
        var pixels = new byte[image.Pixels.Length];
        for (int y = 0; y < newHeight; y++)
        {
            for (int x = 0; x < newWidth; x++)
            {
                var (fromX, fromY) = orientation switch
                {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    _ => (width - 1 - y, x),
                };
                image.Pixels.AsSpan(((fromY * width) + fromX) * 3, 3).CopyTo(pixels.AsSpan(((y * newWidth) + x) * 3));
            }
        }
        return new RgbImage(newWidth, newHeight, pixels);
    }

    private static int ReadTiff(ReadOnlySpan<byte> tiff)
    {
        bool little = tiff.StartsWith("II*\0"u8);
        if (tiff.Length < 8 || (!little && !tiff.StartsWith("MM\0*"u8)))
            return 1;
        uint directory = little ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (directory > tiff.Length - 2)
            return 1;
        int entries = Short(tiff[(int)directory..], little);
        for (int entry = 0, at = (int)directory + 2; entry < entries && at + 12 <= tiff.Length; entry++, at += 12)
        {
            if (Short(tiff[at..], little) == OrientationTag && Short(tiff[(at + 2)..], little) == TypeShort)
                return Short(tiff[(at + 8)..], little) is var value and >= 1 and <= 8 ? value : 1;
        }
        return 1;
    }

    private static int Short(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
