using ActorTrain.DataPipeline.Text;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.DataPipeline.Tests;

public sealed class TextLoaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Length_buckets_permute_each_window_and_sort_it_into_batches() =>
        Prop.ForAll(Gen.Choose(1, 9).ToArbitrary(), Gen.Choose(1, 30).ToArbitrary(), ArbMap.Default.ArbFor<ulong>(), (batchSize, batches, seed) =>
        {
            int[] lengths = [.. Enumerable.Range(0, batchSize * batches).Select(i => new CounterRandom(seed, RandomPurpose.Synthesis, 0, i).Next(20))];
            int[] order = LengthBuckets.Order(lengths, batchSize, seed, window: 3);
            var sorted = Enumerable.Range(0, lengths.Length).OrderBy(position => lengths[position]).ThenBy(position => position).Chunk(batchSize);
            Assert.Equal(Enumerable.Range(0, lengths.Length), order.Order());
            Assert.Equal(sorted, order.Chunk(batchSize).OrderBy(batch => lengths[batch[0]]).ThenBy(batch => lengths[batch[^1]]).ThenBy(batch => batch[0]));
            Assert.Equal(order, LengthBuckets.Order(lengths, batchSize, seed, window: 3));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Another_window_shuffles_its_batches_otherwise()
    {
        int[] lengths = [.. Enumerable.Range(0, 100)];
        Assert.NotEqual(LengthBuckets.Order(lengths, 5, seed: 1, window: 0), LengthBuckets.Order(lengths, 5, seed: 1, window: 1));
        Assert.NotEqual(LengthBuckets.Order(lengths, 5, seed: 1, window: 0), LengthBuckets.Order(lengths, 5, seed: 2, window: 0));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(4, false)]
    [InlineData(4, true)]
    public async Task A_batch_on_its_own_is_the_batch_in_its_turn(int bucketBatches, bool pack)
    {
        var options = Texts.Options() with { BatchSize = 6, BucketBatches = bucketBatches, Pack = pack, PackWindow = 10 };
        await using var source = await OpenAsync(options, documents: 100);
        var order = new SampleOrder(source.Count, seed: 5);
        var inTurn = new List<TextBatch>();
        await using (var loader = new TextLoader(source, options, seed: 5, order))
        {
            for (int step = 0; step < 60; step++)
                inTurn.Add(await loader.LoadAsync(step * 6, 6, default));
        }
        await using var other = new TextLoader(source, options, seed: 5, order);
        foreach (int step in Enumerable.Range(0, 60).OrderBy(step => step * 37 % 60))
        {
            // In two micro-batches, each of them asked for alone.
            var first = await other.LoadAsync((step * 6) + 0, 3, default);
            var second = await other.LoadAsync((step * 6) + 3, 3, default);
            AssertSame(inTurn[step], [first, second]);
            Assert.Equal(inTurn[step].Samples, await other.SamplesAsync(step * 6, 6, default));
            Assert.Equal(inTurn[step].Tokens.Length, inTurn[step].Lengths.Sum());
            Assert.Equal(inTurn[step].Samples.Select(source.LengthOf), inTurn[step].Lengths);
        }
        // Every window holds what the order has there, once.
        int window = 6 * bucketBatches;
        var loaded = inTurn.SelectMany(batch => batch.Epochs.Zip(batch.Samples)).ToArray();
        for (int start = 0; start + window <= loaded.Length; start += window)
        {
            Assert.Equal(
                Enumerable.Range(start, window).Select(position => order.At(position)).Order(), loaded.AsSpan(start, window).ToArray().Order());
        }
    }

    [Fact]
    public async Task Batches_across_windows_are_the_same_places()
    {
        var options = Texts.Options() with { BatchSize = 4, BucketBatches = 3 };
        await using var source = await OpenAsync(options, documents: 31);
        await using ISampleLoader loader = new TextLoader(source, options, seed: 1, new SampleOrder(31, 1));
        long[] places = await loader.SamplesAsync(0, 100, default);
        var batch = (TextBatch)await loader.LoadAsync(7, 60, default);
        Assert.Equal(places[7..67], batch.Samples);
    }

    [Fact]
    public async Task A_window_is_no_longer_than_an_epoch_so_that_a_batch_does_not_repeat_a_sample_over_and_over()
    {
        var options = Texts.Options() with { BatchSize = 4, BucketBatches = 50 };
        await using var source = await OpenAsync(options, documents: 31);
        await using var loader = new TextLoader(source, options, seed: 1, new SampleOrder(31, 1));
        for (int step = 0; step < 100; step++)
        {
            // Twice where an epoch ends within the window.
            Assert.All((await loader.SamplesAsync(step * 4, 4, default)).CountBy(sample => sample), count => Assert.InRange(count.Value, 1, 2));
        }
    }

    [Fact]
    public async Task Consecutive_samples_come_in_data_set_order_with_their_labels()
    {
        var options = Texts.Options() with { BatchSize = 4, BucketBatches = 3 };
        await using var source = await OpenAsync(options, documents: 20);
        await using ISampleLoader loader = new TextLoader(source, options, seed: 1, new SampleOrder(20, 1));
        var batch = (TextBatch)await loader.LoadConsecutiveAsync(5, 10, default);
        Assert.Equal(Enumerable.Range(5, 10).Select(i => (long)i), batch.Samples);
        Assert.Equal(Enumerable.Range(5, 10).Select(i => i % 3), batch.Labels);
        Assert.Equal(Enumerable.Range(5, 10).SelectMany(i => source.Read(i)), batch.Tokens);
        Assert.All(batch.Epochs, epoch => Assert.Equal(0, epoch));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => loader.LoadConsecutiveAsync(15, 6, default));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => loader.LoadAsync(-1, 6, default));
    }

    [Fact]
    public async Task Length_buckets_save_the_padding_that_they_are_for()
    {
        Assert.Equal(0, LengthBuckets.PaddingShare([5, 5, 7], 2));
        Assert.Equal(0.25, LengthBuckets.PaddingShare([2, 4], 2));
        var options = Texts.Options(maxLength: 200) with { BatchSize = 8 };
        await using var source = await OpenAsync(options, documents: 400);
        var order = new SampleOrder(400, 1);
        await using var plain = new TextLoader(source, options, seed: 1, order);
        await using var bucketed = new TextLoader(source, options with { BucketBatches = 50 }, seed: 1, order);
        double before = await plain.PaddingShareAsync(50, default), after = await bucketed.PaddingShareAsync(50, default);
        Assert.InRange(before, 0.3, 0.6);
        Assert.InRange(after, 0, 0.03);
    }

    [Fact]
    public async Task A_cancelled_or_disposed_loader_loads_nothing()
    {
        var options = Texts.Options();
        await using var source = await OpenAsync(options, documents: 20);
        var loader = new TextLoader(source, options, seed: 1, new SampleOrder(20, 1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loader.LoadAsync(0, 5, new CancellationToken(canceled: true)));
        await loader.DisposeAsync();
        await loader.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => loader.LoadAsync(0, 5, default));
    }

    /// <summary>Documents of 1 to 101 tokens.</summary>
    private async Task<ITextSource> OpenAsync(TextOptions options, int documents)
    {
        _folder.Write("a.jsonl", Texts.Utf8(string.Concat(Enumerable.Range(0, documents)
            .Select(i => $"{{\"text\":\"{new string('x', 1 + (i * 7919 % 101))}\",\"label\":{i % 3}}}\n"))));
        return await _folder.OpenTextAsync("a.jsonl", options);
    }

    private static void AssertSame(TextBatch whole, TextBatch[] parts)
    {
        Assert.Equal(whole.Tokens, parts.SelectMany(part => part.Tokens));
        Assert.Equal(whole.Lengths, parts.SelectMany(part => part.Lengths));
        Assert.Equal(whole.Samples, parts.SelectMany(part => part.Samples));
        Assert.Equal(whole.Epochs, parts.SelectMany(part => part.Epochs));
        Assert.Equal(whole.Labels, parts.SelectMany(part => part.Labels));
    }
}
