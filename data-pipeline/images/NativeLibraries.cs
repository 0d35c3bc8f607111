using System.Runtime.InteropServices;

namespace ActorTrain.DataPipeline.Images;

/// <summary>The system libraries behind decoding.</summary>
internal static class NativeLibraries
{
    public const string TurboJpeg = "libturbojpeg.so.0";
    public const string Png = "libpng16.so.16";

    /// <exception cref="DataException">One of them is not installed.</exception>
    public static void Require()
    {
        foreach (var (library, package) in new[] { (TurboJpeg, "libturbojpeg0"), (Png, "libpng16-16") })
        {
            if (!NativeLibrary.TryLoad(library, out _))
                throw new DataException($"{library} is not installed on this machine; install it (Debian: apt-get install {package}).");
        }
    }
}
