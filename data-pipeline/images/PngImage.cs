using System.Runtime.InteropServices;

namespace ActorTrain.DataPipeline.Images;

/// <summary>libpng's simplified API (png.h, "The simplified API"): the only part that reports errors without longjmp across managed frames.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe partial struct PngImage
{
    public const uint FormatRgb = 2;
    public const uint FormatRgba = 3;
    /// <summary>16-bit samples are sRGB like 8-bit ones and not linear light.</summary>
    public const uint FlagSixteenBitSrgb = 4;

    private const string Library = NativeLibraries.Png;

    public nint Opaque;
    public uint Version;
    public uint Width;
    public uint Height;
    public uint Format;
    public uint Flags;
    public uint ColormapEntries;
    public uint WarningOrError;
    public fixed byte Message[64];

    public readonly string Error
    {
        get
        {
            fixed (byte* text = Message)
                return Marshal.PtrToStringUTF8((nint)text) ?? "";
        }
    }

    [LibraryImport(Library, EntryPoint = "png_image_begin_read_from_memory")]
    public static partial int BeginRead(ref PngImage image, byte* memory, nuint size);

    [LibraryImport(Library, EntryPoint = "png_image_finish_read")]
    public static partial int FinishRead(ref PngImage image, nint background, Span<byte> pixels, int rowStride, nint colormap);

    [LibraryImport(Library, EntryPoint = "png_image_write_to_memory")]
    public static partial int WriteToMemory(
        ref PngImage image, byte* memory, ref nuint size, int convertToEightBit, ReadOnlySpan<byte> pixels, int rowStride, nint colormap);

    [LibraryImport(Library, EntryPoint = "png_image_free")]
    public static partial void Free(ref PngImage image);
}
