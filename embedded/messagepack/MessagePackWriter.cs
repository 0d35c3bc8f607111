using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace MessagePack;

/// <summary>Writes MessagePack tokens, each in its shortest form, to a buffer writer. Nothing is committed before <see cref="Flush"/>.</summary>
public ref struct MessagePackWriter
{
    private readonly IBufferWriter<byte> _output;
    private Span<byte> _span;
    private int _used;

    public MessagePackWriter(IBufferWriter<byte> writer)
        : this() => _output = writer;

    public CancellationToken CancellationToken { get; set; }

    /// <summary>Room for at least <paramref name="length"/> bytes; <see cref="Advance"/> says how many of them were used.</summary>
    public Span<byte> GetSpan(int length)
    {
        if (_span.Length - _used < length || _used == _span.Length)
        {
            Flush();
            _span = _output.GetSpan(length);
        }

        return _span[_used..];
    }

    public void Advance(int length) => _used += length;

    public void Flush()
    {
        _output.Advance(_used);
        _span = default;
        _used = 0;
    }

    // In as many pieces as the output has room for, so that a large array asks for no large buffer.
    public void WriteRaw(ReadOnlySpan<byte> rawMessagePackBlock)
    {
        while (!rawMessagePackBlock.IsEmpty)
        {
            Span<byte> room = GetSpan(1);
            int length = Math.Min(room.Length, rawMessagePackBlock.Length);
            rawMessagePackBlock[..length].CopyTo(room);
            Advance(length);
            rawMessagePackBlock = rawMessagePackBlock[length..];
        }
    }

    public void WriteNil() => WriteCode(MessagePackCode.Nil);

    public void Write(bool value) => WriteCode(value ? MessagePackCode.True : MessagePackCode.False);

    public void Write(byte value) => Write((ulong)value);

    public void Write(sbyte value) => Write((long)value);

    public void Write(ushort value) => Write((ulong)value);

    public void Write(short value) => Write((long)value);

    public void Write(uint value) => Write((ulong)value);

    public void Write(int value) => Write((long)value);

    public void Write(ulong value)
    {
        if (value <= MessagePackCode.MaxFixInt)
        {
            WriteCode((byte)value);
        }
        else if (value <= byte.MaxValue)
        {
            Write8(MessagePackCode.UInt8, (byte)value);
        }
        else if (value <= ushort.MaxValue)
        {
            Write16(MessagePackCode.UInt16, (ushort)value);
        }
        else if (value <= uint.MaxValue)
        {
            Write32(MessagePackCode.UInt32, (uint)value);
        }
        else
        {
            Write64(MessagePackCode.UInt64, value);
        }
    }

    public void Write(long value)
    {
        if (value >= 0)
        {
            Write((ulong)value);
        }
        else if (value >= -32)
        {
            WriteCode((byte)value);
        }
        else if (value >= sbyte.MinValue)
        {
            Write8(MessagePackCode.Int8, (byte)value);
        }
        else if (value >= short.MinValue)
        {
            Write16(MessagePackCode.Int16, (ushort)value);
        }
        else if (value >= int.MinValue)
        {
            Write32(MessagePackCode.Int32, (uint)value);
        }
        else
        {
            Write64(MessagePackCode.Int64, (ulong)value);
        }
    }

    public void Write(float value) => Write32(MessagePackCode.Float32, BitConverter.SingleToUInt32Bits(value));

    public void Write(double value) => Write64(MessagePackCode.Float64, BitConverter.DoubleToUInt64Bits(value));

    public void Write(byte[]? src)
    {
        if (src is null)
        {
            WriteNil();
        }
        else
        {
            Write(src.AsSpan());
        }
    }

    public void Write(ReadOnlySpan<byte> src)
    {
        if (src.Length <= byte.MaxValue)
        {
            Write8(MessagePackCode.Bin8, (byte)src.Length);
        }
        else if (src.Length <= ushort.MaxValue)
        {
            Write16(MessagePackCode.Bin16, (ushort)src.Length);
        }
        else
        {
            Write32(MessagePackCode.Bin32, (uint)src.Length);
        }

        WriteRaw(src);
    }

    public void Write(string? value)
    {
        if (value is null)
        {
            WriteNil();
            return;
        }

        int length = Encoding.UTF8.GetByteCount(value);
        if (length <= MessagePackCode.MaxFixStr - MessagePackCode.MinFixStr)
        {
            WriteCode((byte)(MessagePackCode.MinFixStr + length));
        }
        else if (length <= byte.MaxValue)
        {
            Write8(MessagePackCode.Str8, (byte)length);
        }
        else if (length <= ushort.MaxValue)
        {
            Write16(MessagePackCode.Str16, (ushort)length);
        }
        else
        {
            Write32(MessagePackCode.Str32, (uint)length);
        }

        Advance(Encoding.UTF8.GetBytes(value, GetSpan(length)));
    }

    public void WriteArrayHeader(int count)
    {
        if (count <= 15)
        {
            WriteCode((byte)(MessagePackCode.MinFixArray + count));
        }
        else if (count <= ushort.MaxValue)
        {
            Write16(MessagePackCode.Array16, (ushort)count);
        }
        else
        {
            Write32(MessagePackCode.Array32, (uint)count);
        }
    }

    private void WriteCode(byte code)
    {
        GetSpan(1)[0] = code;
        _used++;
    }

    private void Write8(byte code, byte value)
    {
        Span<byte> token = GetSpan(2);
        token[0] = code;
        token[1] = value;
        _used += 2;
    }

    private void Write16(byte code, ushort value)
    {
        Span<byte> token = GetSpan(3);
        token[0] = code;
        BinaryPrimitives.WriteUInt16BigEndian(token[1..], value);
        _used += 3;
    }

    private void Write32(byte code, uint value)
    {
        Span<byte> token = GetSpan(5);
        token[0] = code;
        BinaryPrimitives.WriteUInt32BigEndian(token[1..], value);
        _used += 5;
    }

    private void Write64(byte code, ulong value)
    {
        Span<byte> token = GetSpan(9);
        token[0] = code;
        BinaryPrimitives.WriteUInt64BigEndian(token[1..], value);
        _used += 9;
    }
}
