using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ActorTrain.DataPipeline.Text;

/// <summary>A merge as a file spells it, and the line or entry where it stands.</summary>
internal readonly record struct SpelledMerge(string Left, string Right, string Place);

/// <summary>A sound byte-level vocabulary: consecutive ids, the special tokens, all bytes, and merges between tokens that exist.</summary>
internal sealed class Vocabulary
{
    /// <summary>RoBERTa's special tokens in the order of their ids there; <c>&lt;mask&gt;</c> comes last in its vocabulary.</summary>
    public static readonly string[] SpecialNames = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];

    private Vocabulary(string[] tokens, Dictionary<string, int> idOf, (int Left, int Right, int Result)[] merges)
    {
        (Tokens, IdOf, Merges) = (tokens, idOf, merges);
        Fingerprint = FingerprintOf(tokens, merges);
    }

    /// <summary>The tokens by id, as files spell them.</summary>
    public IReadOnlyList<string> Tokens { get; }

    public IReadOnlyDictionary<string, int> IdOf { get; }

    /// <summary>The merges by rank.</summary>
    public IReadOnlyList<(int Left, int Right, int Result)> Merges { get; }

    /// <summary>SHA-256 over tokens and merges in lower-case hexadecimal.</summary>
    public string Fingerprint { get; }

    /// <summary>Checks what files say.</summary>
    /// <param name="place">The file of the vocabulary.</param>
    /// <param name="idOf">The tokens' ids.</param>
    /// <param name="merges">The merges by rank.</param>
    /// <exception cref="DataException">They do not make a byte-level vocabulary of RoBERTa's kind.</exception>
    public static Vocabulary Create(string place, Dictionary<string, int> idOf, IReadOnlyList<SpelledMerge> merges)
    {
        string[] tokens = InOrder(place, idOf);
        foreach (string special in SpecialNames.Where(name => !idOf.ContainsKey(name)))
            throw new DataException($"{place} has no token {special}; a RoBERTa needs {string.Join(", ", SpecialNames)}, so use its vocabulary or train one with 'tokenizer train'.");
        foreach (byte value in ByteSymbols.Ordered.Where(value => !idOf.ContainsKey(ByteSymbols.Spell([value]))))
            throw new DataException($"{place} has no token for the byte 0x{value:X2} ('{ByteSymbols.Spell([value])}'), so it is no byte-level vocabulary; use one with all 256 bytes.");
        var ranked = new (int Left, int Right, int Result)[merges.Count];
        var firstPlaces = new Dictionary<(int Left, int Right), string>(merges.Count);
        for (int rank = 0; rank < ranked.Length; rank++)
        {
            var merge = merges[rank];
            ranked[rank] = (Find(merge.Left), Find(merge.Right), Find(merge.Left + merge.Right));
            if (!firstPlaces.TryAdd((ranked[rank].Left, ranked[rank].Right), merge.Place))
                throw new DataException($"{merge.Place} repeats the merge '{merge.Left} {merge.Right}' of {firstPlaces[(ranked[rank].Left, ranked[rank].Right)]}; remove one of them.");

            int Find(string token) => idOf.TryGetValue(token, out int id) ? id : throw new DataException(
                $"{merge.Place} merges '{merge.Left} {merge.Right}', but {place} has no token '{token}'; use the two that belong together.");
        }
        return new Vocabulary(tokens, idOf, ranked);
    }

    private static string[] InOrder(string place, Dictionary<string, int> idOf)
    {
        var tokens = new string[idOf.Count];
        foreach (var (token, id) in idOf.OrderBy(pair => pair.Value))
        {
            if (id >= tokens.Length)
                continue;
            if (tokens[id] is { } other)
                throw new DataException($"{place} gives both '{other}' and '{token}' the id {id}; give every token an id of its own.");
            tokens[id] = token;
        }
        int gap = Array.IndexOf(tokens, null);
        return gap < 0 ? tokens : throw new DataException(
            $"{place} has {tokens.Length} tokens but none with the id {gap}; number them from 0 on without a gap.");
    }

    private static string FingerprintOf(string[] tokens, (int Left, int Right, int Result)[] merges)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(int)];
        AppendNumber(tokens.Length, number);
        foreach (string token in tokens)
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(token);
            AppendNumber(utf8.Length, number);
            hash.AppendData(utf8);
        }
        foreach (var (left, right, _) in merges)
        {
            AppendNumber(left, number);
            AppendNumber(right, number);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void AppendNumber(int value, Span<byte> bytes)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            hash.AppendData(bytes);
        }
    }
}
