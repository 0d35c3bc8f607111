using System.Collections.Concurrent;

namespace ActorTrain.Actors.Compute;

/// <summary>What may still go on when a run's actors have stopped; the run lets go of its folder when all of it has ended.</summary>
internal sealed class BackgroundWork
{
    private readonly ConcurrentBag<Task> _work = [];

    public ComputeThread StartThread(string name)
    {
        var thread = new ComputeThread(name);
        _work.Add(thread.Ended);
        return thread;
    }

    public void Add(Task work) => _work.Add(work);

    public Task AllEnded() => Task.WhenAll(_work);
}
