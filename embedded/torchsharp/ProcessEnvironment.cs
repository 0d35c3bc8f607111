using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace TorchSharp;

/// <summary>
/// Environment variables that OpenBLAS and libgomp read when they are loaded. They must be set with libc's own setenv:
/// what <see cref="Environment.SetEnvironmentVariable(string, string)"/> changes never reaches native code.
/// </summary>
internal static partial class ProcessEnvironment
{
    private const string BlasKernels = "OPENBLAS_CORETYPE";
    private static readonly string[] WideBlasKernels = ["SkylakeX", "Cooperlake", "SapphireRapids"];

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unsetenv(string name);

    /// <summary>Called once, before the library that pulls libtorch in is loaded.</summary>
    internal static void Prepare()
    {
        ChooseBlasKernels();
        // The scalar code paths: several times slower, other bits.
        if (Environment.GetEnvironmentVariable("ATEN_CPU_CAPABILITY") == "default")
            unsetenv("ATEN_CPU_CAPABILITY");
        // An idle OpenMP worker spins for many milliseconds by default and starves whoever shares the core (decoders, teachers,
        // another program: up to ten times slower steps). A bounded spin of tens of microseconds costs nothing on an idle machine.
        if (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null)
            setenv("GOMP_SPINCOUNT", "1000", overwrite: 0);
    }

    /// <summary>
    /// OpenBLAS picks its kernels by CPU model and falls back to SSE3 ones for models newer than itself (a fifth of the speed on an
    /// Emerald Rapids with OpenBLAS 0.3.21), so they are named by what the CPU can do. A value that is set already stays, except
    /// one without AVX-512 on a CPU that has it (seen: Haswell, half the speed).
    /// </summary>
    private static void ChooseBlasKernels()
    {
        string? set = Environment.GetEnvironmentVariable(BlasKernels);
        if (Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported)
        {
            if (set is null || !WideBlasKernels.Contains(set, StringComparer.OrdinalIgnoreCase))
                setenv(BlasKernels, WideBlasKernels[0], overwrite: 1);
        }
        else if (set is null && Avx2.IsSupported && Fma.IsSupported)
        {
            setenv(BlasKernels, "Haswell", overwrite: 1);
        }
    }
}
