using System.Runtime.InteropServices;
using System.Text.Json;
using ActorTrain.DataPipeline.Sources;

namespace ActorTrain.DataPipeline.Text;

/// <summary>Where a document's line lies, and which class it has (a number in the order of first appearance, -1 for none).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct TextRecord(int Part, int Label, long Offset, int Length, uint Checksum);

/// <summary>A class and the place where it first appears, for messages.</summary>
internal sealed record TextClass(string Name, string Place);

/// <summary>What is known of the documents of an index together.</summary>
internal sealed record TextSummary(string Fingerprint, long SkippedLines, long BlankLines, TextPart[] Parts, TextClass[] Classes);

/// <summary>The documents of a set of text files in a <see cref="SidecarFile{TRecord}"/>.</summary>
internal sealed class TextIndex : IDisposable
{
    private const string Kind = "ATTEXT01";

    private static readonly JsonSerializerOptions Strict = new() { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    private readonly SidecarFile<TextRecord> _records;

    private TextIndex(string path, SidecarFile<TextRecord> records, TextSummary summary)
    {
        FilePath = path;
        _records = records;
        Summary = summary;
    }

    /// <summary>The index's own file, for messages.</summary>
    public string FilePath { get; }

    public long Count => _records.Count;

    public TextSummary Summary { get; }

    /// <summary>The index that was made under this key, null where the file is missing, stale or damaged.</summary>
    public static TextIndex? TryOpen(string path, byte[] key)
    {
        var records = SidecarFile<TextRecord>.TryOpen(path, Kind, key);
        try
        {
            if (records is { Count: > 0 } && JsonSerializer.Deserialize<TextSummary>(records.Summary, Strict) is { } summary)
                return new TextIndex(path, records, summary);
        }
        catch (JsonException)
        {
            // Damaged: it is made anew.
        }
        records?.Dispose();
        return null;
    }

    /// <summary>The place of a document.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="document"/> is not in [0, Count).</exception>
    public TextRecord this[long document]
    {
        get
        {
            var record = _records[document];
            Check(record);
            return record;
        }
    }

    /// <summary>The places of consecutive documents.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are not all in [0, Count).</exception>
    public void Read(long first, Span<TextRecord> records)
    {
        _records.Read(first, records);
        foreach (var record in records)
            Check(record);
    }

    public void Dispose() => _records.Dispose();

    private void Check(in TextRecord record)
    {
        if ((uint)record.Part >= (uint)Summary.Parts.Length || record.Label < -1 || record.Label >= Summary.Classes.Length
            || record.Offset < 0 || (uint)record.Length > LineReader.MaxLineBytes)
            throw new DataException($"the text index {FilePath} is damaged; remove it, and it is made anew.");
    }

    internal sealed class Writer(string path, byte[] key) : IDisposable
    {
        private readonly SidecarFile<TextRecord>.Writer _records = new(path, Kind, key);

        public long Count => _records.Count;

        public void Add(TextRecord record) => _records.Add(record);

        /// <summary>Puts the index in its place.</summary>
        public void Commit(TextSummary summary) => _records.Commit(JsonSerializer.SerializeToUtf8Bytes(summary));

        public void Dispose() => _records.Dispose();
    }
}
