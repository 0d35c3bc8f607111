namespace TorchSharp;

/// <summary>Copies that run beside computation. The packages have no such API; embedded/kernels offers it behind model/'s seam.</summary>
internal static class HostCopy
{
    /// <summary>
    /// Copies a tensor in pinned host memory to a GPU on a stream of its own; operators called afterwards wait for it, those that
    /// were queued before do not. The host tensor must stay unchanged until the device has been synchronised.
    /// </summary>
    internal static unsafe torch.Tensor Aside(torch.Tensor pinned, torch.Device device)
    {
        nint copy;
        Native.Check(Native.at_copy_aside(pinned.Handle, device.index, &copy), "copy to the device");
        GC.KeepAlive(pinned);
        return new torch.Tensor(copy);
    }
}
