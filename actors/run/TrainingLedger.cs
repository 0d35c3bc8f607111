using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ActorTrain.Model;

namespace ActorTrain.Actors;

/// <summary>
/// <c>ledger.jsonl</c> of a stage: a line for each micro-batch that was trained on, with the hash of its bytes, and a line for each start
/// of a student. Nothing is ever taken back, so that it shows which steps were repeated. Lines reach the disk before the checkpoint that
/// builds on them. Each student has an identity of its own and its checkpoints carry it: thus the ledgers of several nodes, put together,
/// still tell which students led to the result; see <see cref="LedgerReport"/>. Used by one thread.
/// </summary>
internal sealed class TrainingLedger : IDisposable
{
    /// <summary>The file's name in a stage's folder.</summary>
    public const string Name = "ledger.jsonl";

    private const int HashBytes = 16;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly string _file;
    private readonly long _epoch;
    private readonly FileStream _stream;

    private TrainingLedger(string file, long epoch, FileStream stream) => (_file, _epoch, _stream) = (file, epoch, stream);

    /// <summary>Tells this start of the student from all others, on any node.</summary>
    public string Student { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>Opens a stage's ledger and notes the start of a student.</summary>
    /// <param name="stageFolder">The stage's folder.</param>
    /// <param name="epoch">The coordinator's epoch.</param>
    /// <param name="stepsDone">Steps of the checkpoint that was restored; 0 for none.</param>
    /// <param name="restoredFrom">The student that wrote it; null for none.</param>
    /// <param name="carried">A copy of another node's ledger that came with the checkpoint, if the file exists: what this node has not seen is taken over.</param>
    /// <exception cref="RunException">The file cannot be written.</exception>
    public static TrainingLedger Open(string stageFolder, long epoch, long stepsDone, string? restoredFrom, string? carried = null)
    {
        string file = Path.Combine(stageFolder, Name);
        FileStream? stream = null;
        RunFolder.Writing(file, () =>
        {
            stream = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
            // A line that a kill cut short is left as it is, and never continued.
            if (stream.Length > 0 && stream.Seek(-1, SeekOrigin.End) >= 0 && stream.ReadByte() != '\n')
                stream.WriteByte((byte)'\n');
        });
        var ledger = new TrainingLedger(file, epoch, stream!);
        if (File.Exists(carried))
            ledger.TakeOver(carried);
        ledger.Append([new LedgerLine(ledger.Student, epoch) { RestoredTo = stepsDone, RestoredFrom = restoredFrom }]);
        return ledger;
    }

    /// <summary>Notes a step that was trained.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="batchHashes">See <see cref="HashOf"/>, one for each micro-batch.</param>
    public void Append(long step, IEnumerable<string> batchHashes) =>
        Append(batchHashes.Select((hash, micro) => new LedgerLine(Student, _epoch) { Step = step, Micro = micro, Batch = hash }));

    /// <summary>Brings all lines to the disk.</summary>
    public void Flush() => RunFolder.Writing(_file, () => _stream.Flush(flushToDisk: true));

    /// <summary>Notes that the model was saved after the last step.</summary>
    public void Finish(long steps)
    {
        Append([new LedgerLine(Student, _epoch) { Finished = steps }]);
        Flush();
    }

    public void Dispose() => _stream.Dispose();

    /// <summary>The beginning of the SHA-256 over all that is trained on: pixels and visible patches, or tokens and masks; labels; targets.</summary>
    public static string HashOf(StudentBatch batch)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        switch (batch.Input)
        {
            case ImageInput images:
                Add(images.Pixels);
                Add(MemoryMarshal.AsBytes(images.KeptPatches.AsSpan()));
                break;
            case TextInput texts:
                foreach (int[]? part in new[] { texts.Tokens, texts.Lengths, texts.MaskedPositions, texts.MaskedTokens })
                    Add(MemoryMarshal.AsBytes(part.AsSpan()));
                break;
        }
        Add(MemoryMarshal.AsBytes(batch.Labels.AsSpan()));
        Add(MemoryMarshal.AsBytes(batch.Targets.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, HashBytes));

        // The length comes first, so that bytes cannot move from one part to the next unnoticed.
        void Add(ReadOnlySpan<byte> part)
        {
            Span<byte> length = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(length, part.Length);
            hash.AppendData(length);
            hash.AppendData(part);
        }
    }

    /// <summary>The lines of a file; what a kill cut short is passed over.</summary>
    public static IEnumerable<LedgerLine> Read(string file)
    {
        foreach (string line in File.ReadLines(file))
        {
            LedgerLine? read = null;
            try
            {
                read = JsonSerializer.Deserialize<LedgerLine>(line, Json);
            }
            catch (JsonException)
            {
                // Its step was not in any checkpoint yet: those are flushed before.
            }
            if (read?.Student is not null)
                yield return read;
        }
    }

    // A student writes its lines in order, so of each one's lines those beyond the number that is here are new.
    private void TakeOver(string carried) => RunFolder.Writing(_file, () =>
    {
        var here = Read(_file).CountBy(line => line.Student).ToDictionary();
        Append(Read(carried).GroupBy(line => line.Student).SelectMany(lines => lines.Skip(here.GetValueOrDefault(lines.Key))).ToList());
    });

    private void Append(IEnumerable<LedgerLine> lines)
    {
        string text = string.Concat(lines.Select(line => JsonSerializer.Serialize(line, Json) + "\n"));
        RunFolder.Writing(_file, () => _stream.Write(Encoding.UTF8.GetBytes(text)));
    }
}

/// <summary>A line of a ledger: a micro-batch that was trained, a student's start, or its end.</summary>
/// <param name="Student">Who.</param>
/// <param name="Epoch">The coordinator's epoch.</param>
internal sealed record LedgerLine(string Student, long Epoch)
{
    public long? Step { get; init; }

    public int? Micro { get; init; }

    public string? Batch { get; init; }

    public long? RestoredTo { get; init; }

    public string? RestoredFrom { get; init; }

    public long? Finished { get; init; }
}
