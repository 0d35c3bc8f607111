namespace ActorTrain.DataPipeline.Sources;

/// <summary>A <see cref="Subset"/> of a source.</summary>
internal sealed class LimitedSource : ISampleSource
{
    private readonly ISampleSource _whole;
    private readonly long[] _chosen;

    private LimitedSource(ISampleSource whole, long[] chosen)
    {
        _whole = whole;
        _chosen = chosen;
        Fingerprint = Subset.FingerprintOf(whole, chosen);
    }

    public string Location => _whole.Location;

    public long Count => _chosen.Length;

    public IReadOnlyList<string> ClassNames => _whole.ClassNames;

    public string Fingerprint { get; }

    /// <summary>Limits a source; the same source where it is no larger than the limit.</summary>
    public static ISampleSource Create(ISampleSource whole, int limit, ulong seed) =>
        Subset.Choose(whole, limit, seed) is { } chosen ? new LimitedSource(whole, chosen) : whole;

    public int LabelOf(long sample) => _whole.LabelOf(Chosen(sample));

    public ValueTask<Sample> ReadAsync(long sample, CancellationToken cancel) => _whole.ReadAsync(Chosen(sample), cancel);

    public ValueTask DisposeAsync() => _whole.DisposeAsync();

    private long Chosen(long sample)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)sample, (ulong)_chosen.Length, nameof(sample));
        return _chosen[sample];
    }
}
