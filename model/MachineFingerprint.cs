using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace ActorTrain.Model;

/// <summary>What a machine decides of a computation's last bits.</summary>
public static class MachineFingerprint
{
    /// <summary>Processor architecture, vector instructions and BLAS core type, in words; two machines with equal words compute equal bits.</summary>
    public static string Current { get; } = string.Join(' ', Parts());

    private static IEnumerable<string> Parts()
    {
        yield return RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        if (Avx512F.IsSupported)
            yield return "avx512";
        else if (Avx2.IsSupported)
            yield return "avx2";
        if (Environment.GetEnvironmentVariable("OPENBLAS_CORETYPE") is { Length: > 0 } core)
            yield return core.ToLowerInvariant();
    }
}
