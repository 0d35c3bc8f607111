using System.Collections.Concurrent;

namespace ActorTrain.Actors.Compute;

/// <summary>
/// A thread of its own for work on tensors: libtorch's thread count, gradient mode and autocast belong to the thread, and a long
/// computation on the pool would starve the actors. Work runs in the order in which it was posted; disposal lets it finish.
/// </summary>
internal sealed class ComputeThread : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ComputeThread(string name) => new Thread(Loop) { Name = name, IsBackground = true }.Start();

    /// <summary>Ends after disposal, when the posted work is done.</summary>
    public Task Ended => _ended.Task;

    public Task<T> Run<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        });
        return done.Task;
    }

    public Task Run(Action work) => Run(() =>
    {
        work();
        return true;
    });

    public void Dispose() => _work.CompleteAdding();

    private void Loop()
    {
        foreach (var work in _work.GetConsumingEnumerable())
            work();
        _work.Dispose();
        _ended.SetResult();
    }
}
