using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using ActorTrain.Model;

namespace ActorTrain.Actors.Compute;

/// <summary>A step's joined micro-batches.</summary>
/// <param name="Step">The step, from 0.</param>
/// <param name="MicroBatches">What the student trains on.</param>
/// <param name="BatchHashes">The ledger's hash of each; see <see cref="TrainingLedger"/>.</param>
/// <param name="BatchesAt">Timestamp at which the last of its batches came; its targets may have come later.</param>
/// <param name="SkippedSamples">Broken samples that the loader had replaced by then.</param>
internal sealed record TrainingStep(long Step, StudentBatch[] MicroBatches, string[] BatchHashes, long BatchesAt, long SkippedSamples);

/// <summary>
/// Hands joined steps from the student's actor to its training thread. The reader is a plain thread, which may stand still: it
/// waits on the monitor until something was put or the queue was closed, and so never blocks on a task.
/// </summary>
internal sealed class StepQueue(int capacity)
{
    private readonly Channel<TrainingStep> _steps = Channel.CreateBounded<TrainingStep>(
        new BoundedChannelOptions(capacity) { SingleReader = true, SingleWriter = true });
    private readonly object _changed = new();
    private bool _closed; // guarded by _changed

    /// <summary>False if the queue is full.</summary>
    public bool TryPut(TrainingStep step)
    {
        if (!_steps.Writer.TryWrite(step))
            return false;
        lock (_changed)
            Monitor.Pulse(_changed);
        return true;
    }

    /// <summary>The next step; stands still until there is one, or returns false once the queue is closed.</summary>
    public bool TryTake([NotNullWhen(true)] out TrainingStep? step)
    {
        step = null;
        lock (_changed)
        {
            while (!_closed && !_steps.Reader.TryRead(out step))
                Monitor.Wait(_changed);
        }
        return step is not null;
    }

    /// <summary>Ends the reader's work, whatever is still in the queue.</summary>
    public void Close()
    {
        lock (_changed)
        {
            _closed = true;
            Monitor.Pulse(_changed);
        }
    }
}
