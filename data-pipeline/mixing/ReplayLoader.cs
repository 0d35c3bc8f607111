using ActorTrain.DataPipeline.Mixing;

namespace ActorTrain.DataPipeline;

/// <summary>
/// Puts samples of the source domain among those of the target: of the B places of a step, R are the source's, spread evenly. Place i
/// of a step is one of them if ⌊(i + 1) R / B⌋ > ⌊i R / B⌋. Each domain's samples come in its own order, whatever the other's is.
/// </summary>
/// <remarks>
/// Replayed samples have no labels, and their numbers go on where the target's end, so that they have masks of their own.
/// </remarks>
public sealed class ReplayLoader : ISampleLoader
{
    private readonly ISampleLoader _target;
    private readonly long _targetCount;
    private readonly ISampleLoader _source;
    private readonly int _batchSize;
    private readonly int _replayed;

    /// <summary>Takes over two loaders of the same modality.</summary>
    /// <param name="target">The target's samples.</param>
    /// <param name="targetCount">How many samples the target has.</param>
    /// <param name="source">The source's samples.</param>
    /// <param name="batchSize">B, the samples of a step.</param>
    /// <param name="replayed">R, in [0, B); 0 where the source's samples are only mixed into the target's.</param>
    public ReplayLoader(ISampleLoader target, long targetCount, ISampleLoader source, int batchSize, int replayed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(replayed);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(replayed, batchSize);
        _target = target;
        _targetCount = targetCount;
        _source = source;
        _batchSize = batchSize;
        _replayed = replayed;
    }

    /// <summary>Broken samples of both domains.</summary>
    public long SkippedSamples => _target.SkippedSamples + _source.SkippedSamples;

    /// <inheritdoc/>
    public async Task<LoadedBatch> LoadAsync(long firstPosition, int count, CancellationToken cancel)
    {
        var (target, source) = Split(firstPosition, count);
        if (source.Count == 0)
            return await _target.LoadAsync(target.First, target.Count, cancel);
        var replayed = _source.LoadAsync(source.First, source.Count, cancel);
        if (target.Count == 0)
            return AsReplayed(await replayed);
        var own = _target.LoadAsync(target.First, target.Count, cancel);
        await Task.WhenAll(own, replayed);
        return Interleaving.Of(await own, AsReplayed(await replayed), Places(firstPosition, count));
    }

    /// <summary>Loads samples of the target in data-set order, as they are.</summary>
    /// <exception cref="DataException">A sample is broken and not to be skipped, or none is whole.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The samples are not all in [0, Count).</exception>
    public Task<LoadedBatch> LoadConsecutiveAsync(long firstSample, int count, CancellationToken cancel) =>
        _target.LoadConsecutiveAsync(firstSample, count, cancel);

    /// <inheritdoc/>
    public async ValueTask<long[]> SamplesAsync(long firstPosition, int count, CancellationToken cancel)
    {
        var (target, source) = Split(firstPosition, count);
        long[] own = target.Count == 0 ? [] : await _target.SamplesAsync(target.First, target.Count, cancel);
        long[] replayed = source.Count == 0 ? [] : await _source.SamplesAsync(source.First, source.Count, cancel);
        return Interleaving.Of(own, Renumbered(replayed), Places(firstPosition, count));
    }

    /// <summary>Disposes both loaders.</summary>
    public async ValueTask DisposeAsync()
    {
        await _target.DisposeAsync();
        await _source.DisposeAsync();
    }

    /// <summary>The positions of either domain that a range of positions holds.</summary>
    private ((long First, int Count) Target, (long First, int Count) Source) Split(long firstPosition, int count)
    {
        long before = ReplayedBefore(firstPosition);
        int replayed = (int)(ReplayedBefore(firstPosition + count) - before);
        return ((firstPosition - before, count - replayed), (before, replayed));
    }

    /// <summary>Which places of a range of positions are the source's [count].</summary>
    private bool[] Places(long firstPosition, int count) =>
        [.. Enumerable.Range(0, count).Select(i => ReplayedBefore(firstPosition + i + 1) > ReplayedBefore(firstPosition + i))];

    private long ReplayedBefore(long position)
    {
        var (step, place) = Math.DivRem(position, _batchSize);
        return (step * _replayed) + (place * _replayed / _batchSize);
    }

    private LoadedBatch AsReplayed(LoadedBatch batch) =>
        batch with { Samples = Renumbered(batch.Samples), Labels = [.. Enumerable.Repeat(-1, batch.Count)] };

    private long[] Renumbered(long[] samples) => Array.ConvertAll(samples, sample => _targetCount + sample);
}
