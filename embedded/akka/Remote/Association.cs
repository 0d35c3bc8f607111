using Akka.Actor;
using Akka.Dispatch.SysMsg;
using Akka.Event;

namespace Akka.Remote;

/// <summary>
/// All that goes on with another system: two lanes out, each with a connection of its own, and as many connections in. The ordinary lane carries the
/// program's messages; the control lane carries what must not wait behind them. Each keeps its order. The news of an actor's death goes behind
/// the actor's last messages, on the ordinary lane.
/// </summary>
internal sealed class Association
{
    private readonly Lock _lock = new();
    private readonly OutboundLane _ordinary;
    private readonly OutboundLane _control;
    private readonly List<InboundConnection> _inbound = [];
    private int? _uid;
    private int? _quarantined;
    private bool _weAreQuarantined;

    public Association(Remoting remoting, Address address)
    {
        Remoting = remoting;
        Address = address;
        _ordinary = new OutboundLane(this, control: false);
        _control = new OutboundLane(this, control: true);
    }

    public Remoting Remoting { get; }

    public Address Address { get; }

    /// <summary>The incarnation that was last spoken to.</summary>
    public int? Uid
    {
        get
        {
            lock (_lock)
                return _uid;
        }
    }

    public void Send(object message, IActorRef? sender, IActorRef recipient) => LaneFor(message).Send(message, sender, recipient);

    public void SendControl(FrameKind kind) => _control.Send(kind, null, ActorRefs.Nobody);

    /// <summary>A system that knows the secret is there under that uid.</summary>
    /// <returns>False when this incarnation is quarantined.</returns>
    public bool Admit(int uid)
    {
        lock (_lock)
        {
            if (_quarantined == uid)
                return false;
            if (_uid == uid)
                return true;
            _uid = uid;
        }
        _ordinary.AbortUnlessTo(uid);
        _control.AbortUnlessTo(uid);
        return true;
    }

    /// <summary>Delivers what comes on a connection until it ends. A connection of the same lane that is still open is out of date.</summary>
    public async Task ReceiveAsync(Introduction introduction, Stream stream)
    {
        var connection = new InboundConnection(this, introduction, stream);
        InboundConnection? previous;
        lock (_lock)
        {
            previous = _inbound.FindLast(open => open.Introduction.Control == introduction.Control);
            _inbound.Add(connection);
        }
        if (previous != null)
            await previous.CloseAsync(FrameKind.Goodbye);
        Remoting.Watcher.Renew(this);
        await connection.RunAsync();
        lock (_lock)
            _inbound.Remove(connection);
    }

    public void Lost(int uid)
    {
        lock (_lock)
        {
            if (_quarantined == uid || _uid != uid)
                return;
        }
        Remoting.System.EventStream.Publish(new ConnectionLost(Address, uid));
    }

    public void Quarantine(int? uid)
    {
        InboundConnection[] inbound;
        lock (_lock)
        {
            uid ??= _uid;
            if (uid == null || _quarantined == uid)
                return;
            _quarantined = uid;
            inbound = [.. _inbound.Where(connection => connection.Introduction.Uid == uid)];
        }
        Remoting.Log.Warning("{0} (uid {1}) is quarantined: only a new incarnation of it is spoken to", Address, uid);
        if (uid == Uid)
        {
            _ordinary.Finish(FrameKind.Quarantined);
            _control.Finish(FrameKind.Quarantined);
        }
        foreach (var connection in inbound)
            _ = connection.CloseAsync(FrameKind.Quarantined);
        Remoting.Watcher.AddressTerminated(Address, uid.Value);
    }

    /// <summary>
    /// The other system says that it does not speak to us any more. That counts when it also says so in a handshake: one that does not hear us
    /// has given us up, but cannot be come back to.
    /// </summary>
    public void AskWhetherQuarantined() => SendControl(FrameKind.Heartbeat);

    /// <summary>The other system refuses us in a handshake; told each time.</summary>
    public void WeAreQuarantined()
    {
        bool first;
        lock (_lock)
            (first, _weAreQuarantined) = (!_weAreQuarantined, true);
        if (first)
            Remoting.Log.Warning("{0} has quarantined this system", Address);
        Remoting.System.EventStream.Publish(new ThisActorSystemQuarantinedEvent(Remoting.LocalAddress, Address));
    }

    /// <summary>Sends what is waiting, and says goodbye to both who hear and who send.</summary>
    public async Task CloseAsync(CancellationToken limit)
    {
        await Task.WhenAll(_ordinary.FlushAsync(limit), _control.FlushAsync(limit));
        InboundConnection[] inbound;
        lock (_lock)
            inbound = [.. _inbound];
        await Task.WhenAll(inbound.Select(connection => connection.CloseAsync(FrameKind.Goodbye)));
    }

    public Task EndAsync() => Task.WhenAll(_ordinary.EndAsync(), _control.EndAsync());

    private OutboundLane LaneFor(object message) => message switch
    {
        IControlMessage or Watch or Unwatch or ActorSelectionMessage { Message: IControlMessage } => _control,
        _ => _ordinary,
    };
}
