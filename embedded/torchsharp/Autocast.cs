namespace TorchSharp;

/// <summary>
/// While open, operators of this thread on one kind of device compute in a lower precision where that is safe: matrix products
/// in <c>dtype</c>, reductions and losses in float32. The packages have no such API; embedded/kernels offers it behind model/'s seam.
/// Must be disposed on the thread that opened it.
/// </summary>
internal sealed class Autocast : IDisposable
{
    [ThreadStatic]
    private static Autocast? _current;

    private readonly Autocast? _outer = _current;
    private readonly DeviceType _device;
    private readonly int _dtype;

    internal Autocast(DeviceType device, torch.ScalarType dtype)
    {
        _device = device;
        _dtype = (int)dtype;
        Native.Check(Native.at_enter_autocast((int)device, _dtype), "autocast");
        _current = this;
    }

    public void Dispose()
    {
        if (_current != this)
            throw new InvalidOperationException("Autocast scopes are closed innermost first, on the thread that opened them.");
        _current = _outer;
        int outerType = _outer is not null && _outer._device == _device ? _outer._dtype : -1;
        Native.Check(Native.at_leave_autocast((int)_device, outerType), "autocast");
    }
}
