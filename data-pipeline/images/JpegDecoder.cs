using System.Runtime.InteropServices;

namespace ActorTrain.DataPipeline.Images;

/// <summary>JPEG through the TurboJPEG API: grey, YCbCr, RGB, CMYK and YCCK; turned upright by its EXIF orientation.</summary>
internal static partial class JpegDecoder
{
    private const string Library = NativeLibraries.TurboJpeg;
    private const int PixelFormatRgb = 0;
    private const int PixelFormatCmyk = 11;
    private const int ColorspaceCmyk = 3;
    private const int ColorspaceYcck = 4;
    private const int ErrorIsWarning = 0;
    // Refuses progressive files with an absurd number of scans, which would decode for minutes.
    private const int FlagLimitScans = 32768;

    public static ReadOnlySpan<byte> Signature => [0xFF, 0xD8, 0xFF];

    public static RgbImage Decode(ReadOnlySpan<byte> bytes, string identity)
    {
        nint decoder = InitDecompress();
        if (decoder == 0)
            throw new DataException($"{identity} was not decoded because libturbojpeg could not create a decoder; free some memory.");
        try
        {
            if (DecompressHeader(decoder, bytes, (nuint)bytes.Length, out int width, out int height, out _, out int colorspace) != 0)
                ThrowUnlessHarmless(decoder, identity);
            RgbImage.CheckSize(width, height, identity);
            bool cmyk = colorspace is ColorspaceCmyk or ColorspaceYcck;
            var pixels = new byte[width * height * (cmyk ? 4 : 3)];
            int format = cmyk ? PixelFormatCmyk : PixelFormatRgb;
            if (Decompress(decoder, bytes, (nuint)bytes.Length, pixels, width, 0, height, format, FlagLimitScans) != 0)
                ThrowUnlessHarmless(decoder, identity);
            return ExifOrientation.Upright(new RgbImage(width, height, cmyk ? FromInvertedCmyk(pixels) : pixels), ExifOrientation.Read(bytes));
        }
        finally
        {
            _ = Destroy(decoder);
        }
    }

    /// <summary>Surplus bytes and odd version numbers leave the picture whole; any other warning means that part of it is missing or wrong.</summary>
    private static void ThrowUnlessHarmless(nint decoder, string identity)
    {
        string message = Marshal.PtrToStringUTF8(GetErrorString(decoder)) ?? "unknown error";
        bool harmless = GetErrorCode(decoder) == ErrorIsWarning
            && (message.Contains("extraneous bytes", StringComparison.Ordinal) || message.Contains("JFIF", StringComparison.Ordinal)
                || message.Contains("Adobe", StringComparison.Ordinal) || message.Contains("ICC", StringComparison.Ordinal));
        if (!harmless)
            throw new DataException($"{identity} is a damaged JPEG ({message}); restore or remove it.");
    }

    /// <summary>Adobe's programs store CMYK inverted, and so does everyone else; then Pillow's conversion (Convert.c, cmyk2rgb).</summary>
    private static byte[] FromInvertedCmyk(byte[] cmyk)
    {
        var rgb = new byte[cmyk.Length / 4 * 3];
        for (int from = 0, to = 0; from < cmyk.Length; from += 4, to += 3)
        {
            int light = cmyk[from + 3];
            for (int channel = 0; channel < 3; channel++)
            {
                int product = ((255 - cmyk[from + channel]) * light) + 128;
                rgb[to + channel] = (byte)Math.Max(0, light - (((product >> 8) + product) >> 8));
            }
        }
        return rgb;
    }

    [LibraryImport(Library, EntryPoint = "tjInitDecompress")]
    private static partial nint InitDecompress();

    [LibraryImport(Library, EntryPoint = "tjDecompressHeader3")]
    private static partial int DecompressHeader(
        nint decoder, ReadOnlySpan<byte> jpeg, nuint length, out int width, out int height, out int subsampling, out int colorspace);

    [LibraryImport(Library, EntryPoint = "tjDecompress2")]
    private static partial int Decompress(
        nint decoder, ReadOnlySpan<byte> jpeg, nuint length, Span<byte> pixels, int width, int pitch, int height, int format, int flags);

    [LibraryImport(Library, EntryPoint = "tjGetErrorStr2")]
    private static partial nint GetErrorString(nint decoder);

    [LibraryImport(Library, EntryPoint = "tjGetErrorCode")]
    private static partial int GetErrorCode(nint decoder);

    [LibraryImport(Library, EntryPoint = "tjDestroy")]
    private static partial int Destroy(nint decoder);
}
