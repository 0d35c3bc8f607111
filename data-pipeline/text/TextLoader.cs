using ActorTrain.DataPipeline.Text;

namespace ActorTrain.DataPipeline;

/// <summary>
/// Makes batches of token sequences. With length buckets, the positions of the epochs' permutations laid end to end are reordered within
/// windows of whole batches, so that a batch's sequences are of about the same length; which sequences those are still follows from the
/// position alone.
/// </summary>
public sealed class TextLoader : ISampleLoader
{
    private const int WindowsKept = 4;

    private readonly ITextSource _source;
    private readonly TextOptions _options;
    private readonly int _windowBatches;
    private readonly ulong _seed;
    private readonly SampleOrder _order;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Lock _windowsLock = new();
    private readonly Dictionary<long, int[]> _windows = [];
    private readonly Queue<long> _windowsByAge = [];
    private int _disposing;

    /// <summary>Creates a loader over a source, which stays the caller's to dispose.</summary>
    /// <param name="source">The sequences.</param>
    /// <param name="options">What length buckets are made of.</param>
    /// <param name="seed">Fixes the order of length buckets.</param>
    /// <param name="order">The order behind <see cref="LoadAsync"/>.</param>
    public TextLoader(ITextSource source, TextOptions options, ulong seed, SampleOrder order)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.BatchSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.BucketBatches);
        _source = source;
        _options = options;
        // A window longer than an epoch would hold every sample several times, and sorting would put these into the same batch. Windows
        // do not begin with epochs: one across the border of two may still hold a sample twice.
        _windowBatches = (int)Math.Clamp(source.Count / options.BatchSize, 1, options.BucketBatches);
        _seed = seed;
        _order = order;
    }

    /// <summary>Lines that were passed over when the source was indexed.</summary>
    public long SkippedSamples => _source.SkippedLines;

    /// <summary>Loads positions of the epochs' permutations laid end to end.</summary>
    public async Task<TextBatch> LoadAsync(long firstPosition, int count, CancellationToken cancel) =>
        await RunAsync(stop => Load(Keys(firstPosition, count, stop), stop), cancel);

    /// <summary>Loads sequences in data-set order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The samples are not all in [0, Count).</exception>
    public async Task<TextBatch> LoadConsecutiveAsync(long firstSample, int count, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstSample);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstSample + count, _source.Count);
        return await RunAsync(stop => Load([.. Enumerable.Range(0, count).Select(i => (0L, firstSample + i))], stop), cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<long[]> SamplesAsync(long firstPosition, int count, CancellationToken cancel) =>
        await RunAsync(stop => Array.ConvertAll(Keys(firstPosition, count, stop), key => key.Sample), cancel);

    async Task<LoadedBatch> ISampleLoader.LoadAsync(long firstPosition, int count, CancellationToken cancel) =>
        await LoadAsync(firstPosition, count, cancel);

    async Task<LoadedBatch> ISampleLoader.LoadConsecutiveAsync(long firstSample, int count, CancellationToken cancel) =>
        await LoadConsecutiveAsync(firstSample, count, cancel);

    /// <summary>
    /// The share of padding among the tokens of the first so many steps if each step's sequences were padded to the longest of them, as
    /// they are not. The same with <see cref="TextOptions.BucketBatches"/> 1 tells what length buckets would save.
    /// </summary>
    public async Task<double> PaddingShareAsync(int steps, CancellationToken cancel) => await RunAsync(stop =>
    {
        var keys = Keys(0, checked(steps * _options.BatchSize), stop);
        return LengthBuckets.PaddingShare(Array.ConvertAll(keys, key => _source.LengthOf(key.Sample)), _options.BatchSize);
    }, cancel);

    /// <summary>Batches under way end as cancelled.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposing, 1) == 1)
            return;
        await _disposed.CancelAsync();
        _disposed.Dispose();
    }

    /// <summary>Reading takes little time but may wait for a disk, so it leaves the caller's thread.</summary>
    private async Task<T> RunAsync<T>(Func<CancellationToken, T> work, CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(_disposing == 1, this);
        try
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancel, _disposed.Token);
            return await Task.Run(() => work(linked.Token), linked.Token);
        }
        catch (ObjectDisposedException) when (_disposing == 1)
        {
            // The loader was disposed while this began, or its source with it.
            throw new OperationCanceledException("The loader was disposed.");
        }
    }

    private TextBatch Load((long Epoch, long Sample)[] keys, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfZero(keys.Length);
        var sequences = new int[keys.Length][];
        for (int i = 0; i < keys.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            sequences[i] = _source.Read(keys[i].Sample);
        }
        var tokens = new int[sequences.Sum(sequence => sequence.Length)];
        int filled = 0;
        foreach (int[] sequence in sequences)
        {
            sequence.CopyTo(tokens, filled);
            filled += sequence.Length;
        }
        return new TextBatch
        {
            Tokens = tokens,
            Lengths = Array.ConvertAll(sequences, sequence => sequence.Length),
            Samples = Array.ConvertAll(keys, key => key.Sample),
            Epochs = Array.ConvertAll(keys, key => key.Epoch),
            Labels = Array.ConvertAll(keys, key => _source.LabelOf(key.Sample)),
        };
    }

    private (long Epoch, long Sample)[] Keys(long firstPosition, int count, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstPosition);
        var keys = new (long, long)[count];
        for (int i = 0; i < count; i++)
            keys[i] = _order.At(Bucketed(firstPosition + i, cancel));
        return keys;
    }

    /// <summary>The position that comes at a place of the epochs' permutations when windows are reordered.</summary>
    private long Bucketed(long place, CancellationToken cancel)
    {
        if (_windowBatches == 1)
            return place;
        int size = checked(_options.BatchSize * _windowBatches);
        var (window, inside) = Math.DivRem(place, size);
        lock (_windowsLock)
        {
            if (!_windows.TryGetValue(window, out int[]? order))
            {
                order = LengthBuckets.Order(LengthsOf(window * size, size, cancel), _options.BatchSize, _seed, window);
                _windows[window] = order;
                _windowsByAge.Enqueue(window);
                if (_windowsByAge.Count > WindowsKept)
                    _windows.Remove(_windowsByAge.Dequeue());
            }
            return (window * size) + order[inside];
        }
    }

    private int[] LengthsOf(long firstPosition, int count, CancellationToken cancel)
    {
        var lengths = new int[count];
        for (int i = 0; i < count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            lengths[i] = _source.LengthOf(_order.At(firstPosition + i).Sample);
        }
        return lengths;
    }
}
