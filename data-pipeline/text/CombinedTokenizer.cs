using System.Text.Json;

namespace ActorTrain.DataPipeline.Text;

/// <summary>
/// Reads <c>tokenizer.json</c>, the format of Hugging Face's <c>tokenizers</c>. Only what GPT-2 and RoBERTa use is known: model BPE without
/// affixes, pre-tokenizer ByteLevel with its regular expression, no normalizer. What comes after the tokens (post-processor, truncation,
/// padding) is RoBERTa's here, whatever the file says.
/// </summary>
internal static class CombinedTokenizer
{
    public static Vocabulary Read(string path, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new DataException($"{path} is no JSON object but {TokenizerFiles.Named(root)}; use a file of Hugging Face's tokenizers.");
        if (Member(root, "normalizer") is { } normalizer)
            throw Unknown(path, "normalizer", TypeOf(normalizer), "none");
        if (Member(root, "pre_tokenizer") is not { ValueKind: JsonValueKind.Object } cut || TypeOf(cut) != "ByteLevel")
            throw Unknown(path, "pre_tokenizer", Member(root, "pre_tokenizer") is { } other ? TypeOf(other) : "null", "ByteLevel");
        Require(path, cut, "add_prefix_space", isDefault: false);
        Require(path, cut, "use_regex", isDefault: true);

        if (Member(root, "model") is not { ValueKind: JsonValueKind.Object } model)
            throw new DataException($"{path} has no model; use a file of Hugging Face's tokenizers.");
        // Early versions of the format leave the type out.
        if (Member(model, "type") is { } type && TokenizerFiles.Named(type) != "BPE")
            throw Unknown(path, "model", TokenizerFiles.Named(type), "BPE");
        foreach (string affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (Member(model, affix) is { } value && TokenizerFiles.Named(value).Length > 0)
                throw Unknown(path, affix, TokenizerFiles.Named(value), "none");
        }
        if (Member(model, "dropout") is { } dropout && TokenizerFiles.Named(dropout) is not ("0" or "0.0"))
            throw Unknown(path, "dropout", TokenizerFiles.Named(dropout), "none");
        Require(path, model, "ignore_merges", isDefault: false);
        if (Member(model, "vocab") is not { } vocabulary || Member(model, "merges") is not { ValueKind: JsonValueKind.Array } merges)
            throw new DataException($"{path} has a model without vocab or merges; use a file of Hugging Face's tokenizers.");

        var idOf = TokenizerFiles.ReadIds(path, vocabulary);
        if (Member(root, "added_tokens") is { } added)
            Add(path, added, idOf);
        return Vocabulary.Create(path, idOf, [.. merges.EnumerateArray().Select((merge, index) => ReadMerge($"{path}, merge {index + 1}", merge))]);
    }

    /// <summary>Merges are pairs, or in older files one string with a blank.</summary>
    private static SpelledMerge ReadMerge(string place, JsonElement merge)
    {
        string[] parts = merge.ValueKind switch
        {
            JsonValueKind.String => merge.GetString()!.Split(' '),
            JsonValueKind.Array => [.. merge.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.String ? part.GetString()! : "")],
            _ => [],
        };
        return parts is [{ Length: > 0 } left, { Length: > 0 } right] ? new SpelledMerge(left, right, place) : throw new DataException(
            $"{place} is neither two tokens with a blank between them nor a list of two; restore the file.");
    }

    private static void Add(string path, JsonElement added, Dictionary<string, int> idOf)
    {
        if (added.ValueKind != JsonValueKind.Array)
            throw new DataException($"{path} has added_tokens that are no list but {TokenizerFiles.Named(added)}; restore the file.");
        foreach (var (index, entry) in added.EnumerateArray().Index())
        {
            if (entry.ValueKind != JsonValueKind.Object || Member(entry, "content") is not { ValueKind: JsonValueKind.String } content
                || Member(entry, "id") is not { ValueKind: JsonValueKind.Number } number || !number.TryGetInt32(out int id) || id < 0)
            {
                throw new DataException($"{path}, added token {index + 1} has no content or no id; restore the file.");
            }
            string token = content.GetString()!;
            if (Member(entry, "special") is not { ValueKind: JsonValueKind.True })
                throw new DataException($"{path} adds the token '{token}' that is not special; text is not searched for such tokens here, so use a tokenizer without it.");
            if (!idOf.TryAdd(token, id) && idOf[token] != id)
                throw new DataException($"{path} gives the added token '{token}' the id {id} and in its vocabulary {idOf[token]}; correct one of them.");
        }
    }

    private static void Require(string path, JsonElement json, string name, bool isDefault)
    {
        if (Member(json, name) is { } value && value.ValueKind != (isDefault ? JsonValueKind.True : JsonValueKind.False))
            throw Unknown(path, name, TokenizerFiles.Named(value), isDefault ? "true" : "false");
    }

    private static JsonElement? Member(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string TypeOf(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object && Member(json, "type") is { } type ? TokenizerFiles.Named(type) : TokenizerFiles.Named(json);

    private static DataException Unknown(string path, string part, string value, string known) =>
        new($"{path} has the {part} {value}; only {known} is known here, as GPT-2 and RoBERTa have it.");
}
