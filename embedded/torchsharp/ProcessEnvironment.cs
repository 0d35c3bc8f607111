using System.Runtime.InteropServices;

namespace TorchSharp;

/// <summary>
/// Environment variables that OpenBLAS and libgomp read when they are loaded. They must be set with libc's own setenv:
/// what <see cref="Environment.SetEnvironmentVariable(string, string)"/> changes never reaches native code.
/// </summary>
internal static partial class ProcessEnvironment
{
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unsetenv(string name);

    /// <summary>Called once, before the library that pulls libtorch in is loaded.</summary>
    internal static void Prepare()
    {
        // A core type forced from outside (seen: Haswell on an AVX-512 machine) halves sgemm and changes its low-order bits.
        unsetenv("OPENBLAS_CORETYPE");
        // The scalar code paths: several times slower, other bits.
        if (Environment.GetEnvironmentVariable("ATEN_CPU_CAPABILITY") == "default")
            unsetenv("ATEN_CPU_CAPABILITY");
        // An idle OpenMP worker spins for seconds' worth of iterations by default and starves whoever shares the core (decoders,
        // teachers, another program): it may spin for tens of microseconds, the gap between two operators, and then sleeps.
        if (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null)
            setenv("GOMP_SPINCOUNT", "20000", overwrite: 0);
    }
}
