using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace ActorTrain.DataPipeline.Text;

/// <summary>
/// Reads a tokenizer's folder as transformers does: <c>tokenizer.json</c> where there is one, else <c>vocab.json</c> and
/// <c>merges.txt</c>. What would tokenise differently here than there is refused by name.
/// </summary>
internal static class TokenizerFiles
{
    public const string VocabularyName = "vocab.json";
    public const string MergesName = "merges.txt";
    public const string CombinedName = "tokenizer.json";
    public const string SettingsName = "tokenizer_config.json";

    /// <summary>How the first line of a merges file begins; it is no merge.</summary>
    public const string MergesHeader = "#version";

    /// <exception cref="DataException">A file is missing or not sound.</exception>
    public static Vocabulary Read(string folder)
    {
        if (!Directory.Exists(folder))
            throw new DataException($"the folder {folder} does not exist; name one with {VocabularyName} and {MergesName}, or {CombinedName}.");
        string combined = Path.Combine(folder, CombinedName), vocabulary = Path.Combine(folder, VocabularyName), merges = Path.Combine(folder, MergesName);
        string settings = Path.Combine(folder, SettingsName);
        // Its settings override the tokenizer's files in transformers.
        if (File.Exists(settings) && ReadJson(settings, HasPrefixSpace))
            throw new DataException($"{settings} has the add_prefix_space true; only false is known here, as RoBERTa has it.");
        if (File.Exists(combined))
            return ReadJson(combined, CombinedTokenizer.Read);
        if (!File.Exists(vocabulary) && !File.Exists(merges))
            throw new DataException($"the folder {folder} holds no tokenizer; it needs {VocabularyName} and {MergesName}, or {CombinedName}.");
        return Vocabulary.Create(vocabulary, ReadJson(vocabulary, ReadIds), ReadMerges(merges));
    }

    /// <summary>Reads an object of tokens and their ids.</summary>
    public static Dictionary<string, int> ReadIds(string place, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw new DataException($"{place} is no JSON object of tokens and ids but {Named(json)}; use the vocabulary of a byte-level BPE.");
        var idOf = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in json.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int id) || id < 0)
                throw new DataException($"{place} gives the token '{entry.Name}' the id {Named(entry.Value)}, which is no whole number from 0 on; correct it.");
            if (!idOf.TryAdd(entry.Name, id))
                throw new DataException($"{place} holds the token '{entry.Name}' twice; remove one of them.");
        }
        return idOf;
    }

    /// <summary>A JSON value in a sentence: itself if it is simple, otherwise what it is.</summary>
    public static string Named(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.String => json.GetString()!,
        _ => json.GetRawText(),
    };

    private static bool HasPrefixSpace(string path, JsonElement settings) => settings.ValueKind == JsonValueKind.Object
        ? settings.TryGetProperty("add_prefix_space", out var prefix) && prefix.ValueKind == JsonValueKind.True
        : throw new DataException($"{path} is no JSON object but {Named(settings)}; restore or remove the file.");

    private static List<SpelledMerge> ReadMerges(string path)
    {
        string[] lines = Encoding.UTF8.GetString(ReadUtf8(path).Span).Split('\n');
        var merges = new List<SpelledMerge>(lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].TrimEnd('\r'), place = $"{path}, line {i + 1}";
            if ((i == 0 && line.StartsWith(MergesHeader, StringComparison.Ordinal)) || (i == lines.Length - 1 && line.Length == 0))
                continue;
            merges.Add(line.Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right] ? new SpelledMerge(left, right, place) : throw new DataException(
                $"{place} is not two tokens with a blank between them; restore the file."));
        }
        return merges;
    }

    private static T ReadJson<T>(string path, Func<string, JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(ReadUtf8(path));
            return read(path, document.RootElement);
        }
        catch (JsonException error)
        {
            throw new DataException($"{path}, line {error.LineNumber + 1} is no JSON ({error.Message}); restore the file.", error);
        }
        catch (InvalidOperationException error)
        {
            // A string with an escape such as \ud800 alone.
            throw new DataException($"{path} holds an escape that is no character ({error.Message}); restore the file.", error);
        }
    }

    private static ReadOnlyMemory<byte> ReadUtf8(string path)
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path} cannot be read ({error.Message}); a tokenizer needs both {VocabularyName} and {MergesName}, or {CombinedName}.", error);
        }
        ReadOnlySpan<byte> rest = content;
        while (!Utf8.IsValid(rest))
        {
            int end = rest.IndexOf((byte)'\n');
            if (end < 0 || !Utf8.IsValid(rest[..end]))
            {
                int line = content.AsSpan(0, content.Length - rest.Length).Count((byte)'\n') + 1;
                throw new DataException($"{path}, line {line} is no UTF-8; restore the file.");
            }
            rest = rest[(end + 1)..];
        }
        return content.AsMemory(content.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0);
    }
}
