using System.Net;
using System.Net.Sockets;

namespace ActorTrain.Actors.Tests;

/// <summary>A test that needs IPv6 on this machine; it is skipped by name where there is none.</summary>
public sealed class Ipv6FactAttribute : FactAttribute
{
    public Ipv6FactAttribute()
    {
        try
        {
            using var listener = new TcpListener(IPAddress.IPv6Loopback, 0);
            listener.Start();
        }
        catch (SocketException error)
        {
            Skip = $"This machine has no IPv6 loopback ({error.Message}).";
        }
    }
}
