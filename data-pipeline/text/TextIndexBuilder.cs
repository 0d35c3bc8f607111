using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ActorTrain.DataPipeline.Text;

/// <summary>
/// Walks the lines of all parts and notes where documents are. A line of white space holds none and is counted; a line that cannot be
/// used is an error, or counted where broken ones are skipped.
/// </summary>
internal sealed class TextIndexBuilder : IDisposable
{
    private const int MaxClasses = 65_536;

    private readonly TextFiles _files;
    private readonly SourceOptions _options;
    private readonly bool _skipBroken;
    private readonly DocumentParser _parser;
    private readonly TextIndex.Writer _writer;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Dictionary<string, int> _labelOf = [];
    private readonly List<TextClass> _classes = [];
    private long _skippedLines;
    private long _blankLines;
    private string? _firstSkipped;

    public TextIndexBuilder(TextFiles files, SourceOptions options, TextOptions text, TextIndex.Writer writer)
    {
        _files = files;
        _options = options;
        _skipBroken = text.SkipBroken;
        _parser = new DocumentParser(text);
        _writer = writer;
        _hash.AppendData(Encoding.UTF8.GetBytes($"{text.TextField}\0{text.LabelField}\0{text.PairField}\0"));
    }

    /// <summary>Indexes the parts and puts the index in its place.</summary>
    /// <exception cref="DataException">A line cannot be used, or there is no document.</exception>
    public async Task BuildAsync(IReadOnlyList<TextPart> parts, CancellationToken cancel)
    {
        long before = 0, total = parts.Sum(part => part.Length);
        for (int number = 0; number < parts.Count; number++)
        {
            var part = parts[number];
            await foreach (var line in new LineReader(_files.StoreOf(part), part.Path, part.Start, part.Length).ReadAsync(cancel))
            {
                _options.Report(OpeningPhase.IndexingText, before + line.Offset - part.Start, total);
                Add(number, part, line);
            }
            before += part.Length;
            _options.Report(OpeningPhase.IndexingText, before, total);
        }
        if (_writer.Count == 0)
        {
            throw new DataException(_firstSkipped is null
                ? $"{_files.Place} holds no document; name files with text in them."
                : $"{_files.Place} holds no document that can be used; all {_skippedLines} lines are broken, the first one being {_firstSkipped}.");
        }
        _writer.Commit(new TextSummary(
            Convert.ToHexStringLower(_hash.GetHashAndReset()), _skippedLines, _blankLines, [.. parts], [.. _classes]));
    }

    public void Dispose() => _hash.Dispose();

    private void Add(int number, TextPart part, TextLine line)
    {
        if (line.Bytes is not { } bytes)
        {
            Refuse(part, line, $"it has more than the {LineReader.MaxLineBytes >> 20} MB that a line may have");
        }
        else if (DocumentParser.IsBlank(bytes.Span))
        {
            _blankLines++;
        }
        else if (_parser.TryParse(bytes.Span, part.Plain, out var document, out string? fault))
        {
            int label = LabelOf(document.Label, part, line);
            AppendToFingerprint(bytes.Span, part.Plain);
            _writer.Add(new TextRecord(number, label, line.Offset, bytes.Length, Checksum.Of(bytes.Span)));
        }
        else
        {
            Refuse(part, line, fault);
        }
    }

    private void Refuse(TextPart part, TextLine line, string fault)
    {
        _skippedLines++;
        _firstSkipped ??= $"{PlaceOf(part, line)}: {fault}";
        if (!_skipBroken)
            throw new DataException($"{_firstSkipped}; correct the line or remove it.");
    }

    private int LabelOf(string? name, TextPart part, TextLine line)
    {
        if (_writer.Count > 0 && _classes.Count > 0 != name is not null)
            throw new DataException($"{PlaceOf(part, line)}: it has {(name is null ? "no label and others have one" : "a label and others have none")}; label all documents or none.");
        if (name is null)
            return -1;
        if (_labelOf.TryGetValue(name, out int label))
            return label;
        if (_classes.Count == MaxClasses)
            throw new DataException($"{PlaceOf(part, line)}: there are more than {MaxClasses} different labels up to here; name the key that holds classes.");
        _classes.Add(new TextClass(name, PlaceOf(part, line)));
        return _labelOf[name] = _classes.Count - 1;
    }

    private void AppendToFingerprint(ReadOnlySpan<byte> line, bool plain)
    {
        Span<byte> header = stackalloc byte[5];
        BinaryPrimitives.WriteInt32LittleEndian(header, line.Length);
        header[4] = plain ? (byte)1 : (byte)0;
        _hash.AppendData(header);
        _hash.AppendData(line);
    }

    private static string PlaceOf(TextPart part, TextLine line) => $"{part.Name}, line {line.Number}";
}
