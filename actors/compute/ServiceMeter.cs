using ActorTrain.Actors.Messages;

namespace ActorTrain.Actors.Compute;

/// <summary>What a node's service in one role does, for people. Safe for all threads.</summary>
internal sealed class ServiceMeter(string role, TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(2);

    private long _served;
    private int _waiting;
    private (long At, long Served) _before = (time.GetTimestamp(), 0); // used by the node's actor only
    private double _perSecond;

    /// <summary>Requests that wait for the service.</summary>
    public int Waiting
    {
        set => Volatile.Write(ref _waiting, value);
    }

    /// <summary>Counts an answer.</summary>
    public void Served() => Interlocked.Increment(ref _served);

    /// <summary>How it stands; called by the node's actor.</summary>
    public RoleWork Read()
    {
        long served = Interlocked.Read(ref _served);
        var elapsed = time.GetElapsedTime(_before.At);
        if (elapsed >= Window)
        {
            _perSecond = (served - _before.Served) / elapsed.TotalSeconds;
            _before = (time.GetTimestamp(), served);
        }
        return new RoleWork(role, served == 0 ? "idle" : "serves", _perSecond, Volatile.Read(ref _waiting));
    }
}
