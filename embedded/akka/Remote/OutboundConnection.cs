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
internal sealed class OutboundConnection(Stream stream, int uid, RemoteSettings settings, Serialization.Serialization serialization, Lock gate) : IDisposable
{
    private readonly SendBuffer _buffer = new(settings.MaximumFrame);
    private readonly SemaphoreSlim _wake = new(0);
    private FrameWriter? _writer;
    private bool _awake;
    private bool _finishing;

    /// <summary>The incarnation of the system at the other end.</summary>
    public int Uid => uid;

    /// <summary>The bytes that wait to be sent. Under the lane's lock.</summary>
    public long Queued => _buffer.Queued;

    private FrameWriter Writer => _writer ??= new FrameWriter(_buffer);

    /// <summary>Queues a message, under the lane's lock.</summary>
    public Refusal Send(object message, IActorRef? sender, IActorRef recipient)
    {
        if (_finishing)
            return Refusal.NoConnection;
        if (_buffer.Queued >= settings.WriteBufferLimit)
            return Refusal.QueueFull;
        if (message is FrameKind kind)
        {
            Writer.Write(kind);
        }
        else
        {
            try
            {
                if (!Writer.TryWrite(message, sender, recipient, serialization))
                    return Refusal.TooLong(_buffer.FrameLength, settings.MaximumFrame);
            }
            catch (Exception failure)
            {
                return Refusal.Unserializable(failure);
            }
        }
        Wake();
        return Refusal.None;
    }

    /// <summary>Sends what is queued and a last word, and ends.</summary>
    public void Finish(FrameKind lastWord)
    {
        lock (gate)
        {
            if (_finishing)
                return;
            Writer.Write(lastWord);
            _finishing = true;
            Wake();
        }
    }

    /// <summary>Sends until the connection ends.</summary>
    public async Task<ConnectionEnd> RunAsync(CancellationToken stopped)
    {
        var hearing = HearAsync(stopped);
        var sending = SendAsync(stopped);
        var first = await Task.WhenAny(hearing, sending);
        // The other side closes once it has read the last word. Closing before it has could lose what is still on its way.
        if (first == sending)
            await Task.WhenAny(hearing, Task.Delay(settings.FlushOnShutdown, stopped));
        await stream.DisposeAsync();
        lock (gate)
        {
            _finishing = true;
            Wake();
        }
        await Task.WhenAll(hearing, sending);
        return await first;
    }

    public void Dispose()
    {
        stream.Dispose();
        _wake.Dispose();
    }

    private void Wake()
    {
        if (_awake)
            return;
        _awake = true;
        _wake.Release();
    }

    private async Task<ConnectionEnd> SendAsync(CancellationToken stopped)
    {
        List<SendBuffer.Segment> segments = [];
        try
        {
            while (true)
            {
                bool last;
                lock (gate)
                {
                    segments = _buffer.Take(segments);
                    last = _finishing;
                    _awake = segments.Count > 0;
                }
                foreach (var segment in segments)
                {
                    await stream.WriteAsync(segment.Bytes.AsMemory(0, segment.Used), stopped);
                    lock (gate)
                        _buffer.Return(segment);
                }
                if (last)
                    return ConnectionEnd.Goodbye;
                if (segments.Count == 0)
                    await _wake.WaitAsync(stopped);
                segments.Clear();
            }
        }
        catch (Exception failure) when (IsDisconnection(failure))
        {
            return ConnectionEnd.Lost;
        }
    }

    // The other side says nothing here but its last word.
    private async Task<ConnectionEnd> HearAsync(CancellationToken stopped)
    {
        var word = new byte[1];
        try
        {
            return await stream.ReadAsync(word, stopped) == 0 ? ConnectionEnd.Lost : (FrameKind)word[0] switch
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
internal sealed record Refusal(string Why, bool IsMistake = false, Exception? Cause = null)
{
    public static readonly Refusal None = new("");
    public static readonly Refusal NoConnection = new("there is no connection");
    public static readonly Refusal QueueFull = new("too much is waiting to be sent");

    public static Refusal TooLong(long length, int limit) =>
        new($"it takes {length:N0} bytes, and akka.remote.dot-netty.tcp.maximum-frame-size is {limit:N0}", IsMistake: true);

    public static Refusal Unserializable(Exception cause) => new($"it cannot be serialised: {cause.Message}", IsMistake: true, cause);
}
