using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>Where and how libtorch computes for one user of it: device, autocast and threads.</summary>
internal sealed class Compute
{
    private readonly string _name;
    private readonly bool _bfloat16;
    private readonly int _threads;

    /// <param name="device"><c>cpu</c> or <c>cuda:N</c>.</param>
    /// <param name="bfloat16">Whether matrix products run in bfloat16.</param>
    /// <param name="threads">libtorch's threads.</param>
    /// <exception cref="ModelException">There is no such device, or it cannot do that.</exception>
    public Compute(string device, bool bfloat16, int threads)
    {
        if (threads < 1)
            throw new ModelException($"The number of threads is {threads} but must be at least 1.");
        (_name, _bfloat16, _threads) = (device, bfloat16, threads);
        Device = Parse(device);
        using IDisposable? trial = Autocast();
    }

    /// <summary>The device.</summary>
    public Device Device { get; }

    /// <summary>Gives this thread its number of libtorch threads (OpenMP keeps it per OS thread); called at the start of every public operation.</summary>
    public void UseThreads() => set_num_threads(_threads);

    /// <summary>Loads a model on this thread.</summary>
    public T Load<T>(string folder, Func<T> load)
    {
        UseThreads();
        try
        {
            return load();
        }
        catch (ExternalException exception)
        {
            throw Failure($"loading '{folder}'", exception);
        }
    }

    /// <summary>Autocast until the result is disposed; null in float32.</summary>
    public IDisposable? Autocast() => !_bfloat16 ? null : Kernels.Current.Autocast(Device, ScalarType.BFloat16)
        ?? throw new ModelException($"This build cannot compute in bfloat16 on '{_name}'; use float32.");

    /// <summary>The sentence for a failed call into libtorch, such as one that found no memory.</summary>
    public ModelException Failure(string what, ExternalException exception) =>
        new($"libtorch failed on '{_name}' in {what}: {exception.Message.Split('\n')[0].TrimEnd('.')}.", exception);

    private static Device Parse(string device)
    {
        if (device == "cpu")
            return CPU;
        string[] parts = device.Split(':');
        if (parts.Length > 2 || parts[0] != "cuda" || !int.TryParse(parts.ElementAtOrDefault(1) ?? "0", NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            throw new ModelException($"There is no device '{device}'; use cpu or cuda:N.");
        if (!cuda.is_available())
            throw new ModelException($"Device '{device}' needs a CUDA libtorch and a GPU, and there is none here; use cpu, or set LIBTORCH to a CUDA libtorch.");
        if (index >= cuda.device_count())
            throw new ModelException($"Device '{device}' does not exist: this machine has {cuda.device_count()} GPUs, counted from 0.");
        return new Device(DeviceType.CUDA, index);
    }
}
