using System.Runtime.CompilerServices;
using System.Text;
using ActorTrain.DataPipeline.Storage;

namespace ActorTrain.DataPipeline.Sources;

/// <summary>A member of a tar archive.</summary>
/// <param name="Name">Its path.</param>
/// <param name="Type">The type flag; '0' is a regular file.</param>
/// <param name="HeaderOffset">Where its header starts, for messages.</param>
/// <param name="Offset">Where its content starts.</param>
/// <param name="Length">Bytes of content.</param>
internal readonly record struct TarMember(string Name, char Type, long HeaderOffset, long Offset, long Length);

/// <summary>
/// Reads the headers of a tar archive in order: POSIX.1-1988 ustar, POSIX.1-2001 pax (path, size) and GNU (long names, base-256
/// sizes). Checks every header's checksum and that every member and the end mark lie inside the file. Reads through a window, so
/// that small members cost no request of their own and large ones are stepped over.
/// </summary>
internal sealed class TarReader(IFileStore store, StoredFile file)
{
    private const int BlockSize = 512;
    private const int WindowSize = 1 << 20;
    private const int MaxExtendedHeader = 1 << 20;

    private byte[] _window = new byte[WindowSize];
    private long _windowStart;
    private int _windowLength;

    /// <exception cref="DataException">The archive is damaged or cut; the message names file and offset.</exception>
    public async IAsyncEnumerable<TarMember> ReadMembersAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        string? extendedName = null;
        long? extendedSize = null;
        for (long at = 0; ;)
        {
            if (at + BlockSize > file.Length)
                throw Damaged(at, "the archive is cut off here, its end mark is missing");
            var header = (await ReadAsync(at, BlockSize, cancel)).Span;
            if (!header.ContainsAnyExcept((byte)0))
                yield break;
            CheckChecksum(header, at);
            char type = header[156] == 0 ? '0' : (char)header[156];
            bool describesNext = type is 'x' or 'L' or 'g' or 'K';
            string name = extendedName ?? NameOf(header, at);
            long size = (describesNext ? null : extendedSize) ?? Number(header.Slice(124, 12), at, "size");
            long content = at + BlockSize;
            if (size < 0 || size > file.Length - content)
                throw Damaged(at, $"its member {name} of {size} bytes reaches beyond the end of the file ({file.Length} bytes)");
            if (describesNext)
            {
                if (size > MaxExtendedHeader)
                    throw Damaged(at, $"an extended header claims {size} bytes");
                var text = await ReadAsync(content, (int)size, cancel);
                if (type == 'L')
                    extendedName = Text(text.Span, at);
                else if (type == 'x')
                    ReadPax(text.Span, at, ref extendedName, ref extendedSize);
            }
            else
            {
                yield return new TarMember(name, type is '7' ? '0' : type, at, content, size);
                (extendedName, extendedSize) = (null, null);
            }
            at = content + ((size + BlockSize - 1) / BlockSize * BlockSize);
        }
    }

    /// <summary>Content of the archive; valid until the next read.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(long offset, int length, CancellationToken cancel)
    {
        if (offset < _windowStart || offset + length > _windowStart + _windowLength)
        {
            int wanted = (int)Math.Min(Math.Max(length, WindowSize), file.Length - offset);
            if (wanted > _window.Length)
                _window = new byte[wanted];
            await store.ReadAsync(file.Path, offset, _window.AsMemory(0, wanted), cancel);
            (_windowStart, _windowLength) = (offset, wanted);
        }
        return _window.AsMemory((int)(offset - _windowStart), length);
    }

    /// <summary>An error at an offset of this archive.</summary>
    public DataException Damaged(long offset, string reason) =>
        new($"{store.Locate(file.Path)}, offset {offset}: {reason}; restore the file.");

    private void CheckChecksum(ReadOnlySpan<byte> header, long at)
    {
        // The sum of all bytes with the checksum's own eight taken as blanks.
        int sum = 8 * ' ';
        foreach (byte value in header[..148])
            sum += value;
        foreach (byte value in header[156..])
            sum += value;
        if (Number(header.Slice(148, 8), at, "checksum") != sum)
            throw Damaged(at, "the checksum of this tar header is wrong");
    }

    private string NameOf(ReadOnlySpan<byte> header, long at)
    {
        string name = Text(header[..100], at);
        bool ustar = header.Slice(257, 6).SequenceEqual("ustar\0"u8);
        string prefix = ustar ? Text(header.Slice(345, 155), at) : "";
        return prefix.Length == 0 ? name : $"{prefix}/{name}";
    }

    private long Number(ReadOnlySpan<byte> field, long at, string what)
    {
        if ((field[0] & 0x80) != 0)
        {
            // GNU: big-endian binary; a size beyond 63 bits or below zero is no size.
            if (field[0] != 0x80 || field[1..^8].ContainsAnyExcept((byte)0) || (field[^8] & 0x80) != 0)
                throw Damaged(at, $"the {what} in this tar header is out of range");
            return System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(field[^8..]);
        }
        long value = 0;
        foreach (byte digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7')
                throw Damaged(at, $"the {what} in this tar header is not an octal number");
            value = (value << 3) | (uint)(digit - '0');
        }
        return value;
    }

    /// <summary>Pax records: "length key=value\n", the length counting the whole record.</summary>
    private void ReadPax(ReadOnlySpan<byte> records, long at, ref string? name, ref long? size)
    {
        while (!records.IsEmpty)
        {
            int blank = records.IndexOf((byte)' ');
            if (blank < 1 || !int.TryParse(records[..blank], out int length) || length < blank + 2 || length > records.Length || records[length - 1] != '\n')
                throw Damaged(at, "this pax header is malformed");
            var record = records[(blank + 1)..(length - 1)];
            if (record.StartsWith("path="u8))
                name = Text(record[5..], at);
            else if (record.StartsWith("size="u8))
                size = long.TryParse(record[5..], out long value) && value >= 0 ? value : throw Damaged(at, "the size in this pax header is no number");
            records = records[length..];
        }
    }

    private string Text(ReadOnlySpan<byte> bytes, long at)
    {
        int end = bytes.IndexOf((byte)0);
        try
        {
            return StrictUtf8.GetString(end < 0 ? bytes : bytes[..end]);
        }
        catch (DecoderFallbackException)
        {
            throw Damaged(at, "the name in this tar header is not UTF-8");
        }
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
