using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using ActorTrain.DataPipeline.Storage;
using Microsoft.Win32.SafeHandles;

namespace ActorTrain.DataPipeline.Sources;

/// <summary>Where a sample lies.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ShardRecord(int Shard, int Label, long Offset, long Length);

/// <summary>
/// The samples of a set of shards as a file of fixed-size records, which is read a record at a time: memory does not grow with the
/// corpus. Layout, little-endian: magic, count, lowest and highest label, fingerprint, length of the shard list, shard list
/// (name, length, version of each), records.
/// </summary>
internal sealed class ShardIndex : IDisposable
{
    private const int HeaderSize = 8 + 8 + 4 + 4 + 32 + 4;
    private const int RecordSize = 24;
    private static readonly byte[] Magic = "ATSHARD1"u8.ToArray();

    private readonly SafeFileHandle _file;
    private readonly long _recordsStart;

    private ShardIndex(SafeFileHandle file, byte[] header, int shardListLength)
    {
        _file = file;
        _recordsStart = HeaderSize + shardListLength;
        Count = BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(8));
        LowestLabel = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(16));
        HighestLabel = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(20));
        Fingerprint = Convert.ToHexStringLower(header.AsSpan(24, 32));
    }

    public long Count { get; }

    public int LowestLabel { get; }

    public int HighestLabel { get; }

    public string Fingerprint { get; }

    /// <summary>The index of exactly these shards, null where the file is missing, stale or damaged.</summary>
    public static ShardIndex? TryOpen(string path, IReadOnlyList<StoredFile> shards)
    {
        if (!File.Exists(path))
            return null;
        byte[] expectedList = ShardList(shards);
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            var header = new byte[HeaderSize + expectedList.Length];
            if (RandomAccess.Read(file, header, 0) == header.Length
                && header.AsSpan(0, 8).SequenceEqual(Magic)
                && BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(HeaderSize - 4)) == expectedList.Length
                && header.AsSpan(HeaderSize).SequenceEqual(expectedList))
            {
                var index = new ShardIndex(file, header, expectedList.Length);
                if (index.Count > 0 && RandomAccess.GetLength(file) - index._recordsStart == index.Count * RecordSize)
                    return index;
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

    /// <summary>The place of a sample.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sample"/> is not in [0, Count).</exception>
    public ShardRecord this[long sample]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)sample, (ulong)Count, nameof(sample));
            ShardRecord record = default;
            RandomAccess.Read(_file, MemoryMarshal.AsBytes(new Span<ShardRecord>(ref record)), _recordsStart + (sample * RecordSize));
            return record;
        }
    }

    public void Dispose() => _file.Dispose();

    private static byte[] ShardList(IReadOnlyList<StoredFile> shards)
    {
        using var list = new MemoryStream();
        using var writer = new BinaryWriter(list, Encoding.UTF8);
        foreach (var shard in shards)
        {
            writer.Write(shard.Path);
            writer.Write(shard.Length);
            writer.Write(shard.Version);
        }
        writer.Flush();
        return list.ToArray();
    }

    /// <summary>Writes an index: to a temporary file, flushed to the disk, renamed when complete.</summary>
    internal sealed class Writer : IDisposable
    {
        private readonly string _path;
        private readonly string _temporaryPath;
        private readonly FileStream _file;
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private long _count;
        private int _lowestLabel = int.MaxValue;
        private int _highestLabel = int.MinValue;

        public Writer(string path, IReadOnlyList<StoredFile> shards)
        {
            _path = path;
            _temporaryPath = $"{path}.{Guid.NewGuid():N}.tmp";
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            _file = new FileStream(_temporaryPath, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
            byte[] list = ShardList(shards);
            Span<byte> header = stackalloc byte[HeaderSize];
            BinaryPrimitives.WriteInt32LittleEndian(header[(HeaderSize - 4)..], list.Length);
            _file.Write(header);
            _file.Write(list);
        }

        public long Count => _count;

        /// <summary>Adds a sample; its name and size enter the fingerprint.</summary>
        public void Add(ShardRecord record, string name)
        {
            SampleSources.AppendToFingerprint(_hash, name, record.Length, record.Label);
            _file.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<ShardRecord>(in record)));
            _lowestLabel = Math.Min(_lowestLabel, record.Label);
            _highestLabel = Math.Max(_highestLabel, record.Label);
            _count++;
        }

        /// <summary>Puts the index in its place.</summary>
        public void Commit()
        {
            Span<byte> header = stackalloc byte[HeaderSize - 4];
            Magic.CopyTo(header);
            BinaryPrimitives.WriteInt64LittleEndian(header[8..], _count);
            BinaryPrimitives.WriteInt32LittleEndian(header[16..], _lowestLabel);
            BinaryPrimitives.WriteInt32LittleEndian(header[20..], _highestLabel);
            _hash.GetHashAndReset(header[24..]);
            _file.Position = 0;
            _file.Write(header);
            _file.Flush(flushToDisk: true);
            _file.Dispose();
            File.Move(_temporaryPath, _path, overwrite: true);
        }

        public void Dispose()
        {
            _file.Dispose();
            _hash.Dispose();
            File.Delete(_temporaryPath);
        }
    }
}
