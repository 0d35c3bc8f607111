using System.Buffers;
using System.Runtime.CompilerServices;

namespace MessagePack.Formatters;

internal delegate void WriteToken<T>(ref MessagePackWriter writer, T value);

internal delegate T ReadToken<T>(ref MessagePackReader reader);

/// <summary>A type whose value is one token.</summary>
internal sealed class PrimitiveFormatter<T>(WriteToken<T> write, ReadToken<T> read) : IMessagePackFormatter<T>
{
    public void Serialize(ref MessagePackWriter writer, T value, MessagePackSerializerOptions options) => write(ref writer, value);

    public T Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) => read(ref reader);
}

internal static class PrimitiveFormatters
{
    public static Dictionary<Type, object> All()
    {
        var all = new Dictionary<Type, object> { [typeof(float[])] = new SingleArrayFormatter() };
        Add((ref MessagePackWriter writer, bool value) => writer.Write(value), (ref MessagePackReader reader) => reader.ReadBoolean());
        Add((ref MessagePackWriter writer, byte value) => writer.Write(value), (ref MessagePackReader reader) => reader.ReadByte());
        Add((ref MessagePackWriter writer, sbyte value) => writer.Write(value), (ref MessagePackReader reader) => reader.ReadSByte());
        Add((ref MessagePackWriter writer, ushort value) => writer.Write(value), (ref MessagePackReader reader) => reader.ReadUInt16());
        Add((ref MessagePackWriter writer, short value) => writer.Write(value), (ref MessagePackReader reader) => reader.ReadInt16());
        Add((ref MessagePackWriter writer, uint value) => writer.Write(value), (ref MessagePackReader reader) => reader.ReadUInt32());
        Add((ref MessagePackWriter writer, int value) => writer.Write(value), (ref MessagePackReader reader) => reader.ReadInt32());
        Add((ref MessagePackWriter writer, ulong value) => writer.Write(value), (ref MessagePackReader reader) => reader.ReadUInt64());
        Add((ref MessagePackWriter writer, long value) => writer.Write(value), (ref MessagePackReader reader) => reader.ReadInt64());
        Add((ref MessagePackWriter writer, float value) => writer.Write(value), (ref MessagePackReader reader) => reader.ReadSingle());
        Add((ref MessagePackWriter writer, double value) => writer.Write(value), (ref MessagePackReader reader) => reader.ReadDouble());
        Add((ref MessagePackWriter writer, string? value) => writer.Write(value), (ref MessagePackReader reader) => reader.ReadString());
        Add((ref MessagePackWriter writer, byte[]? value) => writer.Write(value), ReadByteArray);
        return all;

        void Add<T>(WriteToken<T> write, ReadToken<T> read) => all.Add(typeof(T), new PrimitiveFormatter<T>(write, read));
    }

    private static byte[]? ReadByteArray(ref MessagePackReader reader)
    {
        if (reader.ReadBytes() is not ReadOnlySequence<byte> bytes)
        {
            return null;
        }

        byte[] array = GC.AllocateUninitializedArray<byte>((int)bytes.Length);
        bytes.CopyTo(array);
        return array;
    }
}

/// <summary>An enumeration as its number.</summary>
internal sealed class EnumFormatter<TEnum, TNumber> : IMessagePackFormatter<TEnum>
    where TEnum : struct
    where TNumber : struct
{
    private readonly IMessagePackFormatter<TNumber> _number = Formatter.Of<TNumber>();

    public void Serialize(ref MessagePackWriter writer, TEnum value, MessagePackSerializerOptions options) =>
        _number.Serialize(ref writer, Unsafe.BitCast<TEnum, TNumber>(value), options);

    public TEnum Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) =>
        Unsafe.BitCast<TNumber, TEnum>(_number.Deserialize(ref reader, options));
}

/// <summary>Nil, or the value itself.</summary>
internal sealed class NullableFormatter<T> : IMessagePackFormatter<T?>
    where T : struct
{
    public void Serialize(ref MessagePackWriter writer, T? value, MessagePackSerializerOptions options)
    {
        if (value is T present)
        {
            Formatter.Of<T>().Serialize(ref writer, present, options);
        }
        else
        {
            writer.WriteNil();
        }
    }

    public T? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) =>
        reader.TryReadNil() ? null : Formatter.Of<T>().Deserialize(ref reader, options);
}
