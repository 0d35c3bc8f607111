using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ActorTrain.Benchmarks;

/// <summary>The bare minimum on the receiving side: reads length and payload into one buffer, and answers each with its number.</summary>
internal sealed class RawReceiver : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public RawReceiver()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        new Thread(Run) { IsBackground = true }.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose() => _listener.Dispose();

    private void Run()
    {
        using Socket socket = _listener.Accept();
        socket.NoDelay = true;
        byte[] header = new byte[sizeof(int)];
        byte[] payload = [];
        while (RawTransport.TryReceive(socket, header))
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(header);
            if (payload.Length < length)
                payload = GC.AllocateUninitializedArray<byte>(length, pinned: true);
            if (!RawTransport.TryReceive(socket, payload.AsSpan(0, length)))
                return;
            socket.Send(header);
        }
    }
}

/// <summary>The sending side: one thread sends while the window is open, the calling one takes the acknowledgements.</summary>
internal sealed class RawSender : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public RawSender(int port) => _socket.Connect(IPAddress.Loopback, port);

    public Passage Send(int payload, int messages)
    {
        byte[] message = GC.AllocateUninitializedArray<byte>(sizeof(int) + payload, pinned: true);
        BinaryPrimitives.WriteInt32LittleEndian(message, payload);
        long[] sentAt = new long[messages];
        double[] milliseconds = new double[messages];
        using SemaphoreSlim window = new(TransportComparison.Window);
        Thread sending = new(() =>
        {
            for (int number = 0; number < messages; number++)
            {
                window.Wait();
                sentAt[number] = Stopwatch.GetTimestamp();
                _socket.Send(message);
            }
        });
        long start = Stopwatch.GetTimestamp();
        sending.Start();
        Span<byte> acknowledgement = stackalloc byte[sizeof(int)];
        for (int number = 0; number < messages; number++)
        {
            if (!RawTransport.TryReceive(_socket, acknowledgement))
                throw new IOException("The raw receiver closed its connection.");
            milliseconds[number] = Stopwatch.GetElapsedTime(sentAt[number]).TotalMilliseconds;
            window.Release();
        }
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        sending.Join();
        return Passage.Of(milliseconds, seconds);
    }

    public void Dispose() => _socket.Dispose();
}

internal static class RawTransport
{
    /// <returns>False at the end of the stream.</returns>
    public static bool TryReceive(Socket socket, Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int count = socket.Receive(bytes);
            if (count == 0)
                return false;
            bytes = bytes[count..];
        }
        return true;
    }
}
