using System.Runtime.InteropServices;

namespace ActorTrain.DataPipeline.Text;

/// <summary>How often each word (a piece of the pre-tokenizer) occurs. When the words outgrow the memory set aside, the rarest are forgotten.</summary>
/// <param name="mostBytes">About how much memory the words may take.</param>
internal sealed class WordCounts(long mostBytes)
{
    /// <summary>What a word takes beside its bytes: an array and a dictionary's entry.</summary>
    private const int EntryBytes = 72;

    private readonly Dictionary<byte[], long> _counts = new(new ByBytes());
    private long _bytes;

    /// <summary>The words and their counts, in no order that means anything.</summary>
    public IReadOnlyDictionary<byte[], long> Counts => _counts;

    /// <summary>Counts the words of a text.</summary>
    public void Add(ReadOnlySpan<byte> utf8)
    {
        var counts = _counts.GetAlternateLookup<ReadOnlySpan<byte>>();
        for (int start = 0; start < utf8.Length;)
        {
            int end = PreTokenizer.EndOfPiece(utf8, start);
            CollectionsMarshal.GetValueRefOrAddDefault(counts, utf8[start..end], out bool known)++;
            if (!known)
                _bytes += EntryBytes + end - start;
            start = end;
        }
        for (long rarest = 1; _bytes > mostBytes; rarest *= 2)
            Forget(rarest);
    }

    private void Forget(long rarest)
    {
        foreach (var (word, count) in _counts)
        {
            if (count <= rarest && _counts.Remove(word))
                _bytes -= EntryBytes + word.Length;
        }
    }

    private sealed class ByBytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(byte[] word) => GetHashCode(word.AsSpan());

        public int GetHashCode(ReadOnlySpan<byte> word)
        {
            var hash = new HashCode();
            hash.AddBytes(word);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> word) => word.ToArray();
    }
}
