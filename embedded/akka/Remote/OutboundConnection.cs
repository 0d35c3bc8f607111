using Akka.Actor;

namespace Akka.Remote;

/// <summary>How a connection came to its end.</summary>
internal enum ConnectionEnd
{
    Lost,
    Goodbye,
    Quarantined,
}

/// <summary>
/// One way to another system. Whoever sends writes into the buffer, under the lane's lock; a loop takes all there is and writes it to the
/// stream, so that many small messages become one write.
/// </summary>
internal sealed class OutboundConnection : IDisposable
{
    private readonly Stream _stream;
    private readonly Remoting _remoting;
    private readonly Lock _gate;
    private readonly SendBuffer _buffer;
    private readonly FrameWriter _writer;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _abort;
    private bool _awake;
    private bool _finishing;

    public OutboundConnection(Stream stream, int uid, Remoting remoting, Lock gate)
    {
        _stream = stream;
        _remoting = remoting;
        _gate = gate;
        _buffer = new SendBuffer(remoting.Settings.MaximumFrame, remoting.Segments);
        _writer = new FrameWriter(_buffer);
        _abort = CancellationTokenSource.CreateLinkedTokenSource(remoting.Stopped);
        Uid = uid;
    }

    /// <summary>The incarnation of the system at the other end.</summary>
    public int Uid { get; }

    /// <summary>The bytes that wait to be sent. Under the lane's lock.</summary>
    public long Queued => _buffer.Queued;

    /// <summary>Queues a message, under the lane's lock.</summary>
    public Refusal Send(object message, IActorRef? sender, IActorRef recipient)
    {
        if (_finishing)
            return Refusal.NoConnection;
        if (_buffer.Queued >= _remoting.Settings.WriteBufferLimit)
            return Refusal.QueueFull;
        if (message is FrameKind kind)
        {
            _writer.Write(kind);
        }
        else
        {
            try
            {
                if (!_writer.TryWrite(message, sender, recipient, _remoting.System.Serialization))
                    return Refusal.TooLong(_buffer.FrameLength, _remoting.Settings.MaximumFrame);
            }
            catch (Exception failure)
            {
                return Refusal.Unserializable(failure);
            }
        }
        Wake();
        return Refusal.None;
    }

    /// <summary>Sends what is queued and a last word, and ends; without them, when the other side does not take them in time.</summary>
    public void Finish(FrameKind lastWord)
    {
        lock (_gate)
        {
            if (_finishing)
                return;
            _writer.Write(lastWord);
            _finishing = true;
            Wake();
            _abort.CancelAfter(_remoting.Settings.FlushOnShutdown);
        }
    }

    /// <summary>Ends at once.</summary>
    public void Abort() => _stream.Dispose();

    /// <summary>Sends until the connection ends.</summary>
    public async Task<ConnectionEnd> RunAsync()
    {
        var hearing = HearAsync();
        var sending = SendAsync();
        var first = await Task.WhenAny(hearing, sending);
        // The other side closes once it has read the last word. Closing before it has could lose what is still on its way.
        if (first == sending)
            await hearing;
        await _stream.DisposeAsync();
        lock (_gate)
        {
            _finishing = true;
            Wake();
        }
        await Task.WhenAll(hearing, sending);
        return await first;
    }

    public void Dispose()
    {
        _stream.Dispose();
        _wake.Dispose();
        _abort.Dispose();
    }

    private void Wake()
    {
        if (_awake)
            return;
        _awake = true;
        _wake.Release();
    }

    private async Task<ConnectionEnd> SendAsync()
    {
        List<Segment> segments = [];
        try
        {
            while (true)
            {
                bool last;
                lock (_gate)
                {
                    segments = _buffer.Take(segments);
                    last = _finishing;
                    _awake = segments.Count > 0;
                }
                foreach (var segment in segments)
                {
                    await _stream.WriteAsync(segment.Bytes.AsMemory(0, segment.Used), _abort.Token);
                    lock (_gate)
                        _buffer.Return(segment);
                }
                if (last)
                    return ConnectionEnd.Goodbye;
                if (segments.Count == 0)
                    await _wake.WaitAsync(_abort.Token);
                segments.Clear();
            }
        }
        catch (Exception failure) when (IsDisconnection(failure))
        {
            return ConnectionEnd.Lost;
        }
    }

    // The other side says nothing here but its last word.
    private async Task<ConnectionEnd> HearAsync()
    {
        var word = new byte[1];
        try
        {
            return await _stream.ReadAsync(word, _abort.Token) == 0 ? ConnectionEnd.Lost : (FrameKind)word[0] switch
            {
                FrameKind.Goodbye => ConnectionEnd.Goodbye,
                FrameKind.Quarantined => ConnectionEnd.Quarantined,
                _ => ConnectionEnd.Lost,
            };
        }
        catch (Exception failure) when (IsDisconnection(failure))
        {
            return ConnectionEnd.Lost;
        }
    }

    private static bool IsDisconnection(Exception failure) => failure is IOException or ObjectDisposedException or OperationCanceledException;
}

/// <summary>Why a message was not taken.</summary>
internal sealed record Refusal(string Why, bool IsMistake = false)
{
    public static readonly Refusal None = new("");
    public static readonly Refusal NoConnection = new("there is no connection");
    public static readonly Refusal QueueFull = new("too much is waiting to be sent");

    public static Refusal TooLong(long length, int limit) =>
        new($"it takes {length:N0} bytes, and akka.remote.dot-netty.tcp.maximum-frame-size is {limit:N0}", IsMistake: true);

    public static Refusal Unserializable(Exception cause) => new($"it cannot be serialised: {cause.Message}", IsMistake: true);
}
