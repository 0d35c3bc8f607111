using System.Text;
using ActorTrain.DataPipeline.Text;

namespace ActorTrain.DataPipeline;

/// <summary>
/// RoBERTa's tokenizer: GPT-2's byte-level BPE (Radford et al.: "Language models are unsupervised multitask learners", 2019) with RoBERTa's
/// special tokens. Any bytes can be encoded and come back as they were. Safe to use from any thread.
/// </summary>
public sealed class Tokenizer
{
    private readonly BytePairEncoder _encoder;
    private readonly WordCache _words = new();
    private readonly byte[][] _bytes;
    private readonly int[] _special;

    internal Tokenizer(Vocabulary vocabulary)
    {
        _encoder = new BytePairEncoder(vocabulary);
        _bytes = [.. vocabulary.Tokens.Select(ByteSymbols.Read)];
        int[] special = [.. Vocabulary.SpecialNames.Select(name => vocabulary.IdOf[name])];
        (Begin, Pad, End, Unknown, Mask) = (special[0], special[1], special[2], special[3], special[4]);
        _special = [.. special.Order()];
        Fingerprint = vocabulary.Fingerprint;
    }

    /// <summary>Number of tokens, special ones included; ids lie in [0, this).</summary>
    public int VocabularySize => _bytes.Length;

    /// <summary>The id of <c>&lt;s&gt;</c>.</summary>
    public int Begin { get; }

    /// <summary>The id of <c>&lt;pad&gt;</c>.</summary>
    public int Pad { get; }

    /// <summary>The id of <c>&lt;/s&gt;</c>.</summary>
    public int End { get; }

    /// <summary>The id of <c>&lt;unk&gt;</c>, which no text gets.</summary>
    public int Unknown { get; }

    /// <summary>The id of <c>&lt;mask&gt;</c>.</summary>
    public int Mask { get; }

    /// <summary>SHA-256 over vocabulary and merges in lower-case hexadecimal, the same whichever files they came from.</summary>
    public string Fingerprint { get; }

    /// <summary>The ids of the special tokens, ascending.</summary>
    internal ReadOnlySpan<int> SpecialIds => _special;

    /// <summary>Opens a folder with <c>tokenizer.json</c>, or with <c>vocab.json</c> and <c>merges.txt</c>; the first counts if it holds both.</summary>
    /// <exception cref="DataException">Files are missing, damaged, contradict each other, or describe a tokenizer of another kind.</exception>
    public static Tokenizer Open(string folder) => new(TokenizerFiles.Read(folder));

    /// <summary>
    /// The tokens of a text, without special ones: what looks like a special token is plain text. A surrogate without its partner, which
    /// UTF-8 cannot hold, is encoded as U+FFFD.
    /// </summary>
    public int[] Encode(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        var ids = new List<int>(1 + (utf8.Length / 3));
        Encode(utf8, ids);
        return [.. ids];
    }

    /// <summary>Adds the tokens of a text, without special ones. Bytes that are no UTF-8 keep their value.</summary>
    public void Encode(ReadOnlySpan<byte> utf8, List<int> ids)
    {
        for (int start = 0; start < utf8.Length;)
        {
            int end = PreTokenizer.EndOfPiece(utf8, start);
            ids.AddRange(_words.TokensOf(utf8[start..end], _encoder));
            start = end;
        }
    }

    /// <summary>The text of tokens; special ones appear by name. What is no UTF-8, because bytes were not or because tokens were cut, becomes U+FFFD.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids) => Encoding.UTF8.GetString(DecodeBytes(ids));

    /// <summary>The bytes of tokens: exactly those that were encoded.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public byte[] DecodeBytes(ReadOnlySpan<int> ids)
    {
        var bytes = new List<byte>(ids.Length * 4);
        foreach (int id in ids)
        {
            RequireToken(id);
            bytes.AddRange(_bytes[id]);
        }
        return [.. bytes];
    }

    /// <summary>
    /// What the model reads: <c>&lt;s&gt; A &lt;/s&gt;</c>, or <c>&lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;</c> for a pair. Of a text that is too long the end
    /// is cut off, of a pair first that of the longer one, then both to half (as Hugging Face's <c>longest_first</c>).
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="pair">The second text of a pair.</param>
    /// <param name="maxLength">Most tokens, special ones included.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public int[] Sequence(string text, string? pair, int maxLength) => Sequence(text, pair, maxLength, out _);

    /// <summary>The same.</summary>
    /// <param name="text">The text.</param>
    /// <param name="pair">The second text of a pair.</param>
    /// <param name="maxLength">Most tokens, special ones included.</param>
    /// <param name="cut">How many tokens were cut off.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public int[] Sequence(string text, string? pair, int maxLength, out int cut)
    {
        int room = maxLength - (pair is null ? 2 : 4);
        ArgumentOutOfRangeException.ThrowIfNegative(room, nameof(maxLength));
        int[] first = Encode(text);
        if (pair is null)
        {
            cut = Math.Max(0, first.Length - room);
            return [Begin, .. first.AsSpan(0, Math.Min(first.Length, room)), End];
        }
        int[] second = Encode(pair);
        // Half of the room, the odd token to the longer text, and what the shorter text leaves of its half to the longer one.
        bool firstIsLonger = first.Length > second.Length;
        int half = room / 2;
        int firstLength = Math.Min(first.Length, Math.Max(firstIsLonger ? room - half : half, room - second.Length));
        int secondLength = Math.Min(second.Length, room - firstLength);
        cut = first.Length + second.Length - firstLength - secondLength;
        return [Begin, .. first.AsSpan(0, firstLength), End, End, .. second.AsSpan(0, secondLength), End];
    }

    /// <summary>Whether a token is one of <c>&lt;s&gt;</c>, <c>&lt;pad&gt;</c>, <c>&lt;/s&gt;</c>, <c>&lt;unk&gt;</c>, <c>&lt;mask&gt;</c>.</summary>
    public bool IsSpecial(int id) => id == Begin || id == Pad || id == End || id == Unknown || id == Mask;

    /// <summary>Whether a token begins with a blank, as the first token of a word does inside a text.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The id is not in the vocabulary.</exception>
    public bool StartsWord(int id)
    {
        RequireToken(id);
        return _bytes[id] is [(byte)' ', ..];
    }

    private void RequireToken(int id)
    {
        if ((uint)id >= (uint)_bytes.Length)
            throw new ArgumentOutOfRangeException(nameof(id), id, $"the vocabulary has {_bytes.Length} tokens");
    }
}
