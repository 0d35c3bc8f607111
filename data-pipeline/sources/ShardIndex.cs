using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ActorTrain.DataPipeline.Storage;

namespace ActorTrain.DataPipeline.Sources;

/// <summary>Where a sample lies.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct ShardRecord(int Shard, int Label, long Offset, long Length);

/// <summary>The samples of a set of shards in a <see cref="SidecarFile{TRecord}"/>; its summary holds the highest label and the fingerprint.</summary>
internal sealed class ShardIndex : IDisposable
{
    private const string Kind = "ATSHARD2";
    private const int SummarySize = 4 + SHA256.HashSizeInBytes;

    private readonly SidecarFile<ShardRecord> _records;

    private ShardIndex(SidecarFile<ShardRecord> records)
    {
        _records = records;
        HighestLabel = BinaryPrimitives.ReadInt32LittleEndian(records.Summary);
        Fingerprint = Convert.ToHexStringLower(records.Summary.AsSpan(4));
    }

    public long Count => _records.Count;

    public int HighestLabel { get; }

    public string Fingerprint { get; }

    /// <summary>The index of exactly these shards, null where the file is missing, stale or damaged.</summary>
    public static ShardIndex? TryOpen(string path, IReadOnlyList<StoredFile> shards)
    {
        var records = SidecarFile<ShardRecord>.TryOpen(path, Kind, StoredFiles.KeyOf(shards));
        if (records is { Count: > 0, Summary.Length: SummarySize })
            return new ShardIndex(records);
        records?.Dispose();
        return null;
    }

    /// <summary>The place of a sample.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sample"/> is not in [0, Count).</exception>
    public ShardRecord this[long sample] => _records[sample];

    public void Dispose() => _records.Dispose();

    internal sealed class Writer(string path, IReadOnlyList<StoredFile> shards) : IDisposable
    {
        private readonly SidecarFile<ShardRecord>.Writer _records = new(path, Kind, StoredFiles.KeyOf(shards));
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private int _highestLabel = int.MinValue;

        public long Count => _records.Count;

        /// <summary>Adds a sample; its name and size enter the fingerprint.</summary>
        public void Add(ShardRecord record, string name)
        {
            SampleSources.AppendToFingerprint(_hash, name, record.Length, record.Label);
            _records.Add(record);
            _highestLabel = Math.Max(_highestLabel, record.Label);
        }

        /// <summary>Puts the index in its place.</summary>
        public void Commit()
        {
            Span<byte> summary = stackalloc byte[SummarySize];
            BinaryPrimitives.WriteInt32LittleEndian(summary, _highestLabel);
            _hash.GetHashAndReset(summary[4..]);
            _records.Commit(summary);
        }

        public void Dispose()
        {
            _records.Dispose();
            _hash.Dispose();
        }
    }
}
