using System.Buffers;

namespace ActorTrain.DataPipeline.Text;

/// <summary>
/// Byte-pair encoding of one piece of text: of all neighbours that have a merge, the pair of lowest rank becomes one token, the leftmost
/// first, until none is left (Sennrich, Haddow, Birch: "Neural machine translation of rare words with subword units", 2016). A queue
/// keeps the candidates, so that even a piece of megabytes takes n log n steps.
/// </summary>
internal sealed class BytePairEncoder
{
    private const int Gone = -1;

    private readonly int _vocabularySize;
    private readonly int[] _tokenOfByte = new int[256];
    private readonly Dictionary<long, (int Rank, int Result)> _merges;

    public BytePairEncoder(Vocabulary vocabulary)
    {
        _vocabularySize = vocabulary.Tokens.Count;
        for (int value = 0; value < _tokenOfByte.Length; value++)
            _tokenOfByte[value] = vocabulary.IdOf[ByteSymbols.Spell([(byte)value])];
        _merges = new Dictionary<long, (int Rank, int Result)>(vocabulary.Merges.Count);
        foreach (var merge in vocabulary.Merges)
            _merges.Add(Key(merge.Left, merge.Right), (_merges.Count, merge.Result));
    }

    /// <summary>The tokens of a piece.</summary>
    public int[] Encode(ReadOnlySpan<byte> piece)
    {
        var pool = ArrayPool<int>.Shared;
        int[] tokens = pool.Rent(piece.Length), next = pool.Rent(piece.Length), previous = pool.Rent(piece.Length);
        for (int i = 0; i < piece.Length; i++)
            (tokens[i], next[i], previous[i]) = (_tokenOfByte[piece[i]], i + 1, i - 1);

        var candidates = new PriorityQueue<int, long>(piece.Length);
        for (int left = 0; left + 1 < piece.Length; left++)
            Propose(candidates, left, tokens[left], tokens[left + 1]);
        int count = piece.Length;
        while (candidates.TryDequeue(out int left, out long priority))
        {
            int right = next[left];
            // A neighbour may have been merged away since the pair was proposed.
            if (tokens[left] == Gone || right == piece.Length
                || !_merges.TryGetValue(Key(tokens[left], tokens[right]), out var merge) || merge.Rank != (int)(priority >> 32))
            {
                continue;
            }
            (tokens[left], tokens[right], next[left]) = (merge.Result, Gone, next[right]);
            count--;
            if (previous[left] >= 0)
                Propose(candidates, previous[left], tokens[previous[left]], tokens[left]);
            if (next[left] == piece.Length)
                continue;
            previous[next[left]] = left;
            Propose(candidates, left, tokens[left], tokens[next[left]]);
        }

        var result = new int[count];
        for (int i = 0, position = 0; i < count; i++, position = next[position])
            result[i] = tokens[position];
        pool.Return(tokens);
        pool.Return(next);
        pool.Return(previous);
        return result;
    }

    private void Propose(PriorityQueue<int, long> candidates, int position, int left, int right)
    {
        if (_merges.TryGetValue(Key(left, right), out var merge))
            candidates.Enqueue(position, ((long)merge.Rank << 32) | (uint)position);
    }

    private long Key(int left, int right) => ((long)left * _vocabularySize) + right;
}
