using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;
using TorchSharp;

namespace ActorTrain.Model;

/// <summary>What a machine decides of a computation's last bits, in words; two machines with equal words compute equal bits.</summary>
/// <param name="Processor">Its architecture and vector instructions.</param>
/// <param name="Libtorch">Version of libtorch.</param>
/// <param name="Kernels">The operators in use and the library behind their matrix products; see <see cref="Kernels.Identity"/>.</param>
/// <param name="Decoders">Versions of the libraries that decide pixels.</param>
/// <param name="Gpu">Name of the GPU that computes; empty where the processor does.</param>
public sealed partial record MachineFingerprint(string Processor, string Libtorch, string Kernels, string Decoders, string Gpu = "")
{
    private const string Cuda = "libcuda.so.1";

    private static readonly ConcurrentDictionary<string, string> GpuNames = new();

    /// <summary>This machine, computing on its processor. Loads libtorch.</summary>
    /// <param name="decoders">Versions of the libraries that decide pixels.</param>
    public static MachineFingerprint Here(string decoders)
    {
        string libtorch = torch.__version__;
        return new MachineFingerprint(ProcessorName(), $"libtorch {libtorch}", Model.Kernels.Current.Identity, decoders);
    }

    /// <summary>The same machine, computing on a device.</summary>
    /// <param name="device"><c>cpu</c> or <c>cuda:N</c>.</param>
    public MachineFingerprint On(string device) =>
        device.StartsWith("cuda", StringComparison.Ordinal) ? this with { Gpu = GpuNames.GetOrAdd(device, GpuName) } : this;

    /// <summary>All parts, separated by blanks.</summary>
    public override string ToString() => string.Join(' ', new[] { Processor, Libtorch, Kernels, Decoders, Gpu }.Where(part => part.Length > 0));

    private static string ProcessorName()
    {
        string name = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        if (Avx512F.IsSupported)
            name += " avx512";
        else if (Avx2.IsSupported)
            name += " avx2";
        // libtorch's own limit on the instructions that it uses.
        return Environment.GetEnvironmentVariable("ATEN_CPU_CAPABILITY") is { Length: > 0 } limit ? $"{name} limited to {limit.ToLowerInvariant()}" : name;
    }

    /// <summary>What the driver calls a device; the device's own name where no driver answers.</summary>
    private static string GpuName(string device)
    {
        int ordinal = device.Split(':') is [_, var number] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int given) ? given : 0;
        var name = new byte[128];
        try
        {
            return Initialise(0) == 0 && GetDevice(out int handle, ordinal) == 0 && GetName(name, name.Length, handle) == 0
                ? Encoding.UTF8.GetString(name.AsSpan(0, name.AsSpan().IndexOf((byte)0)))
                : device;
        }
        catch (DllNotFoundException)
        {
            return device;
        }
    }

    // cuda.h, the driver's interface; the devices that CUDA_VISIBLE_DEVICES shows, in its order, as libtorch counts them.
    [LibraryImport(Cuda, EntryPoint = "cuInit")]
    private static partial int Initialise(uint flags);

    [LibraryImport(Cuda, EntryPoint = "cuDeviceGet")]
    private static partial int GetDevice(out int device, int ordinal);

    [LibraryImport(Cuda, EntryPoint = "cuDeviceGetName")]
    private static partial int GetName([Out] byte[] name, int length, int device);
}
