using System.Text;
using System.Text.Json.Nodes;
using ActorTrain.Tests;

namespace ActorTrain.DataPipeline.Tests;

/// <summary>Tokenizers that cannot be used end in one sentence that names file and place.</summary>
public sealed class TokenizerFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_that_does_not_exist() => Refused(_folder.File("absent"), "the folder", "absent does not exist", "vocab.json and merges.txt, or tokenizer.json");

    [Fact]
    public void A_folder_without_a_tokenizer() => Refused(_folder.Path, "holds no tokenizer");

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void One_file_without_the_other(string missing)
    {
        GoldenBpe.Instance.Write(_folder.Path);
        File.Delete(_folder.File(missing));
        Refused(_folder.Path, missing + " cannot be read", "needs both vocab.json and merges.txt");
    }

    [Theory]
    [InlineData("[1, 2]", "vocab.json is no JSON object of tokens and ids but a list")]
    [InlineData("{\"a\": 0,\n\"b\": }", "vocab.json, line 2 is no JSON")]
    [InlineData("", "vocab.json, line 1 is no JSON")]
    [InlineData("{\"a\": \"0\"}", "'a' the id 0, which is no whole number")]
    [InlineData("{\"a\": 0.5}", "'a' the id 0.5, which is no whole number")]
    [InlineData("{\"a\": -1}", "'a' the id -1, which is no whole number")]
    [InlineData("{\"a\": 99999999999}", "'a' the id 99999999999, which is no whole number")]
    [InlineData("{\"a\": 0, \"a\": 1}", "holds the token 'a' twice")]
    [InlineData("{\"a\": 0, \"b\": 0}", "gives both 'a' and 'b' the id 0")]
    [InlineData("{\"a\": 0, \"b\": 2}", "has 2 tokens but none with the id 1")]
    [InlineData("{\"a\": 0, \"b\": 2147483647}", "has 2 tokens but none with the id 1")]
    [InlineData("{\"a\": 0, \"\\ud800\": 1}", "holds an escape that is no character")]
    [InlineData("{}", "has no token <s>")]
    public void A_vocabulary_that_is_damaged(string content, string sentence)
    {
        GoldenBpe.Instance.Write(_folder.Path);
        _folder.Write("vocab.json", Encoding.UTF8.GetBytes(content));
        Refused(_folder.Path, "vocab.json", sentence);
    }

    [Theory]
    [InlineData("<s>")]
    [InlineData("<pad>")]
    [InlineData("</s>")]
    [InlineData("<unk>")]
    [InlineData("<mask>")]
    public void A_vocabulary_without_a_special_token(string token)
    {
        (GoldenBpe.Instance with { Vocabulary = [.. GoldenBpe.Instance.Vocabulary.Except([token])] }).Write(_folder.Path);
        Refused(_folder.Path, $"vocab.json has no token {token};");
    }

    [Fact]
    public void A_vocabulary_without_a_byte()
    {
        (GoldenBpe.Instance with { Vocabulary = [.. GoldenBpe.Instance.Vocabulary.Except(["Ġ"])] }).Write(_folder.Path);
        Refused(_folder.Path, "vocab.json has no token for the byte 0x20 ('Ġ')");
    }

    [Theory]
    [InlineData("q", "vocab.json has no token 'h_q'", "h_ q")]
    [InlineData("h_", "line 12 merges 'h_ q'", "h_ q")]
    [InlineData("", "line 12 is not two tokens with a blank between them", "h_")]
    [InlineData("", "line 12 is not two tokens", "h e y")]
    [InlineData("", "line 12 is not two tokens", "")]
    [InlineData("", "line 12 repeats the merge 'h e' of", "h e")]
    public void Merges_that_disagree_with_the_vocabulary(string added, string sentence, string line)
    {
        var golden = GoldenBpe.Instance;
        List<string> merges = [.. golden.Merges];
        merges.Insert(10, line);
        // "q" is in the vocabulary already, "h_" is not.
        (golden with { Vocabulary = added is "q" ? [.. golden.Vocabulary, "h_"] : golden.Vocabulary, Merges = [.. merges] }).Write(_folder.Path);
        Refused(_folder.Path, "merges.txt, line 12", sentence);
    }

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void Invalid_UTF_8(string name)
    {
        GoldenBpe.Instance.Write(_folder.Path);
        _folder.Write(name, [(byte)'{', (byte)'\n', (byte)'\n', 0xC3, (byte)'\n', (byte)'}']);
        Refused(_folder.Path, $"{name}, line 3 is no UTF-8");
    }

    [Fact]
    public void A_setting_that_would_tokenise_differently()
    {
        GoldenBpe.Instance.Write(_folder.Path);
        _folder.Write("tokenizer_config.json", Encoding.UTF8.GetBytes("{\"add_prefix_space\": true}"));
        Refused(_folder.Path, "tokenizer_config.json has the add_prefix_space true");
        _folder.Write("tokenizer_config.json", Encoding.UTF8.GetBytes("[]"));
        Refused(_folder.Path, "tokenizer_config.json is no JSON object but a list");
    }

    [Theory]
    [InlineData("model/type", "\"WordPiece\"", "the model WordPiece; only BPE")]
    [InlineData("model/continuing_subword_prefix", "\"##\"", "the continuing_subword_prefix ##")]
    [InlineData("model/end_of_word_suffix", "\"</w>\"", "the end_of_word_suffix </w>")]
    [InlineData("model/dropout", "0.1", "the dropout 0.1")]
    [InlineData("model/ignore_merges", "true", "the ignore_merges true")]
    [InlineData("model/vocab", "null", "a model without vocab or merges")]
    [InlineData("model/vocab", "[]", "no JSON object of tokens and ids but a list")]
    [InlineData("model/merges", "{}", "a model without vocab or merges")]
    [InlineData("model/merges", "[\"h e\", 5]", "merge 2 is neither")]
    [InlineData("model/merges", "[[\"h\", \"e\", \"y\"]]", "merge 1 is neither")]
    [InlineData("model/merges", "[[\"h\", 5]]", "merge 1 is neither")]
    [InlineData("model/merges", "[[\"h\", \"q\"]]", "merge 1 merges 'h q', but")]
    [InlineData("model", "null", "has no model")]
    [InlineData("normalizer", "{\"type\": \"NFKC\"}", "the normalizer NFKC; only none")]
    [InlineData("pre_tokenizer", "{\"type\": \"Whitespace\"}", "the pre_tokenizer Whitespace; only ByteLevel")]
    [InlineData("pre_tokenizer", "null", "the pre_tokenizer null; only ByteLevel")]
    [InlineData("pre_tokenizer/add_prefix_space", "true", "the add_prefix_space true; only false")]
    [InlineData("pre_tokenizer/use_regex", "false", "the use_regex false; only true")]
    [InlineData("added_tokens", "[]", "has no token <mask>")]
    [InlineData("added_tokens", "[{\"content\": \"<mask>\"}]", "added token 1 has no content or no id")]
    [InlineData("added_tokens", "{}", "added_tokens that are no list but an object")]
    [InlineData("added_tokens", "[{\"id\": 5, \"content\": \"hello\"}]", "adds the token 'hello' that is not special")]
    [InlineData("added_tokens", "[{\"id\": 5, \"content\": \"<s>\", \"special\": true}]", "the added token '<s>' the id 5 and in its vocabulary 0")]
    public void A_combined_file_of_another_kind(string member, string value, string sentence)
    {
        var json = TokenizerTests.CombinedForm(mergesAsPairs: true);
        string[] path = member.Split('/');
        (path.Length == 1 ? json : json[path[0]]!)[path[^1]] = JsonNode.Parse(value);
        _folder.Write("tokenizer.json", Encoding.UTF8.GetBytes(json.ToJsonString()));
        Refused(_folder.Path, "tokenizer.json", sentence);
    }

    [Theory]
    [InlineData("[]", "tokenizer.json is no JSON object but a list")]
    [InlineData("{", "tokenizer.json, line 1 is no JSON")]
    public void A_combined_file_that_is_no_object(string content, string sentence)
    {
        _folder.Write("tokenizer.json", Encoding.UTF8.GetBytes(content));
        Refused(_folder.Path, sentence);
    }

    [Fact]
    public void Damaged_files_end_in_a_sentence_or_a_tokenizer()
    {
        GoldenBpe.Instance.Write(_folder.File("files"));
        _folder.Write("combined/tokenizer.json", Encoding.UTF8.GetBytes(TokenizerTests.CombinedForm(mergesAsPairs: false).ToJsonString()));
        string[] paths = [_folder.File("files", "vocab.json"), _folder.File("files", "merges.txt"), _folder.File("combined", "tokenizer.json")];
        byte[][] sound = [.. paths.Select(File.ReadAllBytes)];
        int refused = 0;
        foreach (var (element, bytes) in Mutation.Of(sound, count: 3000, seed: 5))
        {
            File.WriteAllBytes(paths[element], bytes);
            try
            {
                var tokenizer = Tokenizer.Open(Path.GetDirectoryName(paths[element])!);
                Assert.Equal("a text", tokenizer.Decode(tokenizer.Encode("a text")));
            }
            catch (DataException error)
            {
                Assert.EndsWith(".", error.Message, StringComparison.Ordinal);
                refused++;
            }
            File.WriteAllBytes(paths[element], sound[element]);
        }
        Assert.InRange(refused, 2000, 2999);
    }

    private static void Refused(string folder, params string[] parts)
    {
        string message = Assert.Throws<DataException>(() => Tokenizer.Open(folder)).Message;
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.EndsWith(".", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
