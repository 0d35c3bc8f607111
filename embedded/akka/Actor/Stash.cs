namespace Akka.Actor;

public interface IActorStash
{
    IStash Stash { get; set; }
}

/// <summary>Gives an actor a stash: messages that it cannot handle yet and wants to see again.</summary>
public interface IWithUnrestrictedStash : IActorStash;

public interface IWithUnboundedStash : IWithUnrestrictedStash;

public interface IWithStash : IWithUnrestrictedStash;

public interface IStash
{
    /// <summary>Puts the current message aside.</summary>
    /// <exception cref="IllegalActorStateException">The current message is stashed already.</exception>
    void Stash();

    /// <summary>Puts the oldest stashed message before all others in the mailbox.</summary>
    void Unstash();

    /// <summary>Puts all stashed messages, in their order, before all others in the mailbox.</summary>
    void UnstashAll();

    /// <summary>Puts back those for which <paramref name="predicate"/> holds, and drops the others.</summary>
    void UnstashAll(Func<Envelope, bool> predicate);

    IEnumerable<Envelope> ClearStash();

    int Count { get; }

    bool IsEmpty { get; }
}

internal sealed class Stash(ActorCell cell) : IStash
{
    private List<Envelope> _stashed = [];
    private long _lastStashed = -1;

    public int Count => _stashed.Count;

    public bool IsEmpty => Count == 0;

    void IStash.Stash()
    {
        if (cell.CurrentEnvelopeId == _lastStashed)
            throw new IllegalActorStateException($"Can't stash the same message {cell.CurrentMessage} more than once");
        _lastStashed = cell.CurrentEnvelopeId;
        _stashed.Add(new Envelope(cell.CurrentMessage!, cell.Sender));
    }

    public void Unstash()
    {
        if (Count == 0)
            return;
        PutBack(_stashed[0]);
        _stashed.RemoveAt(0);
    }

    public void UnstashAll() => UnstashAll(static _ => true);

    public void UnstashAll(Func<Envelope, bool> predicate)
    {
        foreach (var envelope in ClearStash().Reverse().Where(predicate))
            PutBack(envelope);
    }

    public IEnumerable<Envelope> ClearStash()
    {
        var stashed = _stashed;
        _stashed = [];
        return stashed;
    }

    private void PutBack(in Envelope envelope)
    {
        cell.Mailbox.EnqueueFirst(envelope);
        if (envelope.Message is Terminated terminated)
            cell.AnnounceAgain(terminated);
    }
}
