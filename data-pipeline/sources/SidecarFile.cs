using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ActorTrain.DataPipeline.Storage;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.DataPipeline.Sources;

/// <summary>
/// A file in the cache directory that holds a fixed-size record for each of something and is read a few records at a time: memory
/// does not grow with the corpus. Layout, little-endian: kind and version (8 bytes), number of records, length of the key, length of
/// the summary, key (what the file was made of), records, summary (what is known only at the end).
/// </summary>
internal sealed class SidecarFile<TRecord> : IDisposable where TRecord : unmanaged
{
    private const int HeaderSize = 8 + 8 + 4 + 4;

    private readonly SafeFileHandle _file;
    private readonly long _recordsStart;

    private SidecarFile(SafeFileHandle file, long recordsStart, long count, byte[] summary)
    {
        _file = file;
        _recordsStart = recordsStart;
        Count = count;
        Summary = summary;
    }

    /// <summary>Number of records.</summary>
    public long Count { get; }

    public byte[] Summary { get; }

    /// <summary>The file of this kind (8 ASCII characters) that was made of exactly this; null where it is missing, stale or damaged.</summary>
    public static SidecarFile<TRecord>? TryOpen(string path, string kind, ReadOnlySpan<byte> key)
    {
        if (!File.Exists(path))
            return null;
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            long length = RandomAccess.GetLength(file);
            Span<byte> header = stackalloc byte[HeaderSize];
            if (Fill(file, header, 0) && header[..8].SequenceEqual(KindOf(kind))
                && BinaryPrimitives.ReadInt32LittleEndian(header[16..]) == key.Length && length >= HeaderSize + key.Length)
            {
                long count = BinaryPrimitives.ReadInt64LittleEndian(header[8..]);
                long summaryLength = BinaryPrimitives.ReadInt32LittleEndian(header[20..]);
                long recordsStart = HeaderSize + key.Length;
                long recordsLength = length - recordsStart - summaryLength;
                var foundKey = new byte[key.Length];
                if (summaryLength >= 0 && recordsLength >= 0 && recordsLength % Unsafe.SizeOf<TRecord>() == 0
                    && recordsLength / Unsafe.SizeOf<TRecord>() == count && Fill(file, foundKey, HeaderSize) && key.SequenceEqual(foundKey))
                {
                    var summary = new byte[summaryLength];
                    if (Fill(file, summary, length - summaryLength))
                        return new SidecarFile<TRecord>(file, recordsStart, count, summary);
                }
            }
            file.Dispose();
            return null;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>One record.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="number"/> is not in [0, Count).</exception>
    public TRecord this[long number]
    {
        get
        {
            TRecord record = default;
            Read(number, new Span<TRecord>(ref record));
            return record;
        }
    }

    /// <summary>Fills the span with records, starting at <paramref name="first"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are not all in [0, Count).</exception>
    public void Read(long first, Span<TRecord> records)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, Count - records.Length);
        if (!Fill(_file, MemoryMarshal.AsBytes(records), _recordsStart + (first * Unsafe.SizeOf<TRecord>())))
            throw new DataException("a file in the cache directory was cut off while it was read; start again, which makes it anew.");
    }

    public void Dispose() => _file.Dispose();

    private static bool Fill(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            int read = RandomAccess.Read(file, buffer, offset);
            if (read == 0)
                return false;
            buffer = buffer[read..];
            offset += read;
        }
        return true;
    }

    private static byte[] KindOf(string kind)
    {
        byte[] bytes = System.Text.Encoding.ASCII.GetBytes(kind);
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, 8, nameof(kind));
        return bytes;
    }

    /// <summary>Writes such a file.</summary>
    internal sealed class Writer : IDisposable
    {
        private readonly byte[] _kind;
        private readonly int _keyLength;
        private readonly UnfinishedFile _file;

        public Writer(string path, string kind, ReadOnlySpan<byte> key)
        {
            _kind = KindOf(kind);
            _keyLength = key.Length;
            _file = new UnfinishedFile(path);
            try
            {
                _file.Stream.Write(stackalloc byte[HeaderSize]);
                _file.Stream.Write(key);
            }
            catch
            {
                _file.Dispose();
                throw;
            }
        }

        /// <summary>Records so far.</summary>
        public long Count { get; private set; }

        public void Add(in TRecord record) => AddRange(new ReadOnlySpan<TRecord>(in record));

        public void AddRange(ReadOnlySpan<TRecord> records)
        {
            _file.Stream.Write(MemoryMarshal.AsBytes(records));
            Count += records.Length;
        }

        /// <summary>Puts the file in its place.</summary>
        public void Commit(ReadOnlySpan<byte> summary)
        {
            _file.Stream.Write(summary);
            Span<byte> header = stackalloc byte[HeaderSize];
            _kind.CopyTo(header);
            BinaryPrimitives.WriteInt64LittleEndian(header[8..], Count);
            BinaryPrimitives.WriteInt32LittleEndian(header[16..], _keyLength);
            BinaryPrimitives.WriteInt32LittleEndian(header[20..], summary.Length);
            _file.Stream.Position = 0;
            _file.Stream.Write(header);
            _file.Commit();
        }

        public void Dispose() => _file.Dispose();
    }
}
