using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using ActorTrain.Model;

namespace ActorTrain.Actors.Compute;

/// <summary>A step's joined micro-batches, and when the last of its batches and of its targets came (timestamps).</summary>
internal sealed record TrainingStep(long Step, StudentBatch[] MicroBatches, long BatchesAt, long TargetsAt);

/// <summary>
/// Hands joined steps from the student's actor to its training thread. The reader is a plain thread that may stand still: it
/// waits on the semaphore, which counts the steps in the channel, and so never blocks on a task.
/// </summary>
internal sealed class StepQueue(int capacity) : IDisposable
{
    private readonly Channel<TrainingStep> _steps = Channel.CreateBounded<TrainingStep>(
        new BoundedChannelOptions(capacity) { SingleReader = true, SingleWriter = true });
    private readonly SemaphoreSlim _arrived = new(0);

    /// <summary>False if the queue is full.</summary>
    public bool TryPut(TrainingStep step)
    {
        if (!_steps.Writer.TryWrite(step))
            return false;
        _arrived.Release();
        return true;
    }

    /// <summary>The next step; stands still until there is one, or false once cancelled.</summary>
    public bool TryTake([NotNullWhen(true)] out TrainingStep? step, CancellationToken cancel)
    {
        step = null;
        if (cancel.IsCancellationRequested)
            return false;
        try
        {
            _arrived.Wait(cancel);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        return _steps.Reader.TryRead(out step);
    }

    public void Dispose() => _arrived.Dispose();
}
