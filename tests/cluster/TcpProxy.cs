using System.Net;
using System.Net.Sockets;
using ActorTrain.Tests;

namespace ActorTrain.Cluster.Tests;

/// <summary>A stretch of network in front of a port, which a test can cut or clog.</summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private const int BufferBytes = 1 << 16;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Socket> _sockets = [];
    private readonly Task _accepting;
    private TaskCompletionSource _open = new();
    private volatile string? _clogged;

    public TcpProxy(int target)
    {
        _target = target;
        _open.SetResult();
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Connections that were accepted, by number.</summary>
    public History<int> Connections { get; } = new();

    /// <summary>
    /// While the way to the port is clogged, nothing arrives there and no error shows; what was sent meanwhile arrives afterwards, as TCP
    /// sends it again.
    /// </summary>
    /// <param name="peer">The actor system whose way is clogged; null for everybody's.</param>
    public void Clog(string? peer = null)
    {
        _clogged = peer;
        Volatile.Write(ref _open, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
    }

    public void Unclog() => _open.TrySetResult();

    /// <summary>Resets every connection; new ones may be made.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            foreach (var socket in _sockets)
                Reset(socket);
            _sockets.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        Cut();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            for (int number = 1; ; number++)
            {
                var near = await _listener.AcceptSocketAsync(_stop.Token);
                _ = ConnectAsync(near);
                Connections.Report(number);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ConnectAsync(Socket near)
    {
        var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            lock (_lock)
                _sockets.UnionWith([near, far]);
            await far.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            await Task.WhenAny(PumpAsync(near, far, new Introductions()), PumpAsync(far, near, null));
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
        finally
        {
            lock (_lock)
                _sockets.ExceptWith([near, far]);
            Reset(near);
            Reset(far);
        }
    }

    /// <param name="from">Where the bytes come from.</param>
    /// <param name="to">Where they go.</param>
    /// <param name="introductions">Who is behind <paramref name="from"/>, on the way that can be clogged; null on the way back.</param>
    private async Task PumpAsync(Socket from, Socket to, Introductions? introductions)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is var count and > 0)
            {
                introductions?.Overhear(buffer.AsSpan(0, count));
                if (introductions is not null && (_clogged is null || _clogged == introductions.Opener))
                    await Volatile.Read(ref _open).Task.WaitAsync(_stop.Token);
                for (int sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _stop.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }
}
