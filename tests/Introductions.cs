using System.Buffers.Binary;
using System.Text;

namespace ActorTrain.Tests;

/// <summary>Overhears on a connection between two actor systems which of them has opened it, as this one says in its introduction.</summary>
internal sealed class Introductions
{
    /// <summary>A name of the protocol and a challenge come first, then the introduction's length.</summary>
    private const int Start = 4 + 32 + sizeof(ushort);

    private readonly List<byte> _said = [];
    private volatile string? _opener;

    /// <summary>The address of the system that has opened the connection; null until it has said so.</summary>
    public string? Opener => _opener;

    /// <summary>Takes in what comes from the opening side, beginning with the connection's first byte.</summary>
    public void Overhear(ReadOnlySpan<byte> bytes)
    {
        if (_opener is not null)
            return;
        _said.AddRange(bytes);
        if (_said.Count < Start)
            return;
        byte[] said = [.. _said];
        int length = BinaryPrimitives.ReadUInt16LittleEndian(said.AsSpan(Start - sizeof(ushort)));
        if (said.Length >= Start + length && Encoding.UTF8.GetString(said, Start, length).Split(' ') is [_, _, var from, _])
            _opener = from;
    }
}
