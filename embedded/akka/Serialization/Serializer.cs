using System.Buffers;
using Akka.Actor;

namespace Akka.Serialization;

/// <summary>Turns messages into bytes and back. Made once per actor system, with the system as its only argument.</summary>
public abstract class Serializer(ExtendedActorSystem system)
{
    protected readonly ExtendedActorSystem system = system;

    /// <summary>Names this serializer on the wire, the same in every process; 0 to 100 are the library's.</summary>
    public abstract int Identifier { get; }

    public abstract byte[] ToBinary(object obj);
}

/// <summary>A serializer that names each type by a text of its own choice instead of the type's name.</summary>
public abstract class SerializerWithStringManifest(ExtendedActorSystem system) : Serializer(system)
{
    /// <exception cref="System.Runtime.Serialization.SerializationException">The manifest is unknown, or the bytes are not what it says.</exception>
    public abstract object FromBinary(byte[] bytes, string manifest);

    /// <exception cref="System.Runtime.Serialization.SerializationException">The message's type has no manifest.</exception>
    public abstract string Manifest(object o);
}

/// <summary>A serializer of the library's own, which needs no array: it writes straight into a frame and reads out of one.</summary>
internal abstract class WireSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public sealed override byte[] ToBinary(object obj)
    {
        var output = new ArrayBufferWriter<byte>();
        Write(obj, output);
        return output.WrittenSpan.ToArray();
    }

    public sealed override object FromBinary(byte[] bytes, string manifest) => Read(new ReadOnlySequence<byte>(bytes), manifest);

    public abstract void Write(object message, IBufferWriter<byte> output);

    public abstract object Read(ReadOnlySequence<byte> bytes, string manifest);
}
