namespace ActorTrain.Actors.Stages;

/// <summary>
/// Checkpoints of a stage that stay on this node's disk although newer ones are there: the one that is being copied to other nodes, and the
/// one that the record counts on. Set by the stage's actor, read by its training thread.
/// </summary>
internal sealed class HeldCheckpoints
{
    private const long None = -1;

    private long _copied = None;
    private long _counted = None;

    /// <summary>The step of the one that is being copied; null for none.</summary>
    public long? Copied
    {
        set => Interlocked.Exchange(ref _copied, value ?? None);
    }

    /// <summary>The step of the one that the record counts on; null for none.</summary>
    public long? Counted
    {
        set => Interlocked.Exchange(ref _counted, value ?? None);
    }

    public bool Contains(long step) => step == Interlocked.Read(ref _copied) || step == Interlocked.Read(ref _counted);
}
