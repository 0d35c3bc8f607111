using System.Runtime.InteropServices;

namespace ActorTrain.DataPipeline.Text;

/// <summary>
/// Learns merges: again and again the pair of neighbours that occurs most often in the words becomes one token; of equally frequent pairs
/// the one with the lower ids. Counts are kept up to date, and a queue holds for every pair a count that is at least its own, so that a
/// merge costs only the words that it changes.
/// </summary>
internal sealed class MergeLearner
{
    /// <summary>A pair seen once tells nothing about a language.</summary>
    private const long LeastCount = 2;

    private readonly List<string> _tokens;
    private readonly HashSet<string> _known;
    private readonly int _mostTokens;
    private readonly int[][] _words;
    private readonly long[] _wordCounts;
    private readonly Dictionary<long, PairUse> _pairs = [];
    private readonly PriorityQueue<long, (long NegativeCount, long Pair)> _queue = new();

    /// <param name="tokens">The tokens so far; merged ones are added.</param>
    /// <param name="tokenOfByte">The ids of the 256 bytes.</param>
    /// <param name="words">The words and how often they occur.</param>
    /// <param name="mostTokens">How many tokens there may be at the end.</param>
    public MergeLearner(List<string> tokens, int[] tokenOfByte, IReadOnlyDictionary<byte[], long> words, int mostTokens)
    {
        (_tokens, _known, _mostTokens) = (tokens, new HashSet<string>(tokens, StringComparer.Ordinal), mostTokens);
        _words = [.. words.Keys.Select(word => Array.ConvertAll(word, value => tokenOfByte[value]))];
        _wordCounts = [.. words.Values];
    }

    /// <summary>Learns until there are enough tokens or no pair occurs twice.</summary>
    /// <returns>The merges by rank, as tokens.</returns>
    public List<(string Left, string Right)> Learn(CancellationToken cancel)
    {
        for (int word = 0; word < _words.Length; word++)
            CountPairs(word, 1, (_, use) => use.Words.Add(word));
        foreach (var (pair, use) in _pairs)
            _queue.Enqueue(pair, (-use.Count, pair));

        var merges = new List<(string Left, string Right)>();
        while (_tokens.Count < _mostTokens && _queue.TryDequeue(out long pair, out var priority))
        {
            cancel.ThrowIfCancellationRequested();
            if (!_pairs.TryGetValue(pair, out var use) || use.Count < LeastCount)
                continue;
            if (use.Count != -priority.NegativeCount)
            {
                _queue.Enqueue(pair, (-use.Count, pair));
                continue;
            }
            var (left, right) = Math.DivRem(pair, _mostTokens);
            // Two pairs can spell the same; the token exists then, and a merge that makes it as well would hide the first one.
            string merged = _tokens[(int)left] + _tokens[(int)right];
            if (!_known.Add(merged))
                continue;
            merges.Add((_tokens[(int)left], _tokens[(int)right]));
            _tokens.Add(merged);
            Merge(use.Words, (int)left, (int)right, _tokens.Count - 1);
            _pairs.Remove(pair);
        }
        return merges;
    }

    private void Merge(List<int> words, int left, int right, int merged)
    {
        var grown = new HashSet<long>();
        foreach (int word in words)
        {
            int[] tokens = _words[word];
            int count = 0;
            var shorter = new int[tokens.Length];
            for (int i = 0; i < tokens.Length; i++)
            {
                bool pair = tokens[i] == left && i + 1 < tokens.Length && tokens[i + 1] == right;
                shorter[count++] = pair ? merged : tokens[i];
                if (pair)
                    i++;
            }
            // The list holds every word that ever had the pair, some of them twice.
            if (count == tokens.Length)
                continue;
            CountPairs(word, -1, (_, _) => { });
            _words[word] = shorter[..count];
            CountPairs(word, 1, (pair, use) =>
            {
                var (first, second) = Math.DivRem(pair, _mostTokens);
                // The other pairs stood in the word before.
                if (first != merged && second != merged)
                    return;
                use.Words.Add(word);
                grown.Add(pair);
            });
        }
        foreach (long pair in grown)
            _queue.Enqueue(pair, (-_pairs[pair].Count, pair));
    }

    private void CountPairs(int word, int sign, Action<long, PairUse> also)
    {
        int[] tokens = _words[word];
        for (int i = 0; i + 1 < tokens.Length; i++)
        {
            // Orders by the left token's id, then by the right one's.
            long pair = ((long)tokens[i] * _mostTokens) + tokens[i + 1];
            var use = CollectionsMarshal.GetValueRefOrAddDefault(_pairs, pair, out _) ??= new PairUse();
            use.Count += sign * _wordCounts[word];
            also(pair, use);
        }
    }

    private sealed class PairUse
    {
        public long Count { get; set; }

        public List<int> Words { get; } = [];
    }
}
