using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Akka.Actor;
using Akka.Event;

namespace Akka.Remote;

/// <summary>
/// The connections to other systems: listens for theirs and opens its own, two to each system that is spoken to. What a peer sends is looked at
/// only after it has proven to know the secret.
/// </summary>
internal sealed class Remoting : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Address, Association> _associations = new();
    private readonly CancellationTokenSource _stopped = new();
    private readonly Socket _listener;
    private readonly Doorkeeper _doorkeeper;
    private Task _accepting = Task.CompletedTask;
    private volatile bool _closing;

    /// <summary>Listens, so that the address is known; peers are let in after <see cref="Start"/>.</summary>
    /// <exception cref="RemoteTransportException">The configured port cannot be had.</exception>
    public Remoting(ActorSystemImpl system, RemoteActorRefProvider provider, RemoteSettings settings)
    {
        System = system;
        Provider = provider;
        Settings = settings;
        Log = Logging.GetLogger(system, "Remoting");
        _listener = Listen(settings);
        BoundPort = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        Stopped = _stopped.Token;
        LocalAddress = new Address("akka.tcp", system.Name, Bracketed(settings.PublicHost), settings.PublicPort > 0 ? settings.PublicPort : BoundPort);
        _doorkeeper = new Doorkeeper(this);
        Watcher = new RemoteWatcher(this);
    }

    public ActorSystemImpl System { get; }

    public RemoteActorRefProvider Provider { get; }

    public RemoteSettings Settings { get; }

    public ILoggingAdapter Log { get; }

    /// <summary>Where others find this system.</summary>
    public Address LocalAddress { get; }

    /// <summary>The port that is listened on.</summary>
    public int BoundPort { get; }

    /// <summary>Tells this incarnation of the system from others at the same address.</summary>
    public int Uid { get; } = RandomNumberGenerator.GetInt32(1, int.MaxValue);

    public RemoteWatcher Watcher { get; }

    public SegmentPool Segments { get; } = new();

    /// <summary>Whether the cluster says when that system is dead; if not, remoting's own heartbeats do.</summary>
    public Func<Address, bool> IsMember { get; set; } = _ => false;

    public CancellationToken Stopped { get; }

    public void Start()
    {
        _accepting = AcceptAsync();
        Watcher.Start();
        Log.Info("Remoting listens on {0}", LocalAddress);
    }

    public Association AssociationWith(Address address) => _associations.GetOrAdd(address, static (key, remoting) => new Association(remoting, key), this);

    /// <summary>Has nothing more to do with that incarnation of a system; null for the one that was last spoken to.</summary>
    public void Quarantine(Address address, int? uid) => AssociationWith(address).Quarantine(uid);

    /// <summary>All actors of that incarnation are dead: tells whoever watches them.</summary>
    public void AddressTerminated(Address address, int uid) => Watcher.AddressTerminated(address, uid);

    /// <summary>Sends what is waiting, as far as that goes in <see cref="RemoteSettings.FlushOnShutdown"/>, and closes everything.</summary>
    public async ValueTask DisposeAsync()
    {
        Watcher.Dispose();
        _closing = true;
        _listener.Dispose();
        using (var limit = new CancellationTokenSource(Settings.FlushOnShutdown))
            await Task.WhenAll(_associations.Values.Select(association => association.CloseAsync(limit.Token)));
        await _stopped.CancelAsync();
        await _accepting;
        await Task.WhenAll(_associations.Values.Select(association => association.EndAsync()));
        _stopped.Dispose();
    }

    public static void Configure(Socket socket)
    {
        socket.NoDelay = true;
        // A host that vanishes says nothing: after 15 s of silence it is asked, and given up 15 s later.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
    }

    /// <summary>A host as addresses have it: an IPv6 address stands in brackets.</summary>
    private static string Bracketed(string host) =>
        IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : host;

    private static Socket Listen(RemoteSettings settings)
    {
        try
        {
            var address = settings.BindHost.Length == 0
                ? IPAddress.Any
                : Dns.GetHostAddresses(settings.BindHost).OrderBy(candidate => candidate.AddressFamily != AddressFamily.InterNetwork).First();
            var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(address, settings.BindPort));
            listener.Listen();
            return listener;
        }
        catch (SocketException failure)
        {
            throw new RemoteTransportException($"Cannot listen on {settings.BindHost}:{settings.BindPort}: {failure.Message}.", failure);
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                _doorkeeper.Meet(await _listener.AcceptAsync());
            }
            catch (Exception failure) when (_closing || failure is ObjectDisposedException)
            {
                return;
            }
            catch (SocketException failure)
            {
                // Out of file descriptors, most likely.
                Log.Warning("A connection could not be accepted: {0}", failure.Message);
                await Task.Delay(Settings.FirstBackoff);
            }
        }
    }
}
