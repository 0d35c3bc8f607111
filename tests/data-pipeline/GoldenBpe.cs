using System.Text.Json;
using ActorTrain.DataPipeline.Text;

namespace ActorTrain.DataPipeline.Tests;

/// <summary>What golden/make_bpe.py made: a vocabulary learnt from documents, and texts with their pieces and ids.</summary>
internal sealed record GoldenBpe(int VocabularySize, string[] Documents, string[] Vocabulary, string[] Merges, GoldenText[] Texts)
{
    private static readonly JsonSerializerOptions Names = new(JsonSerializerDefaults.Web);

    public static GoldenBpe Instance { get; } = JsonSerializer.Deserialize<GoldenBpe>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "golden", "bpe.json")), Names)!;

    public static Tokenizer Tokenizer { get; } = new(Text.Vocabulary.Create("golden", Instance.Ids, [.. Instance.Merges.Select(Spelled)]));

    public Dictionary<string, int> Ids => Vocabulary.Index().ToDictionary(pair => pair.Item, pair => pair.Index);

    /// <summary>Writes <c>vocab.json</c> and <c>merges.txt</c>.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "vocab.json"), JsonSerializer.Serialize(Ids));
        File.WriteAllLines(Path.Combine(folder, "merges.txt"), Merges.Prepend("#version: 0.2"));
    }

    private static SpelledMerge Spelled(string merge) => merge.Split(' ') is [var left, var right] ? new(left, right, "golden") : throw new FormatException(merge);
}

internal sealed record GoldenText(string Text, string[] Pieces, int[] Ids);
