using Akka.Actor;
using Akka.Dispatch.SysMsg;
using Akka.Event;

namespace Akka.Remote;

/// <summary>
/// Who here watches whom elsewhere. A watch is sent again after each new connection, so that nothing is missed while there was none: whoever has
/// died meanwhile is then reported as dead. A system that is no member of the cluster gets heartbeats; when it stops answering, all actors there
/// are dead and it is quarantined.
/// </summary>
internal sealed class RemoteWatcher(Remoting remoting) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Address, Subject> _subjects = [];
    private Timer? _timer;

    public void Start() => _timer = new Timer(_ => Beat(), null, remoting.Settings.WatchInterval, remoting.Settings.WatchInterval);

    public void Dispose() => _timer?.Dispose();

    public void Watch(Watch watch)
    {
        var association = ((RemoteActorRef)watch.Watchee).Association;
        lock (_lock)
        {
            if (!_subjects.TryGetValue(association.Address, out var subject))
                _subjects.Add(association.Address, subject = new Subject(TimeProvider.System.GetTimestamp()));
            subject.Watches[(watch.Watchee, watch.Watcher)] = association.Uid;
        }
        association.Send(watch, null, watch.Watchee);
    }

    public void Unwatch(Unwatch unwatch)
    {
        Forget(unwatch.Watchee, unwatch.Watcher);
        ((RemoteActorRef)unwatch.Watchee).Association.Send(unwatch, null, unwatch.Watchee);
    }

    /// <summary>Reports a death to the watcher, under the reference that it watches, which may be without a uid. Other deaths are no news.</summary>
    public void End(DeathWatchNotification death, IInternalActorRef watcher)
    {
        var watchee = (IInternalActorRef)death.Actor;
        if (!Forget(watchee, watcher))
        {
            var anyIncarnation = new RemoteActorRef(remoting.Provider, watchee.Path.WithUid(0));
            if (!Forget(anyIncarnation, watcher))
                return;
            death = new DeathWatchNotification(anyIncarnation, death.ExistenceConfirmed, death.AddressTerminated);
        }
        watcher.SendSystemMessage(death);
    }

    /// <summary>There is a new connection: what was sent on the one before it may be lost.</summary>
    public void Renew(Association association)
    {
        (IInternalActorRef Watchee, IInternalActorRef Watcher)[] watches;
        lock (_lock)
        {
            if (!_subjects.TryGetValue(association.Address, out var subject))
                return;
            watches = [.. subject.Watches.Keys];
        }
        foreach (var (watchee, watcher) in watches)
            association.Send(new Watch(watchee, watcher), null, watchee);
    }

    public void Heard(Address address)
    {
        lock (_lock)
        {
            if (_subjects.TryGetValue(address, out var subject))
                subject.LastHeard = TimeProvider.System.GetTimestamp();
        }
    }

    /// <summary>That incarnation is dead, with all its actors.</summary>
    public void AddressTerminated(Address address, int uid)
    {
        List<(IInternalActorRef Watchee, IInternalActorRef Watcher)> ended;
        lock (_lock)
        {
            if (!_subjects.TryGetValue(address, out var subject))
                return;
            ended = [.. subject.Watches.Where(watch => watch.Value == null || watch.Value == uid).Select(watch => watch.Key)];
        }
        foreach (var (watchee, watcher) in ended)
        {
            Forget(watchee, watcher);
            watcher.SendSystemMessage(new DeathWatchNotification(watchee, ExistenceConfirmed: true, AddressTerminated: true));
        }
    }

    private bool Forget(IInternalActorRef watchee, IInternalActorRef watcher)
    {
        lock (_lock)
        {
            if (!_subjects.TryGetValue(watchee.Path.Address, out var subject) || !subject.Watches.Remove((watchee, watcher)))
                return false;
            if (subject.Watches.Count == 0)
                _subjects.Remove(watchee.Path.Address);
            return true;
        }
    }

    private void Beat()
    {
        List<Address> beaten;
        List<Address> silent;
        lock (_lock)
        {
            var strangers = _subjects.Where(subject => !remoting.IsMember(subject.Key)).ToLookup(
                subject => TimeProvider.System.GetElapsedTime(subject.Value.LastHeard) > remoting.Settings.AcceptablePause, subject => subject.Key);
            (beaten, silent) = ([.. strangers[false]], [.. strangers[true]]);
        }
        foreach (var address in beaten)
            remoting.AssociationWith(address).SendControl(FrameKind.Heartbeat);
        foreach (var address in silent)
        {
            remoting.Log.Warning("{0} has not answered for {1}: its actors are taken for dead", address, remoting.Settings.AcceptablePause);
            var uid = remoting.AssociationWith(address).Uid;
            if (uid == null)
                AddressTerminated(address, 0);
            else
                remoting.Quarantine(address, uid);
        }
    }

    private sealed class Subject(long now)
    {
        /// <summary>The watches, with the incarnation that was known when they began.</summary>
        public Dictionary<(IInternalActorRef Watchee, IInternalActorRef Watcher), int?> Watches { get; } = [];

        public long LastHeard { get; set; } = now;
    }
}
