using System.Runtime.InteropServices;

namespace ActorTrain.DataPipeline.Images;

/// <summary>Which libraries decode images on this machine: another version may give other pixels.</summary>
public static class DecoderVersions
{
    /// <summary>Their files, whose names end in the version: <c>libturbojpeg.so.0.2.0 libpng16.so.16.39.0</c>.</summary>
    public static string Current { get; } = $"{FileOf(NativeLibraries.TurboJpeg)} {FileOf(NativeLibraries.Png)}";

    private static string FileOf(string library)
    {
        if (!NativeLibrary.TryLoad(library, out _))
            return $"no {library}";
        // The system names what it has loaded by the file behind all links.
        return File.ReadLines("/proc/self/maps").Select(line => Path.GetFileName(line)).First(name => name.StartsWith(library, StringComparison.Ordinal));
    }
}
