using System.Buffers;
using System.Text;

namespace MessagePack;

/// <summary>
/// Reads MessagePack tokens from bytes that need not be trusted: a length is compared with the bytes that remain before
/// it is believed, and what does not fit the format ends in an exception.
/// </summary>
public ref struct MessagePackReader
{
    private const int ToleratedMissingMembers = 4096;

    private SequenceReader<byte> _reader;
    private int _missingMembers;

    public MessagePackReader(ReadOnlyMemory<byte> memory)
        : this(new ReadOnlySequence<byte>(memory))
    {
    }

    public MessagePackReader(scoped in ReadOnlySequence<byte> readOnlySequence)
        : this() => _reader = new SequenceReader<byte>(readOnlySequence);

    public CancellationToken CancellationToken { get; set; }

    /// <summary>How many containers deep the reader is; see <see cref="MessagePackSecurity.DepthStep"/>.</summary>
    public int Depth { get; set; }

    public readonly long Consumed => _reader.Consumed;

    public readonly bool End => _reader.End;

    public readonly byte NextCode => _reader.TryPeek(out byte code) ? code : throw new EndOfStreamException();

    public bool TryReadNil()
    {
        if (NextCode != MessagePackCode.Nil)
        {
            return false;
        }

        _reader.Advance(1);
        return true;
    }

    public bool ReadBoolean() => ReadCode() switch
    {
        MessagePackCode.True => true,
        MessagePackCode.False => false,
        byte code => throw Unexpected(code, "a boolean"),
    };

    public byte ReadByte() => checked((byte)ReadUInt64());

    public sbyte ReadSByte() => checked((sbyte)ReadInt64());

    public ushort ReadUInt16() => checked((ushort)ReadUInt64());

    public short ReadInt16() => checked((short)ReadInt64());

    public uint ReadUInt32() => checked((uint)ReadUInt64());

    public int ReadInt32() => checked((int)ReadInt64());

    public ulong ReadUInt64()
    {
        long value = ReadInteger(ReadCode(), out bool aboveInt64);
        return aboveInt64 ? (ulong)value : checked((ulong)value);
    }

    public long ReadInt64()
    {
        long value = ReadInteger(ReadCode(), out bool aboveInt64);
        return aboveInt64 ? throw new OverflowException() : value;
    }

    public float ReadSingle() => ReadCode() switch
    {
        MessagePackCode.Float32 => BitConverter.UInt32BitsToSingle(Read32()),
        MessagePackCode.Float64 => (float)BitConverter.UInt64BitsToDouble(Read64()),
        byte code => ReadInteger(code, out bool aboveInt64) is long value && aboveInt64 ? (ulong)value : value,
    };

    public double ReadDouble() => ReadCode() switch
    {
        MessagePackCode.Float64 => BitConverter.UInt64BitsToDouble(Read64()),
        MessagePackCode.Float32 => BitConverter.UInt32BitsToSingle(Read32()),
        byte code => ReadInteger(code, out bool aboveInt64) is long value && aboveInt64 ? (ulong)value : value,
    };

    /// <summary>A byte string as a slice of the input, not copied; null for nil.</summary>
    public ReadOnlySequence<byte>? ReadBytes()
    {
        if (TryReadNil())
        {
            return null;
        }

        byte code = ReadCode();
        return ReadSlice(code switch
        {
            MessagePackCode.Bin8 => ReadCode(),
            MessagePackCode.Bin16 => Read16(),
            MessagePackCode.Bin32 => Read32(),
            _ => ReadStringLength(code, "a byte string"),
        });
    }

    public string? ReadString() => TryReadNil() ? null : Encoding.UTF8.GetString(ReadSlice(ReadStringLength(ReadCode(), "a string")));

    /// <summary>The number of elements that follow, each of at least a byte.</summary>
    public int ReadArrayHeader()
    {
        uint count = ReadCode() switch
        {
            >= MessagePackCode.MinFixArray and <= MessagePackCode.MaxFixArray and byte code => code - (uint)MessagePackCode.MinFixArray,
            MessagePackCode.Array16 => Read16(),
            MessagePackCode.Array32 => Read32(),
            byte code => throw Unexpected(code, "an array"),
        };
        return _reader.Remaining >= count ? (int)count : throw new EndOfStreamException();
    }

    /// <summary>The number of pairs that follow, each of at least two bytes.</summary>
    public int ReadMapHeader()
    {
        uint count = ReadCode() switch
        {
            >= MessagePackCode.MinFixMap and <= MessagePackCode.MaxFixMap and byte code => code - (uint)MessagePackCode.MinFixMap,
            MessagePackCode.Map16 => Read16(),
            MessagePackCode.Map32 => Read32(),
            byte code => throw Unexpected(code, "a map"),
        };
        return _reader.Remaining >= 2L * count ? (int)count : throw new EndOfStreamException();
    }

    /// <summary>Passes over the next value and all it holds. Without recursion: whoever wrote the bytes does not choose our stack depth.</summary>
    public void Skip()
    {
        for (long pending = 1; pending > 0; pending--)
        {
            switch (NextCode)
            {
                case >= MessagePackCode.MinFixArray and <= MessagePackCode.MaxFixArray or MessagePackCode.Array16 or MessagePackCode.Array32:
                    pending += ReadArrayHeader();
                    break;
                case >= MessagePackCode.MinFixMap and <= MessagePackCode.MaxFixMap or MessagePackCode.Map16 or MessagePackCode.Map32:
                    pending += 2L * ReadMapHeader();
                    break;
                default:
                    SkipScalar();
                    break;
            }
        }
    }

    /// <summary>
    /// Counts the members that a contract has and the bytes have not, over all contracts of the input: a byte would be enough for an
    /// object of any size otherwise.
    /// </summary>
    internal void CountMissing(int members)
    {
        if ((_missingMembers += members) > ToleratedMissingMembers)
        {
            throw new MessagePackSerializationException($"More than {ToleratedMissingMembers} members are missing before offset {_reader.Consumed}.");
        }
    }

    /// <summary>Reads float32 tokens for as long as they lie in one piece of memory.</summary>
    /// <returns>How many were read.</returns>
    internal int ReadSingles(Span<float> values)
    {
        const int Token = 5;
        ReadOnlySpan<byte> tokens = _reader.UnreadSpan;
        int count = Math.Min(values.Length, tokens.Length / Token);
        int read = 0;
        for (; read < count && tokens[Token * read] == MessagePackCode.Float32; read++)
        {
            values[read] = System.Buffers.Binary.BinaryPrimitives.ReadSingleBigEndian(tokens.Slice((Token * read) + 1, sizeof(float)));
        }

        _reader.Advance((long)Token * read);
        return read;
    }

    private void SkipScalar()
    {
        byte code = ReadCode();
        switch (code)
        {
            case <= MessagePackCode.MaxFixInt or >= MessagePackCode.MinNegativeFixInt:
            case MessagePackCode.Nil or MessagePackCode.False or MessagePackCode.True:
                break;
            case MessagePackCode.Float32:
                Read32();
                break;
            case MessagePackCode.Float64:
                Read64();
                break;
            case >= MessagePackCode.UInt8 and <= MessagePackCode.Int64:
                ReadInteger(code, out _);
                break;
            case MessagePackCode.Bin8:
                ReadSlice(ReadCode());
                break;
            case MessagePackCode.Bin16:
                ReadSlice(Read16());
                break;
            case MessagePackCode.Bin32:
                ReadSlice(Read32());
                break;
            case >= MessagePackCode.FixExt1 and <= MessagePackCode.FixExt16: // one byte of type, then 1, 2, 4, 8 or 16 of data
                ReadSlice(1 + (1L << (code - MessagePackCode.FixExt1)));
                break;
            case MessagePackCode.Ext8:
                ReadSlice(1L + ReadCode());
                break;
            case MessagePackCode.Ext16:
                ReadSlice(1L + Read16());
                break;
            case MessagePackCode.Ext32:
                ReadSlice(1L + Read32());
                break;
            default:
                ReadSlice(ReadStringLength(code, "a value"));
                break;
        }
    }

    /// <summary>The integer's 64 bits; <paramref name="aboveInt64"/> says that they are to be read without a sign.</summary>
    private long ReadInteger(byte code, out bool aboveInt64)
    {
        long value = code switch
        {
            <= MessagePackCode.MaxFixInt => code,
            >= MessagePackCode.MinNegativeFixInt => (sbyte)code,
            MessagePackCode.UInt8 => ReadCode(),
            MessagePackCode.UInt16 => Read16(),
            MessagePackCode.UInt32 => Read32(),
            MessagePackCode.UInt64 => (long)Read64(),
            MessagePackCode.Int8 => (sbyte)ReadCode(),
            MessagePackCode.Int16 => (short)Read16(),
            MessagePackCode.Int32 => (int)Read32(),
            MessagePackCode.Int64 => (long)Read64(),
            _ => throw Unexpected(code, "a number"),
        };
        aboveInt64 = code == MessagePackCode.UInt64 && value < 0;
        return value;
    }

    private uint ReadStringLength(byte code, string expected) => code switch
    {
        >= MessagePackCode.MinFixStr and <= MessagePackCode.MaxFixStr => code - (uint)MessagePackCode.MinFixStr,
        MessagePackCode.Str8 => ReadCode(),
        MessagePackCode.Str16 => Read16(),
        MessagePackCode.Str32 => Read32(),
        _ => throw Unexpected(code, expected),
    };

    private byte ReadCode() => _reader.TryRead(out byte value) ? value : throw new EndOfStreamException();

    private ushort Read16() => _reader.TryReadBigEndian(out short value) ? (ushort)value : throw new EndOfStreamException();

    private uint Read32() => _reader.TryReadBigEndian(out int value) ? (uint)value : throw new EndOfStreamException();

    private ulong Read64() => _reader.TryReadBigEndian(out long value) ? (ulong)value : throw new EndOfStreamException();

    private ReadOnlySequence<byte> ReadSlice(long length) =>
        _reader.TryReadExact(checked((int)length), out ReadOnlySequence<byte> slice) ? slice : throw new EndOfStreamException();

    private readonly MessagePackSerializationException Unexpected(byte code, string expected) =>
        new($"Unexpected msgpack code 0x{code:x2} before offset {_reader.Consumed} where {expected} was expected.");
}
