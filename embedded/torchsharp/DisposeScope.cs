using System.Buffers;

namespace TorchSharp;

/// <summary>
/// Frees at its end every tensor that was made inside it on its thread, unless the tensor was moved or detached. Scopes nest;
/// a tensor belongs to the innermost scope of the thread that made it. Not to be shared between threads.
/// </summary>
public sealed unsafe class DisposeScope : IDisposable
{
    [ThreadStatic]
    private static DisposeScope? _current;

    private readonly List<torch.Tensor> _tensors = [];
    private DisposeScope? _outer;
    private bool _disposed;

    private DisposeScope() => _outer = _current;

    internal static DisposeScope Open() => _current = new DisposeScope();

    internal static DisposeScope? Current => _current;

    public int DisposablesCount => _tensors.Count;

    public bool Contains(IDisposable disposable) => disposable is torch.Tensor tensor && tensor.OwningDisposeScope == this;

    public T MoveToOuter<T>(T disposable)
        where T : IDisposable
    {
        Move(disposable, _outer);
        return disposable;
    }

    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second)
        where T1 : IDisposable
        where T2 : IDisposable
        => (MoveToOuter(first), MoveToOuter(second));

    public void MoveToOuter(params IDisposable[] disposables) => MoveToOuter((IEnumerable<IDisposable>)disposables);

    public void MoveToOuter(IEnumerable<IDisposable> disposables)
    {
        foreach (IDisposable disposable in disposables)
            Move(disposable, _outer);
    }

    public T Detach<T>(T disposable)
        where T : IDisposable
    {
        Move(disposable, null);
        return disposable;
    }

    public void Detach(params IDisposable[] disposables) => Detach((IEnumerable<IDisposable>)disposables);

    public void Detach(IEnumerable<IDisposable> disposables)
    {
        foreach (IDisposable disposable in disposables)
            Move(disposable, null);
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        FreeAll();
        Unlink();
    }

    internal void Add(torch.Tensor tensor)
    {
        tensor.OwningDisposeScope = this;
        tensor.ScopeIndex = _tensors.Count;
        _tensors.Add(tensor);
    }

    internal void Remove(torch.Tensor tensor)
    {
        torch.Tensor last = _tensors[^1];
        _tensors[tensor.ScopeIndex] = last;
        last.ScopeIndex = tensor.ScopeIndex;
        _tensors.RemoveAt(_tensors.Count - 1);
        tensor.OwningDisposeScope = null;
    }

    private void Move(IDisposable disposable, DisposeScope? target)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (disposable is not torch.Tensor tensor || tensor.OwningDisposeScope != this)
            return;
        Remove(tensor);
        target?.Add(tensor);
    }

    /// <summary>One native call for all: a scope of a training step holds hundreds of tensors.</summary>
    private void FreeAll()
    {
        nint[] handles = ArrayPool<nint>.Shared.Rent(_tensors.Count);
        int count = 0;
        // Newest first: a step's tensors are freed in the reverse of the order in which their memory was taken.
        for (int i = _tensors.Count - 1; i >= 0; i--)
        {
            nint handle = _tensors[i].LeaveScope();
            if (handle != 0)
                handles[count++] = handle;
        }
        _tensors.Clear();
        fixed (nint* first = handles)
            Native.at_free(first, count);
        ArrayPool<nint>.Shared.Return(handles);
    }

    private void Unlink()
    {
        if (_current == this)
        {
            _current = _outer;
            return;
        }
        for (DisposeScope? scope = _current; scope is not null; scope = scope._outer)
        {
            if (scope._outer == this)
                scope._outer = _outer;
        }
    }
}

public static partial class torch
{
    /// <summary>Opens a scope that frees the tensors made inside it; meant for a <c>using</c>.</summary>
    public static DisposeScope NewDisposeScope() => DisposeScope.Open();
}
