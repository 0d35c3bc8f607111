using System.Runtime.InteropServices;
using ActorTrain.Model;
using MessagePack;

namespace ActorTrain.Actors;

/// <summary>The machine that trained a stage to its end.</summary>
/// <param name="Processor">What the processor calls itself.</param>
/// <param name="Device">Where the tensors lived: <c>cpu</c>, or the GPU's name.</param>
/// <param name="Threads">libtorch's threads.</param>
[MessagePackObject]
public sealed record TrainingMachine([property: Key(0)] string Processor, [property: Key(1)] string Device, [property: Key(2)] int Threads)
{
    /// <summary>This machine.</summary>
    /// <param name="device"><c>cpu</c> or <c>cuda:N</c>.</param>
    /// <param name="threads">libtorch's threads.</param>
    public static TrainingMachine Here(string device, int threads)
    {
        string gpu = new MachineFingerprint("", "", "", "").On(device).Gpu;
        return new TrainingMachine(ProcessorName(), gpu.Length > 0 ? gpu : device, threads);
    }

    private static string ProcessorName()
    {
        const string file = "/proc/cpuinfo";
        string? line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':') + 1)..].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
    }
}
