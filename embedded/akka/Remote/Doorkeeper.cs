using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Akka.Event;

namespace Akka.Remote;

/// <summary>
/// Meets those who connect, and lets in who proves to know the secret, in time. Only so many may try at once: when another one comes, the one that
/// has been trying longest has to go. Each refusal is logged once for each address and reason.
/// </summary>
internal sealed class Doorkeeper(Remoting remoting)
{
    private const int MostStrangers = 64;
    private const int MostRemembered = 1024;

    private readonly Lock _lock = new();
    private readonly LinkedList<CancellationTokenSource> _strangers = [];
    private readonly HashSet<(IPAddress From, string Why)> _refused = [];

    public void Meet(Socket socket) => _ = ServeAsync(socket);

    private async Task ServeAsync(Socket socket)
    {
        var from = IPAddress.None;
        try
        {
            from = ((IPEndPoint)socket.RemoteEndPoint!).Address;
            Remoting.Configure(socket);
            await using var raw = new NetworkStream(socket, ownsSocket: true);
            var (introduction, stream) = await LetInAsync(raw);
            await using (stream)
                await remoting.AssociationWith(introduction.From).ReceiveAsync(introduction, stream);
        }
        catch (Exception failure) when (!remoting.Stopped.IsCancellationRequested)
        {
            Refuse(from, failure switch
            {
                OperationCanceledException => "it did not say in time who it is",
                AuthenticationException => "TLS could not be agreed on",
                IOException or SocketException => "it left before it said who it is",
                _ => failure.Message,
            });
        }
        catch (Exception)
        {
            // This system ends.
        }
        finally
        {
            socket.Dispose();
        }
    }

    private async Task<(Introduction Introduction, Stream Stream)> LetInAsync(Stream raw)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(remoting.Stopped);
        patience.CancelAfter(remoting.Settings.HandshakeTimeout);
        var place = Queue(patience);
        try
        {
            var stream = await Handshake.SecureAsync(raw, remoting.Settings, patience.Token);
            return (await Handshake.ReceiveAsync(stream, remoting.Settings, remoting.Uid, Judge, patience.Token), stream);
        }
        finally
        {
            lock (_lock)
            {
                if (place.List != null)
                    _strangers.Remove(place);
            }
        }
    }

    private LinkedListNode<CancellationTokenSource> Queue(CancellationTokenSource patience)
    {
        lock (_lock)
        {
            if (_strangers.Count == MostStrangers)
            {
                var longest = _strangers.First!;
                _strangers.Remove(longest);
                longest.Value.Cancel();
            }
            return _strangers.AddLast(patience);
        }
    }

    private Welcome Judge(Introduction introduction) =>
        introduction.To != remoting.LocalAddress ? Welcome.WrongAddress
        : remoting.AssociationWith(introduction.From).Admit(introduction.Uid) ? Welcome.Welcome
        : Welcome.Quarantined;

    private void Refuse(IPAddress from, string why)
    {
        bool first;
        lock (_lock)
            first = _refused.Count < MostRemembered && _refused.Add((from, why));
        if (first)
            remoting.Log.Warning("Refused a connection from {0}: {1}", from, why);
    }
}
