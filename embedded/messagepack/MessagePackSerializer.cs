using System.Buffers;
using System.Collections.Concurrent;
using MessagePack.Formatters;

namespace MessagePack;

/// <summary>Values to MessagePack bytes and back. Every failure is a <see cref="MessagePackSerializationException"/>.</summary>
public static class MessagePackSerializer
{
    private const int KeptScratchBytes = 1 << 20;

    private static readonly ConcurrentDictionary<Type, TypeSerializer> ByType = new();

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _scratch;

    public static void Serialize<T>(
        IBufferWriter<byte> writer, T value, MessagePackSerializerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var tokens = new MessagePackWriter(writer) { CancellationToken = cancellationToken };
        try
        {
            Formatter.Of<T>().Serialize(ref tokens, value, options ?? MessagePackSerializerOptions.Standard);
        }
        catch (Exception exception)
        {
            throw new MessagePackSerializationException($"Failed to serialize {typeof(T).FullName} value.", exception);
        }

        tokens.Flush();
    }

    public static byte[] Serialize<T>(T value, MessagePackSerializerOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArrayBufferWriter<byte> buffer = _scratch ?? new ArrayBufferWriter<byte>();
        buffer.ResetWrittenCount();
        Serialize(buffer, value, options, cancellationToken);
        _scratch = buffer.Capacity <= KeptScratchBytes ? buffer : null;
        return buffer.WrittenSpan.ToArray();
    }

    public static T Deserialize<T>(
        ReadOnlyMemory<byte> buffer, MessagePackSerializerOptions? options = null, CancellationToken cancellationToken = default) =>
        Deserialize<T>(new ReadOnlySequence<byte>(buffer), options, cancellationToken);

    public static T Deserialize<T>(
        in ReadOnlySequence<byte> byteSequence, MessagePackSerializerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var tokens = new MessagePackReader(byteSequence) { CancellationToken = cancellationToken };
        try
        {
            return Formatter.Of<T>().Deserialize(ref tokens, options ?? MessagePackSerializerOptions.Standard);
        }
        catch (Exception exception)
        {
            throw new MessagePackSerializationException($"Failed to deserialize {typeof(T).FullName} value.", exception);
        }
    }

    public static byte[] Serialize(
        Type type, object? obj, MessagePackSerializerOptions? options = null, CancellationToken cancellationToken = default) =>
        Of(type).Serialize(obj, options, cancellationToken);

    public static object? Deserialize(
        Type type, ReadOnlyMemory<byte> bytes, MessagePackSerializerOptions? options = null, CancellationToken cancellationToken = default) =>
        Of(type).Deserialize(bytes, options, cancellationToken);

    private static TypeSerializer Of(Type type) =>
        ByType.GetOrAdd(type, static type => (TypeSerializer)Activator.CreateInstance(typeof(TypeSerializer<>).MakeGenericType(type))!);

    private abstract class TypeSerializer
    {
        public abstract byte[] Serialize(object? value, MessagePackSerializerOptions? options, CancellationToken cancellation);

        public abstract object? Deserialize(ReadOnlyMemory<byte> bytes, MessagePackSerializerOptions? options, CancellationToken cancellation);
    }

    private sealed class TypeSerializer<T> : TypeSerializer
    {
        public override byte[] Serialize(object? value, MessagePackSerializerOptions? options, CancellationToken cancellation) =>
            MessagePackSerializer.Serialize((T)value!, options, cancellation);

        public override object? Deserialize(ReadOnlyMemory<byte> bytes, MessagePackSerializerOptions? options, CancellationToken cancellation) =>
            MessagePackSerializer.Deserialize<T>(bytes, options, cancellation);
    }
}
