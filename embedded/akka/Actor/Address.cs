using System.Diagnostics.CodeAnalysis;

namespace Akka.Actor;

/// <summary>Where an actor system is: <c>akka://name</c> inside a process, <c>akka.tcp://name@host:port</c> from outside.</summary>
public sealed class Address : IEquatable<Address>
{
    public static readonly Address AllSystems = new("akka", "all-systems");

    private readonly string _text;

    public Address(string protocol, string system, string? host = null, int? port = null)
    {
        Protocol = protocol;
        System = system;
        Host = host?.ToLowerInvariant()!;
        Port = port;
        _text = string.IsNullOrEmpty(host) ? $"{protocol}://{system}" : $"{protocol}://{system}@{Host}:{port}";
    }

    public string Protocol { get; }

    public string System { get; }

    /// <summary>The host, or null for an address inside the process.</summary>
    public string Host { get; }

    public int? Port { get; }

    public bool HasLocalScope => string.IsNullOrEmpty(Host);

    public bool HasGlobalScope => !HasLocalScope;

    /// <exception cref="UriFormatException">The text is no address.</exception>
    public static Address Parse(string address) => TryParse(address, out var result)
        ? result
        : throw new UriFormatException($"The string '{address}' is not a valid actor system address: expected akka://system or akka.tcp://system@host:port.");

    public static bool TryParse(string path, [NotNullWhen(true)] out Address? address) => TryParse(path, out address, out _);

    /// <param name="path">An address, with a path behind it or not.</param>
    /// <param name="address">The address.</param>
    /// <param name="absolutUri">The path with its leading slash.</param>
    public static bool TryParse(string path, [NotNullWhen(true)] out Address? address, out string absolutUri)
    {
        address = null;
        absolutUri = "/";
        var authorityStart = path?.IndexOf("://", StringComparison.Ordinal) ?? -1;
        if (path == null || authorityStart <= 0 || !path.StartsWith("akka", StringComparison.OrdinalIgnoreCase))
            return false;
        var protocol = path[..authorityStart];
        var authority = path[(authorityStart + 3)..];
        var slash = authority.IndexOf('/');
        if (slash >= 0)
        {
            absolutUri = authority[slash..];
            authority = authority[..slash];
        }
        var at = authority.IndexOf('@');
        if (at < 0)
        {
            if (authority.Length == 0 || authority.Contains(':'))
                return false;
            address = new Address(protocol, authority);
            return true;
        }
        var colon = authority.LastIndexOf(':');
        if (at == 0 || colon <= at + 1 || !ushort.TryParse(authority.AsSpan(colon + 1), out var port))
            return false;
        address = new Address(protocol, authority[..at], authority[(at + 1)..colon], port);
        return true;
    }

    public bool Equals(Address? other) => _text == other?._text;

    public override bool Equals(object? obj) => Equals(obj as Address);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => _text;

    public static bool operator ==(Address? left, Address? right) => Equals(left, right);

    public static bool operator !=(Address? left, Address? right) => !Equals(left, right);
}
