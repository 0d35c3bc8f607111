using System.Net.Sockets;
using Akka.Actor;
using Akka.Event;

namespace Akka.Remote;

/// <summary>
/// The way of one kind of messages to one system: connects when there is something to send, and again, by itself, after a loss. What is sent
/// while there is no connection waits for the next attempt to connect, and becomes dead letters if that fails.
/// </summary>
internal sealed class OutboundLane(Association association, bool control)
{
    private const int MostPending = 50_000;

    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Queue<(object Message, IActorRef? Sender, IActorRef Recipient)> _pending = new();
    private OutboundConnection? _connection;
    private Task _running = Task.CompletedTask;
    private bool _complained;
    private bool _runs;
    private bool _ending;

    // Whether it was said that the queue is full. Only says when to say it again, so that it may be read without the lock.
    private volatile bool _full;

    private Remoting Remoting => association.Remoting;

    public void Send(object message, IActorRef? sender, IActorRef recipient)
    {
        Refusal refusal;
        lock (_gate)
            refusal = _ending ? Refusal.NoConnection : _connection?.Send(message, sender, recipient) ?? Hold(message, sender, recipient);
        Conclude(refusal, message, sender, recipient);
    }

    /// <summary>Ends the connection with a last word.</summary>
    public void Finish(FrameKind lastWord)
    {
        lock (_gate)
            _connection?.Finish(lastWord);
    }

    /// <summary>Ends a connection that leads to an incarnation before that one. What is sent from now on waits for the next connection.</summary>
    public void AbortUnlessTo(int uid)
    {
        lock (_gate)
        {
            if (_connection == null || _connection.Uid == uid)
                return;
            _connection.Abort();
            _connection = null;
        }
    }

    /// <summary>Sends what is waiting, takes nothing more, and says goodbye.</summary>
    public async Task FlushAsync(CancellationToken limit)
    {
        Task running;
        lock (_gate)
        {
            _ending = true;
            _connection?.Finish(FrameKind.Goodbye);
            running = _pending.Count > 0 || _connection != null ? _running : Task.CompletedTask;
        }
        await Task.WhenAny(running, Task.Delay(Timeout.InfiniteTimeSpan, limit));
    }

    public Task EndAsync()
    {
        lock (_gate)
            return _running;
    }

    private Refusal Hold(object message, IActorRef? sender, IActorRef recipient)
    {
        if (_pending.Count == MostPending)
            return Refusal.QueueFull;
        _pending.Enqueue((message, sender, recipient));
        if (!_runs)
        {
            _runs = true;
            _running = Task.Run(RunAsync);
        }
        return Refusal.None;
    }

    private async Task RunAsync()
    {
        var backoff = Remoting.Settings.FirstBackoff;
        var lastConnected = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var end = ConnectionEnd.Lost;
            try
            {
                using var connection = await ConnectAsync();
                backoff = Remoting.Settings.FirstBackoff;
                _complained = false;
                end = await UseAsync(connection);
                lastConnected = TimeProvider.System.GetTimestamp();
                if (end == ConnectionEnd.Quarantined)
                    association.AskWhetherQuarantined();
            }
            catch (QuarantinedException)
            {
                end = ConnectionEnd.Quarantined;
                DropPending();
                association.WeAreQuarantined();
            }
            catch (Exception failure)
            {
                Complain(failure);
                DropPending();
            }
            if (MayEnd(end != ConnectionEnd.Lost || TimeProvider.System.GetElapsedTime(lastConnected) > Patience))
                return;
            await Task.WhenAny(Task.Delay(backoff, Remoting.Stopped));
            backoff = backoff * 2 < LongestBackoff ? backoff * 2 : LongestBackoff;
        }
    }

    private async Task<OutboundConnection> ConnectAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Remoting.Stopped);
        limit.CancelAfter(Remoting.Settings.HandshakeTimeout);
        limit.Token.ThrowIfCancellationRequested();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            Remoting.Configure(socket);
            await socket.ConnectAsync(association.Address.Host, association.Address.Port ?? 0, limit.Token);
            var raw = new NetworkStream(socket, ownsSocket: true);
            var stream = await Handshake.SecureAsync(raw, Remoting.Settings, association.Address.Host, limit.Token);
            var introduction = new Introduction(control, Remoting.Uid, Remoting.LocalAddress, association.Address);
            var uid = await Handshake.IntroduceAsync(stream, Remoting.Settings, introduction, limit.Token);
            return new OutboundConnection(stream, uid, Remoting, _gate);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<ConnectionEnd> UseAsync(OutboundConnection connection)
    {
        if (!association.Admit(connection.Uid))
        {
            DropPending();
            connection.Finish(FrameKind.Quarantined);
            return await connection.RunAsync();
        }
        Attach(connection);
        if (control)
            Remoting.Watcher.Renew(association);
        var end = await connection.RunAsync();
        lock (_gate)
        {
            if (_connection == connection)
                _connection = null;
        }
        if (end == ConnectionEnd.Lost && !Remoting.Stopped.IsCancellationRequested)
        {
            Remoting.Log.Warning("The connection to {0} is lost, with {1} bytes that were to be sent", association.Address, connection.Queued);
            association.Lost(connection.Uid);
        }
        return end;
    }

    // What was held goes before all that is sent from now on.
    private void Attach(OutboundConnection connection)
    {
        lock (_gate)
        {
            while (_pending.TryDequeue(out var held))
                Conclude(connection.Send(held.Message, held.Sender, held.Recipient), held.Message, held.Sender, held.Recipient);
            _connection = connection;
            if (_ending)
                connection.Finish(FrameKind.Goodbye);
        }
    }

    /// <param name="content">Whether the lane need not connect again unless there is something to send.</param>
    private bool MayEnd(bool content)
    {
        lock (_gate)
        {
            var stops = _ending || Remoting.Stopped.IsCancellationRequested;
            if (!stops && (!content || _pending.Count > 0))
                return false;
            _runs = false;
        }
        DropPending();
        return true;
    }

    private void DropPending()
    {
        while (true)
        {
            (object Message, IActorRef? Sender, IActorRef Recipient) held;
            lock (_gate)
            {
                if (!_pending.TryDequeue(out held))
                    return;
            }
            Conclude(Refusal.NoConnection, held.Message, held.Sender, held.Recipient);
        }
    }

    private void Conclude(Refusal refusal, object message, IActorRef? sender, IActorRef recipient)
    {
        if (refusal == Refusal.None)
        {
            if (_full)
                _full = false;
            return;
        }
        if (message is FrameKind)
            return;
        if (refusal.IsMistake)
        {
            var content = message is IWrappedMessage wrapped ? wrapped.Message : message;
            Remoting.Log.Error("A message of type {0} to {1} was not sent: {2}", content.GetType(), recipient, refusal.Why);
        }
        else if (refusal == Refusal.QueueFull && !_full)
        {
            _full = true;
            Remoting.Log.Warning("Messages to {0} become dead letters: {1}", association.Address, refusal.Why);
        }
        Remoting.Provider.PublishDeadLetter(message, sender, recipient);
    }

    // Once for each outage.
    private void Complain(Exception failure)
    {
        if (_complained || Remoting.Stopped.IsCancellationRequested)
            return;
        _complained = true;
        Remoting.Log.Warning("No connection to {0}: {1}", association.Address, failure switch
        {
            OperationCanceledException => "it does not answer",
            EndOfStreamException => "it closed the connection",
            _ => failure.Message,
        });
    }
}
