using System.Buffers.Binary;

namespace ActorTrain.DataPipeline.Text;

/// <summary>
/// The tokens of words met before. Every word has one place, where a newer word displaces it, so memory stays bounded (about 20 MB).
/// Safe to use from any thread without locks: an entry never changes, and only whole entries are replaced.
/// </summary>
internal sealed class WordCache
{
    /// <summary>Longer words are rare and would make the cache's size unpredictable.</summary>
    private const int LongestWord = 64;

    private const int PlaceBits = 17;

    private sealed record Entry(byte[] Word, int[] Tokens);

    private readonly Entry?[] _places = new Entry?[1 << PlaceBits];

    /// <summary>The tokens of a word, made by <paramref name="encoder"/> where they are not known.</summary>
    public ReadOnlySpan<int> TokensOf(ReadOnlySpan<byte> word, BytePairEncoder encoder)
    {
        if (word.Length > LongestWord)
            return encoder.Encode(word);
        ref var place = ref _places[PlaceOf(word)];
        if (place is { } known && word.SequenceEqual(known.Word))
            return known.Tokens;
        int[] tokens = encoder.Encode(word);
        place = new Entry(word.ToArray(), tokens);
        return tokens;
    }

    private static int PlaceOf(ReadOnlySpan<byte> word)
    {
        const ulong Multiplier = 0x9E3779B97F4A7C15;
        ulong hash = (ulong)word.Length * Multiplier;
        for (; word.Length >= 8; word = word[8..])
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(word)) * Multiplier;
            hash ^= hash >> 29;
        }
        ulong rest = word.Length switch
        {
            >= 4 => BinaryPrimitives.ReadUInt32LittleEndian(word) | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(word[^4..]) << 32),
            > 0 => word[0] | ((uint)word[word.Length / 2] << 8) | ((uint)word[^1] << 16),
            _ => 0,
        };
        return (int)(((hash ^ rest) * Multiplier) >> (64 - PlaceBits));
    }
}
