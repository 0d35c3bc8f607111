namespace ActorTrain.DataPipeline.Sources;

/// <summary>A <see cref="Subset"/> of a source.</summary>
internal sealed class SubsetSource : ISampleSource
{
    private readonly ISampleSource _whole;
    private readonly long[] _chosen;

    private SubsetSource(ISampleSource whole, long[] chosen)
    {
        _whole = whole;
        _chosen = chosen;
        Fingerprint = Subset.FingerprintOf(whole, chosen);
    }

    public string Location => _whole.Location;

    public long Count => _chosen.Length;

    public IReadOnlyList<string> ClassNames => _whole.ClassNames;

    public string Fingerprint { get; }

    /// <summary>The part of a source that the options choose; the same source where that is all of it.</summary>
    /// <exception cref="DataException">There is nothing to hold out.</exception>
    public static ISampleSource Create(ISampleSource whole, SourceOptions options, SampleGroups? groups) =>
        Subset.Choose(whole, options, groups) is { } chosen ? new SubsetSource(whole, chosen) : whole;

    public int LabelOf(long sample) => _whole.LabelOf(Chosen(sample));

    public ValueTask<Sample> ReadAsync(long sample, CancellationToken cancel) => _whole.ReadAsync(Chosen(sample), cancel);

    public ValueTask DisposeAsync() => _whole.DisposeAsync();

    private long Chosen(long sample)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)sample, (ulong)_chosen.Length, nameof(sample));
        return _chosen[sample];
    }
}
