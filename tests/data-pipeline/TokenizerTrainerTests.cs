using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorTrain.DataPipeline.Text;

namespace ActorTrain.DataPipeline.Tests;

public sealed class TokenizerTrainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(700)]
    [InlineData(400)]
    [InlineData(TokenizerTrainer.SmallestVocabulary)]
    public async Task Merges_and_ids_are_those_of_the_independent_script(int size)
    {
        var golden = GoldenBpe.Instance;
        // The script's documents have no more pairs to merge before they reach its size; a smaller vocabulary is a prefix of it.
        int tokens = Math.Min(size, golden.Vocabulary.Length);
        Assert.Equal(tokens, await TokenizerTrainer.TrainAsync(Documents(golden.Documents), size, _folder.File("made"), default));
        Assert.Equal(golden.Merges.Take(tokens - TokenizerTrainer.SmallestVocabulary).Prepend("#version: 0.2"), File.ReadAllLines(_folder.File("made", "merges.txt")));
        var ids = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(_folder.File("made", "vocab.json")))!;
        Assert.Equal([.. golden.Vocabulary.Take(tokens - 1), "<mask>"], ids.OrderBy(pair => pair.Value).Select(pair => pair.Key));
        Assert.Equal(tokens, Tokenizer.Open(_folder.File("made")).VocabularySize);
    }

    [Fact]
    public async Task The_order_of_the_documents_does_not_matter()
    {
        var documents = GoldenBpe.Instance.Documents;
        await TokenizerTrainer.TrainAsync(Documents(documents), 400, _folder.File("forwards"), default);
        await TokenizerTrainer.TrainAsync(Documents([.. documents.Reverse()]), 400, _folder.File("backwards"), default);
        Assert.All(["vocab.json", "merges.txt", "tokenizer_config.json"], name =>
            Assert.Equal(File.ReadAllBytes(_folder.File("forwards", name)), File.ReadAllBytes(_folder.File("backwards", name))));
    }

    [Fact]
    public async Task The_settings_make_transformers_open_a_RoBERTa_tokenizer()
    {
        await TokenizerTrainer.TrainAsync(Documents("some text"), 300, _folder.Path, default);
        var settings = JsonNode.Parse(File.ReadAllText(_folder.File("tokenizer_config.json")))!;
        Assert.Equal("RobertaTokenizer", (string?)settings["tokenizer_class"]);
        Assert.False((bool)settings["add_prefix_space"]!);
        Assert.Equal("<mask>", (string?)settings["mask_token"]);
    }

    [Fact]
    public async Task A_vocabulary_too_small_for_the_bytes_is_refused()
    {
        var error = await Assert.ThrowsAsync<DataException>(() => TokenizerTrainer.TrainAsync(Documents("text"), 260, _folder.Path, default));
        Assert.Contains("ask for 261 or more", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("tokenizer.json")]
    public async Task A_tokenizer_is_never_overwritten(string name)
    {
        _folder.Write(name, [1, 2]);
        var error = await Assert.ThrowsAsync<DataException>(() => TokenizerTrainer.TrainAsync(Documents("text"), 300, _folder.Path, default));
        Assert.Contains($"holds a tokenizer already ({name})", error.Message, StringComparison.Ordinal);
        Assert.Equal([1, 2], File.ReadAllBytes(_folder.File(name)));
    }

    [Fact]
    public async Task No_text_is_refused()
    {
        var error = await Assert.ThrowsAsync<DataException>(() => TokenizerTrainer.TrainAsync(Documents("", ""), 300, _folder.File("new"), default));
        Assert.Contains("no text", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("new")));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_named()
    {
        string path = _folder.Write("file", [1]);
        var error = await Assert.ThrowsAsync<DataException>(() => TokenizerTrainer.TrainAsync(Documents("text"), 300, path, default));
        Assert.Contains($"cannot be written to {path}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_ends_it_and_writes_nothing()
    {
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TokenizerTrainer.TrainAsync(Endless(cancel), 300, _folder.File("new"), cancel.Token));
        Assert.False(Directory.Exists(_folder.File("new")));
    }

    [Fact]
    public void Words_that_outgrow_the_memory_are_forgotten_from_the_rarest_on()
    {
        var words = new WordCounts(mostBytes: 100_000);
        for (int i = 0; i < 20_000; i++)
            words.Add(Encoding.UTF8.GetBytes($"often{(i % 2 == 0 ? " sometimes" : "")} {RareWord(i)}"));
        Assert.Equal(20_000, words.Counts["often"u8.ToArray()]);
        Assert.Equal(10_000, words.Counts[" sometimes"u8.ToArray()]);
        Assert.InRange(words.Counts.Count, 10, 1_300);
    }

    [SharedDataFact]
    public async Task A_vocabulary_of_real_text_is_compact_and_lossless()
    {
        string[] documents = [.. File.ReadLines(Path.Combine(SharedDataFactAttribute.Folder, "text", "scierc", "train.jsonl"))
            .Select(line => (string)JsonNode.Parse(line)!["text"]!)];
        Assert.Equal(4000, await TokenizerTrainer.TrainAsync(Documents(documents), 4000, _folder.Path, default));
        var tokenizer = Tokenizer.Open(_folder.Path);
        Assert.All(documents, document => Assert.Equal(document, tokenizer.Decode(tokenizer.Encode(document))));
        Assert.InRange(documents.Sum(document => (double)document.Length) / documents.Sum(document => tokenizer.Encode(document).Length), 3.5, 6);
    }

    private static string RareWord(int number) => string.Concat(number.ToString().Select(digit => (char)('a' + digit - '0')));

    private static async IAsyncEnumerable<string> Documents(params string[] documents)
    {
        foreach (string document in documents)
        {
            await Task.Yield();
            yield return document;
        }
    }

    private static async IAsyncEnumerable<string> Endless(CancellationTokenSource source, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        for (int i = 0; ; i++)
        {
            cancel.ThrowIfCancellationRequested();
            if (i == 3)
                await source.CancelAsync();
            yield return "text";
        }
    }
}
