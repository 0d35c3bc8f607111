using System.Buffers;
using System.Buffers.Binary;

namespace ActorTrain.DataPipeline.Images;

/// <summary>PNG through libpng: grey, palette, alpha, 1 to 16 bits, interlaced. Alpha is dropped, not blended, as by Pillow's convert("RGB").</summary>
internal static class PngDecoder
{
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public static unsafe RgbImage Decode(ReadOnlySpan<byte> bytes, string identity)
    {
        var chunks = PictureChunks(bytes, identity);
        var image = new PngImage { Version = 1 };
        fixed (byte* memory = chunks.WrittenSpan)
        {
            try
            {
                if (PngImage.BeginRead(ref image, memory, (nuint)chunks.WrittenCount) == 0)
                    throw Damaged(identity, image.Error);
                RgbImage.CheckSize(image.Width, image.Height, identity);
                image.Format = PngImage.FormatRgba;
                image.Flags |= PngImage.FlagSixteenBitSrgb;
                var rgba = new byte[checked((int)(image.Width * image.Height * 4))];
                if (PngImage.FinishRead(ref image, 0, rgba, 0, 0) == 0)
                    throw Damaged(identity, image.Error);
                return new RgbImage((int)image.Width, (int)image.Height, WithoutAlpha(rgba));
            }
            finally
            {
                PngImage.Free(ref image);
            }
        }
    }

    /// <summary>
    /// The file without its ancillary chunks (PNG specification, section 5.4: a lower-case first letter): colour management (gAMA,
    /// cHRM, iCCP) would make libpng change the stored values, and transparency is dropped in any case.
    /// </summary>
    private static ArrayBufferWriter<byte> PictureChunks(ReadOnlySpan<byte> bytes, string identity)
    {
        var kept = new ArrayBufferWriter<byte>(bytes.Length);
        kept.Write(Signature);
        int at = Signature.Length;
        while (at + 12 <= bytes.Length)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
            if (length > bytes.Length - at - 12)
                break;
            var chunk = bytes.Slice(at, (int)length + 12);
            bool critical = char.IsAsciiLetterUpper((char)chunk[4]);
            if (critical)
                kept.Write(chunk);
            at += chunk.Length;
            if (chunk.Slice(4, 4).SequenceEqual("IEND"u8))
                return kept;
        }
        throw Damaged(identity, $"it ends inside the chunk at offset {at}");
    }

    private static byte[] WithoutAlpha(byte[] rgba)
    {
        var rgb = new byte[rgba.Length / 4 * 3];
        for (int from = 0, to = 0; from < rgba.Length; from += 4, to += 3)
        {
            rgb[to] = rgba[from];
            rgb[to + 1] = rgba[from + 1];
            rgb[to + 2] = rgba[from + 2];
        }
        return rgb;
    }

    private static DataException Damaged(string identity, string reason) =>
        new($"{identity} is a damaged PNG ({reason}); restore or remove it.");
}
