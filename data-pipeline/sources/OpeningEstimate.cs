namespace ActorTrain.DataPipeline;

/// <summary>What to show of an opening.</summary>
/// <param name="Name">The data set's key and what is done with it.</param>
/// <param name="Done">How much of it: files, shards, bytes, or documents.</param>
/// <param name="Total">How much there is; null where nobody knows yet.</param>
/// <param name="Status">How far that is, and the time left where it can be told.</param>
public sealed record OpeningView(string Name, long Done, long? Total, string Status);

/// <summary>Follows the opening of a data set and estimates how long it goes on. Safe to call from any thread.</summary>
public sealed class OpeningEstimate(TimeProvider time) : IProgress<OpeningProgress>
{
    private readonly Lock _lock = new();
    private OpeningProgress? _reached;
    private long _phaseStarted;

    /// <inheritdoc/>
    public void Report(OpeningProgress value)
    {
        lock (_lock)
        {
            if (_reached is not { } before || (before.Key, before.Phase) != (value.Key, value.Phase))
                _phaseStarted = time.GetTimestamp();
            // Reports of several threads may overtake each other.
            else if (value.Done <= before.Done)
                return;
            _reached = value;
        }
    }

    /// <summary>What to show now; null before anything is known.</summary>
    public OpeningView? View()
    {
        lock (_lock)
        {
            if (_reached is not { } now)
                return null;
            string name = $"{now.Key}: " + now.Phase switch
            {
                OpeningPhase.Listing => "listing files",
                OpeningPhase.LookingUpShards => "looking up shards",
                OpeningPhase.Indexing => "indexing shards",
                OpeningPhase.Unpacking => "unpacking text",
                OpeningPhase.IndexingText => "indexing text",
                _ => "tokenizing documents",
            };
            if (now.Total is not { } total)
                return new OpeningView(name, now.Done, null, $"{now.Done} so far");
            string share = $"{(double)now.Done / Math.Max(1, total):0%}";
            if (now.Done == 0)
                return new OpeningView(name, 0, total, share);
            var left = time.GetElapsedTime(_phaseStarted) * ((double)(total - now.Done) / now.Done);
            return new OpeningView(name, now.Done, total, $"{share}, {(long)left.TotalHours}:{left:mm\\:ss} left");
        }
    }
}
