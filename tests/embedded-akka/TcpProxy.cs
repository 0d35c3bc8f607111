using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using ActorTrain.Tests;

namespace ActorTrain.Embedded.Akka.Tests;

/// <summary>Stands between a system and those who connect to it, and does to their connections what networks do.</summary>
internal sealed class TcpProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<TcpClient> _open = [];
    private readonly ConcurrentDictionary<(string Peer, bool ToTarget), TaskCompletionSource> _blocked = [];
    private bool _refusing;

    public TcpProxy() => _listener.Start();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>While it is not completed, nothing is passed on to the target.</summary>
    public TaskCompletionSource Passing { get; set; } = Completed();

    /// <summary>The same for what the target sends back.</summary>
    public TaskCompletionSource Answering { get; set; } = Completed();

    /// <summary>Lets nothing through in either direction, or all that has been held.</summary>
    public void Hold(bool hold)
    {
        if (hold)
        {
            Passing = new TaskCompletionSource();
            Answering = new TaskCompletionSource();
            return;
        }
        Passing.TrySetResult();
        Answering.TrySetResult();
    }

    /// <summary>Lets nothing through in one direction of the connections that this peer has opened.</summary>
    public void Block(string peer, bool toTarget) => _blocked[(peer, toTarget)] = new TaskCompletionSource();

    /// <summary>Ends all blocks.</summary>
    public void Unblock()
    {
        foreach (var key in _blocked.Keys)
        {
            if (_blocked.TryRemove(key, out var blocked))
                blocked.SetResult();
        }
    }

    public void Start(int target) => _ = AcceptAsync(target);

    /// <summary>Resets all connections, and from then on each new one too, or not.</summary>
    public void Cut(bool refuse)
    {
        lock (_open)
        {
            _refusing = refuse;
            foreach (TcpClient client in _open)
                Reset(client);
            _open.Clear();
        }
    }

    public void Accept()
    {
        lock (_open)
            _refusing = false;
    }

    public void Dispose()
    {
        _listener.Dispose();
        Cut(refuse: true);
    }

    private static TaskCompletionSource Completed()
    {
        var completed = new TaskCompletionSource();
        completed.SetResult();
        return completed;
    }

    private static void Reset(TcpClient client)
    {
        // None when it has ended by itself.
        if (client.Client is { } socket)
            socket.LingerState = new LingerOption(true, 0);
        client.Dispose();
    }

    private async Task AcceptAsync(int target)
    {
        try
        {
            while (true)
                _ = PassAsync(await _listener.AcceptTcpClientAsync(), target);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The end of the test.
        }
    }

    private async Task PassAsync(TcpClient from, int target)
    {
        var to = new TcpClient();
        lock (_open)
        {
            if (_refusing)
            {
                Reset(from);
                return;
            }
            _open.Add(from);
            _open.Add(to);
        }
        try
        {
            await to.ConnectAsync(IPAddress.Loopback, target);
            var introductions = new Introductions();
            await Task.WhenAny(CopyAsync(from.GetStream(), to.GetStream(), toTarget: true, introductions), CopyAsync(to.GetStream(), from.GetStream(), toTarget: false, introductions));
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut before it was there.
        }
        finally
        {
            // Not while another thread resets them.
            lock (_open)
            {
                _open.Remove(from);
                _open.Remove(to);
                from.Dispose();
                to.Dispose();
            }
        }
    }

    private async Task CopyAsync(NetworkStream source, NetworkStream destination, bool toTarget, Introductions introductions)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await source.ReadAsync(buffer) is var count and > 0)
            {
                if (toTarget)
                    introductions.Overhear(buffer.AsSpan(0, count));
                await (toTarget ? Passing : Answering).Task;
                if (introductions.Opener is { } peer && _blocked.TryGetValue((peer, toTarget), out var blocked))
                    await blocked.Task;
                await destination.WriteAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // Cut.
        }
    }
}
