namespace ActorTrain.Cluster.Tests;

/// <summary>What has happened, in order; tests await the first thing that fits. Used from all threads.</summary>
internal sealed class History<T> : IProgress<T>
{
    private readonly Lock _lock = new();
    private readonly List<T> _items = [];
    private readonly List<Waiting> _waiting = [];
    private Exception? _end;

    public IReadOnlyList<T> All
    {
        get
        {
            lock (_lock)
                return [.. _items];
        }
    }

    public int Count
    {
        get
        {
            lock (_lock)
                return _items.Count;
        }
    }

    public void Report(T value)
    {
        lock (_lock)
        {
            _items.Add(value);
            foreach (var waiting in _waiting.Where(waiting => waiting.Fits(value)))
                waiting.Found.SetResult(value);
            _waiting.RemoveAll(waiting => waiting.Found.Task.IsCompleted);
        }
    }

    /// <summary>Something may happen again after the end.</summary>
    public void Begin()
    {
        lock (_lock)
            _end = null;
    }

    /// <summary>Nothing more will happen: who waits need not wait any longer.</summary>
    public void End(Exception reason)
    {
        lock (_lock)
        {
            _end = reason;
            foreach (var waiting in _waiting)
                waiting.Found.SetException(reason);
            _waiting.Clear();
        }
    }

    /// <summary>The first item that fits, of those so far and to come.</summary>
    /// <param name="fits">What is waited for.</param>
    /// <param name="after">How many of the first items do not count.</param>
    public Task<T> FirstAsync(Func<T, bool> fits, int after = 0)
    {
        lock (_lock)
        {
            int known = _items.FindIndex(Math.Min(after, _items.Count), item => fits(item));
            if (known >= 0)
                return Task.FromResult(_items[known]);
            if (_end is not null)
                return Task.FromException<T>(_end);
            var waiting = new Waiting(fits, new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously));
            _waiting.Add(waiting);
            return waiting.Found.Task;
        }
    }

    private sealed record Waiting(Func<T, bool> Fits, TaskCompletionSource<T> Found);
}
