using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ActorTrain.Actors.Cluster;

/// <summary>Where a node listens.</summary>
/// <param name="Host">A host name in small letters, or an address; an IPv6 address in its shortest form and without its brackets.</param>
/// <param name="Port">The port; 0 = any free one.</param>
public sealed record NodeAddress(string Host, int Port)
{
    /// <summary>Reads <c>host:port</c> or <c>[address]:port</c>; what means the same host becomes the same address.</summary>
    /// <param name="text">The text.</param>
    /// <param name="address">What it says.</param>
    /// <returns>Whether it is an address.</returns>
    public static bool TryParse(string text, [NotNullWhen(true)] out NodeAddress? address)
    {
        address = null;
        int colon = text.LastIndexOf(':');
        if (colon < 1 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            return false;
        string host = text[..colon];
        bool bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (bracketed)
            host = host[1..^1];
        // An address with a zone (%eth0) means something on one machine only.
        if (bracketed != host.Contains(':') || host.Contains('%') || Uri.CheckHostName(host) == UriHostNameType.Unknown)
            return false;
        address = new NodeAddress(bracketed ? IPAddress.Parse(host).ToString() : host.ToLowerInvariant(), port);
        return true;
    }

    /// <summary>The address under which this machine is seen by whoever listens there.</summary>
    /// <exception cref="RunException">There is no such host, or no way to it.</exception>
    public async Task<string> OwnHostAsync(CancellationToken cancel)
    {
        // Connecting a datagram socket sends nothing; it only chooses the way.
        using var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
        try
        {
            await socket.ConnectAsync(Host, Math.Max(1, Port), cancel);
        }
        catch (SocketException error)
        {
            throw new RunException($"There is no way to {this} ({error.Message.TrimEnd('.')}); check the address and the network.", error);
        }
        IPAddress own = ((IPEndPoint)socket.LocalEndPoint!).Address;
        return (own.IsIPv4MappedToIPv6 ? own.MapToIPv4() : own).ToString();
    }

    /// <inheritdoc/>
    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
