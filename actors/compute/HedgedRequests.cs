namespace ActorTrain.Actors.Compute;

/// <summary>
/// The requests that an actor waits for. One that stays unanswered for a multiple of the usual time is asked again (hedging), which
/// covers a lost request, a lost answer and a restarted actor alike. A second answer to the same request is told apart and dropped.
/// </summary>
internal sealed class HedgedRequests<TKey>(TimeProvider time) where TKey : notnull
{
    private const int Remembered = 31;
    private const int PatienceInMedians = 4;
    private static readonly TimeSpan MinPatience = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MaxPatience = TimeSpan.FromSeconds(10);

    private readonly Dictionary<TKey, Waiting> _waiting = [];
    private readonly Queue<TimeSpan> _latencies = [];

    public int Count => _waiting.Count;

    public void Sent(TKey key) => _waiting[key] = new Waiting(time.GetTimestamp(), time.GetTimestamp(), Patience());

    /// <summary>False for an answer that nobody waits for (any more).</summary>
    public bool Answered(TKey key)
    {
        if (!_waiting.Remove(key, out var waiting))
            return false;
        if (_latencies.Count == Remembered)
            _latencies.Dequeue();
        _latencies.Enqueue(time.GetElapsedTime(waiting.FirstSent));
        return true;
    }

    /// <summary>The requests to ask again now. Each time the patience with a request doubles, so that one who is slow is not flooded.</summary>
    public IReadOnlyList<TKey> Overdue()
    {
        var overdue = _waiting.Where(pair => time.GetElapsedTime(pair.Value.LastSent) > pair.Value.Patience).ToList();
        foreach (var (key, waiting) in overdue)
            _waiting[key] = waiting with { LastSent = time.GetTimestamp(), Patience = Min(2 * waiting.Patience, MaxPatience) };
        return [.. overdue.Select(pair => pair.Key)];
    }

    private TimeSpan Patience()
    {
        if (_latencies.Count == 0)
            return FirstPatience;
        var median = _latencies.Order().ElementAt(_latencies.Count / 2);
        return Min(Max(PatienceInMedians * median, MinPatience), MaxPatience);
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private readonly record struct Waiting(long FirstSent, long LastSent, TimeSpan Patience);
}
