using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.DataPipeline.Tests;

public sealed class TokenizerTests : IDisposable
{
    private static readonly Tokenizer Golden = GoldenBpe.Tokenizer;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Tokens_are_those_of_the_independent_script() =>
        Assert.All(GoldenBpe.Instance.Texts, text => Assert.Equal(text.Ids, Golden.Encode(text.Text)));

    [Fact]
    public void Every_string_comes_back() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll<NonNull<string>>(text =>
            Golden.Decode(Golden.Encode(text.Get)) == Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Get))));

    [Fact]
    public void Any_bytes_come_back_even_if_they_are_no_text() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll<byte[]>(bytes =>
        {
            var ids = new List<int>();
            Golden.Encode(bytes, ids);
            return Golden.DecodeBytes([.. ids]).SequenceEqual(bytes) && !ids.Exists(Golden.IsSpecial);
        }));

    [Fact]
    public void A_lone_surrogate_is_encoded_as_the_replacement_character() => Assert.Equal("a\ufffdb", Golden.Decode(Golden.Encode("a\ud800b")));

    [Fact]
    public void Text_that_looks_like_a_special_token_is_plain_text()
    {
        int[] ids = Golden.Encode("<s> a <mask></s>");
        Assert.DoesNotContain(ids, Golden.IsSpecial);
        Assert.Equal("<s> a <mask></s>", Golden.Decode(ids));
        Assert.Equal("<s><mask></s>", Golden.Decode([Golden.Begin, Golden.Mask, Golden.End]));
    }

    [Fact]
    public void Special_tokens_have_the_ids_of_the_layout()
    {
        Assert.Equal((0, 1, 2, 3), (Golden.Begin, Golden.Pad, Golden.End, Golden.Unknown));
        Assert.Equal(Golden.VocabularySize - 1, Golden.Mask);
        Assert.Equal([0, 1, 2, 3, Golden.Mask], Enumerable.Range(0, Golden.VocabularySize).Where(Golden.IsSpecial));
    }

    [Fact]
    public void A_token_starts_a_word_where_it_begins_with_a_blank()
    {
        var starts = Enumerable.Range(0, Golden.VocabularySize).Where(Golden.StartsWord);
        Assert.Equal(Enumerable.Range(0, Golden.VocabularySize).Where(id => GoldenBpe.Instance.Vocabulary[id][0] == 'Ġ'), starts);
    }

    [Fact]
    public void An_id_outside_the_vocabulary_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Golden.Decode([Golden.VocabularySize]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Golden.StartsWord(-1));
    }

    [Fact]
    public void A_piece_of_a_megabyte_is_encoded()
    {
        string text = new('a', 1 << 20);
        int[] ids = Golden.Encode(text);
        Assert.True(ids.Length < text.Length / 2);
        Assert.Equal(text, Golden.Decode(ids));
    }

    [Fact]
    public void Many_threads_get_the_tokens_that_one_gets()
    {
        string[] texts = [.. Enumerable.Range(0, 2000).Select(i => $"{GoldenBpe.Instance.Documents[i % 15]} word{i * 7919 % 10007} {i}")];
        int[][] alone = [.. texts.Select(text => new { text, tokenizer = Golden }).Select(pair => pair.tokenizer.Encode(pair.text))];
        var shared = new int[texts.Length][];
        GoldenBpe.Instance.Write(_folder.Path);
        var tokenizer = Tokenizer.Open(_folder.Path);
        Parallel.For(0, texts.Length * 3, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => shared[i % texts.Length] = tokenizer.Encode(texts[i % texts.Length]));
        Assert.Equal(alone, shared);
    }

    [Theory]
    [InlineData("", null, 2, 0, 0)]
    [InlineData("aaa", null, 2, 0, 0)]
    [InlineData("abcdef", null, 6, 4, 0)]
    [InlineData("abcdef", null, 100, 6, 0)]
    // The table of truncate_encodings_longest_first in Hugging Face's tokenizers: 7 tokens beside the special ones.
    [InlineData("", "ab", 11, 0, 2)]
    [InlineData("", "abcdefgh", 11, 0, 7)]
    [InlineData("ab", "", 11, 2, 0)]
    [InlineData("ab", "abcd", 11, 2, 4)]
    [InlineData("ab", "abcdefgh", 11, 2, 5)]
    [InlineData("abcd", "abcd", 11, 3, 4)]
    [InlineData("abcd", "abcdefgh", 11, 3, 4)]
    [InlineData("abcdefgh", "ab", 11, 5, 2)]
    [InlineData("abcdefgh", "abcd", 11, 4, 3)]
    [InlineData("abcdefgh", "abcdefgh", 11, 3, 4)]
    [InlineData("abcdefgh", "abcdefgh", 4, 0, 0)]
    public void A_sequence_is_laid_out_and_cut_as_for_RoBERTa(string text, string? pair, int maxLength, int kept, int keptOfPair)
    {
        // Every letter is a token here.
        var letters = LettersOnly();
        int[] first = letters.Encode(text)[..kept];
        int[] expected = pair is null
            ? [letters.Begin, .. first, letters.End]
            : [letters.Begin, .. first, letters.End, letters.End, .. letters.Encode(pair)[..keptOfPair], letters.End];
        Assert.Equal(expected, letters.Sequence(text, pair, maxLength));
    }

    [Fact]
    public void A_sequence_without_room_for_its_special_tokens_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Golden.Sequence("a", null, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Golden.Sequence("a", "b", 3));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Both_forms_of_a_vocabulary_are_the_same_tokenizer(bool mergesAsPairs)
    {
        GoldenBpe.Instance.Write(_folder.File("files"));
        Directory.CreateDirectory(_folder.File("combined"));
        var json = CombinedForm(mergesAsPairs);
        File.WriteAllText(_folder.File("combined", "tokenizer.json"), json.ToJsonString(new JsonSerializerOptions { WriteIndented = mergesAsPairs }));

        var files = Tokenizer.Open(_folder.File("files"));
        var combined = Tokenizer.Open(_folder.File("combined"));
        Assert.Equal(Golden.Fingerprint, files.Fingerprint);
        Assert.Equal(Golden.Fingerprint, combined.Fingerprint);
        Assert.Equal((files.Begin, files.Mask, files.VocabularySize), (combined.Begin, combined.Mask, combined.VocabularySize));
        Assert.All(GoldenBpe.Instance.Texts, text => Assert.Equal(text.Ids, combined.Encode(text.Text)));
        Assert.All(GoldenBpe.Instance.Texts, text => Assert.Equal(text.Ids, files.Encode(text.Text)));
    }

    [Fact]
    public void The_fingerprint_knows_every_merge_and_token()
    {
        Assert.NotEqual(Golden.Fingerprint, LettersOnly().Fingerprint);
        var swapped = GoldenBpe.Instance with { Merges = [.. GoldenBpe.Instance.Merges] };
        (swapped.Merges[0], swapped.Merges[1]) = (swapped.Merges[1], swapped.Merges[0]);
        swapped.Write(_folder.Path);
        Assert.NotEqual(Golden.Fingerprint, Tokenizer.Open(_folder.Path).Fingerprint);
    }

    [Fact]
    public void Windows_line_ends_and_byte_order_marks_do_no_harm()
    {
        byte[] mark = [0xEF, 0xBB, 0xBF];
        GoldenBpe.Instance.Write(_folder.Path);
        _folder.Write("vocab.json", [.. mark, .. File.ReadAllBytes(_folder.File("vocab.json"))]);
        _folder.Write("merges.txt", [.. mark, .. Encoding.UTF8.GetBytes(File.ReadAllText(_folder.File("merges.txt")).Replace("\n", "\r\n"))]);
        Assert.Equal(Golden.Fingerprint, Tokenizer.Open(_folder.Path).Fingerprint);
    }

    /// <summary>What Hugging Face's tokenizers write for a RoBERTa; <c>&lt;mask&gt;</c> is an added token only.</summary>
    internal static JsonObject CombinedForm(bool mergesAsPairs)
    {
        var golden = GoldenBpe.Instance;
        JsonNode Merge(string merge) => mergesAsPairs ? new JsonArray([.. merge.Split(' ').Select(part => JsonValue.Create(part))]) : JsonValue.Create(merge);
        var vocabulary = new JsonObject(golden.Ids.Where(pair => pair.Key != "<mask>").Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        var added = new JsonArray([.. new[] { "<s>", "<pad>", "</s>", "<unk>", "<mask>" }.Select(token => (JsonNode)new JsonObject
        {
            ["id"] = golden.Ids[token],
            ["content"] = token,
            ["lstrip"] = token == "<mask>",
            ["special"] = true,
        })]);
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["added_tokens"] = added,
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = true },
            ["post_processor"] = new JsonObject { ["type"] = "RobertaProcessing" },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = "",
                ["end_of_word_suffix"] = "",
                ["fuse_unk"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. golden.Merges.Select(Merge)]),
            },
        };
    }

    private static Tokenizer LettersOnly() => new(Text.Vocabulary.Create("letters", GoldenBpe.Instance.Ids, []));
}
