using Akka.Dispatch.SysMsg;

namespace Akka.Actor;

internal sealed partial class ActorCell
{
    // The actors that this one watches, with the message to deliver instead of Terminated, if any.
    private readonly Dictionary<IActorRef, object?> _watching = [];

    // Their deaths that are in the mailbox but not handled.
    private readonly Dictionary<IActorRef, object?> _announced = [];
    private readonly HashSet<IInternalActorRef> _watchers = [];

    public IActorRef Watch(IActorRef subject) => WatchOnce(subject, null);

    public IActorRef WatchWith(IActorRef subject, object message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return WatchOnce(subject, message);
    }

    public IActorRef Unwatch(IActorRef subject)
    {
        ArgumentNullException.ThrowIfNull(subject);
        if (_watching.Remove(subject))
            ((IInternalActorRef)subject).SendSystemMessage(new Unwatch((IInternalActorRef)subject, Self));
        _announced.Remove(subject);
        return subject;
    }

    /// <summary>A stashed <see cref="Terminated"/> comes back into the mailbox.</summary>
    public void AnnounceAgain(Terminated terminated) => _announced.TryAdd(terminated.ActorRef, null);

    private IActorRef WatchOnce(IActorRef subject, object? message)
    {
        ArgumentNullException.ThrowIfNull(subject);
        if (!subject.Equals(Self) && _watching.TryAdd(subject, message))
            ((IInternalActorRef)subject).SendSystemMessage(new Watch((IInternalActorRef)subject, Self));
        return subject;
    }

    private void HandleDeath(IActorRef subject, bool existenceConfirmed, bool addressTerminated)
    {
        if (_watching.Remove(subject, out var message) && !_terminating)
        {
            _announced[subject] = message;
            Self.Tell(new Terminated(subject, existenceConfirmed, addressTerminated), subject);
        }
        HandleChildDeath(subject);
    }

    // Unwatch may have come between the death and this message.
    private void ReceivedTerminated(Terminated terminated)
    {
        if (_announced.Remove(terminated.ActorRef, out var message))
            ReceiveMessage(message ?? terminated);
    }

    private void AddWatcher(IInternalActorRef watchee, IInternalActorRef watcher)
    {
        if (watchee.Equals(Self) && !watcher.Equals(Self))
            _watchers.Add(watcher);
    }

    private void RemoveWatcher(IInternalActorRef watchee, IInternalActorRef watcher)
    {
        if (watchee.Equals(Self))
            _watchers.Remove(watcher);
    }

    private void TellWatchers()
    {
        foreach (var watcher in _watchers)
        {
            if (!watcher.Equals(Parent))
                watcher.SendSystemMessage(new DeathWatchNotification(Self, ExistenceConfirmed: true, AddressTerminated: false));
        }
        _watchers.Clear();
    }

    private void UnwatchAll()
    {
        foreach (var subject in _watching.Keys.Cast<IInternalActorRef>())
            subject.SendSystemMessage(new Unwatch(subject, Self));
        _watching.Clear();
        _announced.Clear();
    }
}
