using System.Buffers;
using System.Collections.Concurrent;
using System.Threading.Channels;
using ActorTrain.DataPipeline.Images;
using ActorTrain.DataPipeline.Mixing;

namespace ActorTrain.DataPipeline;

/// <summary>
/// Reads, decodes, resizes, augments and mixes batches. The work of all calls goes through one bounded channel to a fixed number of
/// decoders, so that any number of batches may be under way at once. A batch's content depends only on its arguments.
/// </summary>
public sealed class ImageLoader : ISampleLoader
{
    private readonly ISampleSource _source;
    private readonly ImageOptions _options;
    private readonly ulong _seed;
    private readonly SampleOrder _order;
    private readonly ImageMixing? _mixing;
    private readonly Channel<Job> _jobs;
    private readonly Task[] _decoders;
    private readonly CancellationTokenSource _disposed = new();
    private readonly ConcurrentDictionary<long, byte[]> _decoded = new();
    private readonly ConcurrentDictionary<long, byte> _broken = new();
    private long _decodedBytes;
    private int _disposing;

    /// <summary>Creates a loader over a source, which stays the caller's to dispose.</summary>
    /// <param name="source">The samples.</param>
    /// <param name="options">Size, augmentation, threads.</param>
    /// <param name="seed">Fixes the augmentation and the mixing.</param>
    /// <param name="order">The order behind <see cref="LoadAsync(long, int, CancellationToken)"/>.</param>
    /// <param name="mixing">How what that loads is mixed with other images of the same size; null where it is not.</param>
    /// <exception cref="DataException">libturbojpeg or libpng is not installed.</exception>
    public ImageLoader(ISampleSource source, ImageOptions options, ulong seed, SampleOrder order, ImageMixing? mixing = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Size);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.DecodeThreads);
        ArgumentOutOfRangeException.ThrowIfNegative(options.CropPadding);
        ArgumentOutOfRangeException.ThrowIfNotEqual(mixing?.Partners?._options.Size ?? options.Size, options.Size);
        NativeLibraries.Require();
        _source = source;
        _options = options;
        _seed = seed;
        _order = order;
        _mixing = mixing;
        _jobs = Channel.CreateBounded<Job>(2 * options.DecodeThreads);
        _decoders = [.. Enumerable.Range(0, options.DecodeThreads).Select(_ => Task.Run(DecodeJobsAsync))];
    }

    /// <summary>Samples that could not be decoded and were replaced, each counted once.</summary>
    public long SkippedSamples => _broken.Count;

    /// <summary>Loads positions of the epochs' permutations laid end to end, augmented and mixed.</summary>
    /// <exception cref="DataException">A sample is broken and not to be skipped, or none is whole.</exception>
    public Task<ImageBatch> LoadAsync(long firstPosition, int count, CancellationToken cancel) =>
        LoadAsync(count, position => _order.At(firstPosition + position), asTheyAre: false, cancel);

    /// <summary>Loads samples in data-set order, never augmented or mixed.</summary>
    /// <exception cref="DataException">A sample is broken and not to be skipped, or none is whole.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The samples are not all in [0, Count).</exception>
    public Task<ImageBatch> LoadConsecutiveAsync(long firstSample, int count, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstSample);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstSample + count, _source.Count);
        return LoadAsync(count, position => (0, firstSample + position), asTheyAre: true, cancel);
    }

    /// <inheritdoc/>
    public ValueTask<long[]> SamplesAsync(long firstPosition, int count, CancellationToken cancel)
    {
        var samples = new long[count];
        for (int i = 0; i < count; i++)
            samples[i] = _order.At(firstPosition + i).Sample;
        return ValueTask.FromResult(samples);
    }

    async Task<LoadedBatch> ISampleLoader.LoadAsync(long firstPosition, int count, CancellationToken cancel) =>
        await LoadAsync(firstPosition, count, cancel);

    async Task<LoadedBatch> ISampleLoader.LoadConsecutiveAsync(long firstSample, int count, CancellationToken cancel) =>
        await LoadConsecutiveAsync(firstSample, count, cancel);

    /// <summary>Stops the decoders; batches under way end as cancelled.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposing, 1) == 1)
            return;
        await _disposed.CancelAsync();
        _jobs.Writer.Complete();
        await Task.WhenAll(_decoders);
        _disposed.Dispose();
    }

    private async Task<ImageBatch> LoadAsync(int count, Func<int, (long Epoch, long Sample)> keyOf, bool asTheyAre, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ObjectDisposedException.ThrowIf(_disposing == 1, this);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancel, _disposed.Token);
        var batch = new BatchUnderWay(count, _options.Size, asTheyAre, linked.Token);
        try
        {
            for (int i = 0; i < count; i++)
            {
                (batch.Result.Epochs[i], batch.Result.Samples[i]) = keyOf(i);
                await _jobs.Writer.WriteAsync(new Job(batch, i), linked.Token);
            }
        }
        catch (ChannelClosedException)
        {
            throw new OperationCanceledException("The loader was disposed.");
        }
        return await batch.Completion.Task;
    }

    private async Task DecodeJobsAsync()
    {
        // Runs until the writer completes, so that every job that was accepted also ends its batch.
        await foreach (var job in _jobs.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (job.Batch.Completion.Task.IsCompleted)
                continue;
            try
            {
                job.Batch.Cancel.ThrowIfCancellationRequested();
                await FillAsync(job.Batch, job.Position);
                job.Batch.Done();
            }
            catch (OperationCanceledException cancelled)
            {
                job.Batch.Completion.TrySetCanceled(cancelled.CancellationToken);
            }
            catch (Exception error)
            {
                job.Batch.Completion.TrySetException(error);
            }
        }
    }

    private async ValueTask FillAsync(BatchUnderWay batch, int position)
    {
        var result = batch.Result;
        var (epoch, sample) = (result.Epochs[position], result.Samples[position]);
        int length = result.Pixels.Length / result.Count;
        var pixels = result.Pixels.AsMemory(position * length, length);
        if (batch.AsTheyAre)
        {
            (var whole, result.Labels[position]) = await ReadWholeAsync(sample, batch.Cancel);
            whole.CopyTo(pixels);
            return;
        }
        result.Labels[position] = await AugmentAsync(epoch, sample, pixels, batch.Cancel);
        if (_mixing is not null)
            await MixAsync(_mixing, epoch, sample, pixels, batch.Cancel);
    }

    /// <summary>Writes a sample's planes as they look in an epoch, and returns its label.</summary>
    private async ValueTask<int> AugmentAsync(long epoch, long sample, Memory<byte> pixels, CancellationToken cancel)
    {
        var (whole, label) = await ReadWholeAsync(sample, cancel);
        if (_options.Flip || _options.CropPadding > 0)
            Augmentation.Apply(whole, pixels.Span, _options.Size, _options.CropPadding, _options.Flip, _seed, epoch, sample);
        else
            whole.CopyTo(pixels);
        return label;
    }

    /// <summary>Mixes another image, as it looks in the same epoch, into a sample's planes.</summary>
    private async ValueTask MixAsync(ImageMixing mixing, long epoch, long sample, Memory<byte> pixels, CancellationToken cancel)
    {
        var partners = mixing.Partners ?? this;
        var mixture = Mixture.Draw(mixing.Kind, mixing.Alpha, _seed, epoch, sample, partners._source.Count, _options.Size);
        byte[] partner = ArrayPool<byte>.Shared.Rent(pixels.Length);
        try
        {
            await partners.AugmentAsync(epoch, mixture.Partner, partner.AsMemory(0, pixels.Length), cancel);
            mixture.Apply(pixels.Span, partner, _options.Size);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(partner);
        }
    }

    /// <summary>The sample, or the next whole one in data-set order (wrapping round at the end) where broken ones are skipped.</summary>
    private async ValueTask<(byte[] Pixels, int Label)> ReadWholeAsync(long sample, CancellationToken cancel)
    {
        long candidate = sample;
        for (long tried = 0; tried < _source.Count; tried++)
        {
            if (!_broken.ContainsKey(candidate))
            {
                if (_decoded.TryGetValue(candidate, out byte[]? kept))
                    return (kept, _source.LabelOf(candidate));
                // A failure to read is no property of the sample and always ends the load.
                var encoded = await _source.ReadAsync(candidate, cancel);
                try
                {
                    return (Decode(candidate, encoded), encoded.Label);
                }
                catch (DataException) when (_options.SkipBroken)
                {
                    _broken.TryAdd(candidate, 0);
                }
            }
            candidate = (candidate + 1) % _source.Count;
        }
        throw new DataException($"{_source.Location} holds no image that can be decoded; all {_source.Count} are broken.");
    }

    private byte[] Decode(long sample, Sample encoded)
    {
        var planes = new byte[3 * _options.Size * _options.Size];
        Resampling.ToPlanes(ImageDecoder.Decode(encoded.Bytes.Span, encoded.Identity), _options.Size, planes);
        // Whatever came first stays: in a shuffled epoch any eviction would throw out what is needed again just as soon.
        if (Interlocked.Add(ref _decodedBytes, planes.Length) <= _options.DecodedCacheBytes)
            _decoded.TryAdd(sample, planes);
        else
            Interlocked.Add(ref _decodedBytes, -planes.Length);
        return planes;
    }

    private readonly record struct Job(BatchUnderWay Batch, int Position);

    private sealed class BatchUnderWay(int count, int size, bool asTheyAre, CancellationToken cancel)
    {
        private int _remaining = count;

        public ImageBatch Result { get; } = new()
        {
            Pixels = new byte[count * 3 * size * size],
            Size = size,
            Samples = new long[count],
            Epochs = new long[count],
            Labels = new int[count],
        };

        public bool AsTheyAre => asTheyAre;

        public CancellationToken Cancel => cancel;

        public TaskCompletionSource<ImageBatch> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Done()
        {
            if (Interlocked.Decrement(ref _remaining) == 0)
                Completion.TrySetResult(Result);
        }
    }
}
