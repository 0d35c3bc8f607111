using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.Serialization;
using System.Text;

namespace Akka.Serialization;

/// <summary>
/// The numbers and texts of the library's own messages: little-endian, a text behind its length in bytes. Bytes that are read need not be
/// trusted: a length is compared with what remains before anything is allocated.
/// </summary>
internal static class Wire
{
    public static void WriteByte(this IBufferWriter<byte> output, byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    public static void WriteBoolean(this IBufferWriter<byte> output, bool value) => output.WriteByte(value ? (byte)1 : (byte)0);

    public static void WriteInt32(this IBufferWriter<byte> output, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(output.GetSpan(sizeof(int)), value);
        output.Advance(sizeof(int));
    }

    public static void WriteInt64(this IBufferWriter<byte> output, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(output.GetSpan(sizeof(long)), value);
        output.Advance(sizeof(long));
    }

    public static void WriteText(this IBufferWriter<byte> output, string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        output.WriteInt32(length);
        output.Advance(Encoding.UTF8.GetBytes(text, output.GetSpan(length)));
    }

    public static byte ReadByte(this ref SequenceReader<byte> input) => input.TryRead(out var value) ? value : throw Short();

    public static bool ReadBoolean(this ref SequenceReader<byte> input) => input.ReadByte() switch
    {
        0 => false,
        1 => true,
        var value => throw new SerializationException($"The byte {value} is neither true nor false."),
    };

    public static int ReadInt32(this ref SequenceReader<byte> input) => input.TryReadLittleEndian(out int value) ? value : throw Short();

    public static long ReadInt64(this ref SequenceReader<byte> input) => input.TryReadLittleEndian(out long value) ? value : throw Short();

    public static string ReadText(this ref SequenceReader<byte> input)
    {
        var length = input.ReadInt32();
        return length >= 0 && input.TryReadExact(length, out var bytes) ? Encoding.UTF8.GetString(bytes) : throw Short();
    }

    /// <summary>The number of things that follow, each of at least a byte.</summary>
    public static int ReadCount(this ref SequenceReader<byte> input)
    {
        var count = input.ReadInt32();
        return count >= 0 && count <= input.Remaining ? count : throw Short();
    }

    private static SerializationException Short() => new("The message ends before what it announces.");
}
