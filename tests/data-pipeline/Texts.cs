using System.IO.Compression;
using System.Text;
using ActorTrain.DataPipeline.Text;

namespace ActorTrain.DataPipeline.Tests;

/// <summary>Makes text files, and a tokenizer of bytes and a few merges.</summary>
internal static class Texts
{
    public static Tokenizer Tokenizer { get; } = MakeTokenizer();

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] Pack(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.Fastest))
            stream.Write(content);
        return packed.ToArray();
    }

    /// <summary>JSON lines of numbered documents; with classes, the label of document i is class-(i % classes).</summary>
    public static string Lines(int first, int count, int classes = 0) => string.Concat(Enumerable.Range(first, count)
        .Select(i => classes == 0 ? $"{{\"text\": \"document {i}\"}}\n" : $"{{\"label\": \"class-{i % classes}\", \"id\": {i}, \"text\": \"document {i}\"}}\n"));

    public static TextOptions Options(int maxLength = 32) => new() { MaxLength = maxLength };

    public static Task<ITextDocuments> OpenDocumentsAsync(this TemporaryFolder folder, string location, TextOptions? text = null, int limit = 0, IReadOnlyList<string>? classNames = null) =>
        TextSources.OpenDocumentsAsync(folder.Source(location) with { Limit = limit, ClassNames = classNames }, text ?? Options(), default);

    public static Task<ITextSource> OpenTextAsync(this TemporaryFolder folder, string location, TextOptions text, int limit = 0) =>
        TextSources.OpenAsync(folder.Source(location) with { Limit = limit }, text, Tokenizer, default);

    public static SourceOptions Source(this TemporaryFolder folder, string location) =>
        new() { Location = location.Contains("://") ? location : folder.File(location), CacheDirectory = folder.File("cache") };

    public static async Task<TextDocument[]> AllAsync(this ITextDocuments documents) => await documents.ReadAsync(0, (int)documents.Count, default);

    private static Tokenizer MakeTokenizer()
    {
        string[] merges = ["t h", "th e", "Ġ the", "o c", "d oc", "u m", "um e", "n t", "ume nt", "doc ument"];
        string[] tokens =
        [
            "<s>", "<pad>", "</s>", "<unk>", .. ByteSymbols.Ordered.Select(value => ByteSymbols.Spell([value])),
            .. merges.Select(merge => merge.Replace(" ", "")), "<mask>",
        ];
        var idOf = tokens.Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => pair.id);
        return new Tokenizer(Vocabulary.Create("vocab.json", idOf, [.. merges.Select(merge => new SpelledMerge(merge.Split(' ')[0], merge.Split(' ')[1], "merges.txt"))]));
    }
}
