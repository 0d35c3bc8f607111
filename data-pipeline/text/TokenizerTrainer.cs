using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ActorTrain.DataPipeline.Text;

namespace ActorTrain.DataPipeline;

/// <summary>Learns a byte-level BPE vocabulary in RoBERTa's layout from text, for those who have none.</summary>
public static class TokenizerTrainer
{
    /// <summary>The tokens that every vocabulary has: the 256 bytes and the special ones.</summary>
    public const int SmallestVocabulary = 256 + 5;

    private const long MostWordBytes = 1L << 30;

    private static readonly JsonSerializerOptions Unescaped = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What transformers needs to know beside the vocabulary.</summary>
    private static readonly Dictionary<string, object> Settings = new()
    {
        ["tokenizer_class"] = "RobertaTokenizer",
        ["add_prefix_space"] = false,
        ["bos_token"] = "<s>",
        ["cls_token"] = "<s>",
        ["eos_token"] = "</s>",
        ["sep_token"] = "</s>",
        ["pad_token"] = "<pad>",
        ["unk_token"] = "<unk>",
        ["mask_token"] = "<mask>",
    };

    /// <summary>
    /// Learns from documents and writes <c>vocab.json</c>, <c>merges.txt</c> and <c>tokenizer_config.json</c>: <c>&lt;s&gt; &lt;pad&gt; &lt;/s&gt; &lt;unk&gt;</c> as
    /// ids 0 to 3, the 256 bytes, the merged tokens, and <c>&lt;mask&gt;</c> last. The same documents give the same files. Only the words' counts
    /// are kept in memory; beyond a gigabyte of different words those seen least are forgotten.
    /// </summary>
    /// <param name="documents">The texts.</param>
    /// <param name="vocabularySize">How many tokens to end up with, special ones included.</param>
    /// <param name="folder">Where to; made if absent.</param>
    /// <param name="cancel">Stops the work; nothing is written then.</param>
    /// <returns>The number of tokens; fewer than asked for if no pair occurs twice any more.</returns>
    /// <exception cref="DataException">The vocabulary is too small, the folder holds a tokenizer already or cannot be written, or there is no text.</exception>
    public static async Task<int> TrainAsync(IAsyncEnumerable<string> documents, int vocabularySize, string folder, CancellationToken cancel)
    {
        if (vocabularySize < SmallestVocabulary)
            throw new DataException($"a vocabulary of {vocabularySize} tokens has no room for the 256 bytes and 5 special tokens; ask for {SmallestVocabulary} or more.");
        foreach (string name in (string[])[TokenizerFiles.VocabularyName, TokenizerFiles.CombinedName])
        {
            if (File.Exists(Path.Combine(folder, name)))
                throw new DataException($"the folder {folder} holds a tokenizer already ({name}); name another folder or remove the file.");
        }
        var words = new WordCounts(MostWordBytes);
        await foreach (string document in documents.WithCancellation(cancel))
            words.Add(Encoding.UTF8.GetBytes(document));
        if (words.Counts.Count == 0)
            throw new DataException("there is no text to learn a vocabulary from; name files with text.");
        return await Task.Run(() => LearnAndWrite(words, vocabularySize, folder, cancel), cancel);
    }

    private static int LearnAndWrite(WordCounts words, int vocabularySize, string folder, CancellationToken cancel)
    {
        // No merge can spell a special token: letters and brackets are never in one word.
        List<string> tokens = [.. Vocabulary.SpecialNames[..^1]];
        var tokenOfByte = new int[256];
        foreach (byte value in ByteSymbols.Ordered)
        {
            tokenOfByte[value] = tokens.Count;
            tokens.Add(ByteSymbols.Spell([value]));
        }
        var merges = new MergeLearner(tokens, tokenOfByte, words.Counts, vocabularySize - 1).Learn(cancel);
        tokens.Add(Vocabulary.SpecialNames[^1]);
        try
        {
            Directory.CreateDirectory(folder);
            Write(folder, TokenizerFiles.MergesName, Encoding.UTF8.GetBytes(
                string.Concat(merges.Select(merge => $"{merge.Left} {merge.Right}\n").Prepend($"{TokenizerFiles.MergesHeader}: 0.2\n"))));
            Write(folder, TokenizerFiles.SettingsName, Json(Settings));
            // Last, because without it a folder is no tokenizer.
            Write(folder, TokenizerFiles.VocabularyName, Json(tokens.Index().ToDictionary(pair => pair.Item, pair => pair.Index)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"the tokenizer cannot be written to {folder} ({error.Message}); make room or name another folder.", error);
        }
        return tokens.Count;
    }

    private static byte[] Json<T>(Dictionary<string, T> entries) =>
        JsonSerializer.SerializeToUtf8Bytes(entries, Unescaped);

    private static void Write(string folder, string name, byte[] content)
    {
        string path = Path.Combine(folder, name), temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
