using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.DataPipeline.Tests;

public class OrderTests
{
    [Theory]
    // Random123's known-answer file: philox4x32, 10 rounds.
    [InlineData(new uint[] { 0, 0, 0, 0 }, new uint[] { 0, 0 }, new uint[] { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 })]
    [InlineData(new uint[] { ~0u, ~0u, ~0u, ~0u }, new uint[] { ~0u, ~0u }, new uint[] { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd })]
    [InlineData(new uint[] { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, new uint[] { 0xa4093822, 0x299f31d0 },
        new uint[] { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 })]
    public void Philox_gives_the_published_answers(uint[] counter, uint[] key, uint[] expected)
    {
        var words = CounterRandom.Philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
        Assert.Equal(expected, new[] { (uint)words, (uint)(words >> 32), (uint)(words >> 64), (uint)(words >> 96) });
    }

    [Fact]
    public void The_order_is_a_permutation_for_every_size_from_1_to_10000()
    {
        Parallel.For(1, 10_001, size =>
        {
            var order = new SampleOrder(size, seed: 7, blockSize: size % 3 == 0 ? 1 + (size / 7) : 0);
            var seen = new bool[size];
            for (long position = 0; position < size; position++)
            {
                long sample = order.SampleAt(size % 5, position);
                Assert.False(seen[sample], $"size {size}: sample {sample} comes twice");
                seen[sample] = true;
            }
        });
    }

    [Fact]
    public void The_order_is_a_permutation_for_every_seed_epoch_and_block_size() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<ulong>(), Gen.Choose(1, 700).ToArbitrary(), Gen.Choose(0, 100).ToArbitrary(),
            (seed, size, block) =>
            {
                var order = new SampleOrder(size, seed, block);
                return Enumerable.Range(0, size).Select(position => order.SampleAt(block, position)).Order()
                    .SequenceEqual(Enumerable.Range(0, size).Select(i => (long)i));
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void Epochs_are_laid_end_to_end_and_differ()
    {
        var order = new SampleOrder(100, seed: 1);
        Assert.Equal((2L, order.SampleAt(2, 34)), order.At(234));
        var first = Enumerable.Range(0, 100).Select(position => order.SampleAt(0, position));
        Assert.NotEqual(first, Enumerable.Range(0, 100).Select(position => order.SampleAt(1, position)));
        Assert.NotEqual(first, Enumerable.Range(0, 100).Select(position => new SampleOrder(100, seed: 2).SampleAt(0, position)));
    }

    [Fact]
    public void Every_sample_is_equally_likely_at_a_position()
    {
        // 8 samples over 8,000 epochs: 1,000 each, standard deviation 29.6; the bounds are five of them away.
        var order = new SampleOrder(8, seed: 3);
        foreach (int position in new[] { 0, 3, 7 })
        {
            var counts = Enumerable.Range(0, 8000).CountBy(epoch => order.SampleAt(epoch, position)).Select(pair => pair.Value);
            Assert.All(counts, count => Assert.InRange(count, 850, 1150));
        }
    }

    [Fact]
    public void A_corpus_of_a_billion_samples_has_an_order_too()
    {
        var order = new SampleOrder(1_000_000_007, seed: 5);
        var drawn = Enumerable.Range(0, 10_000).Select(position => order.SampleAt(0, position)).ToList();
        Assert.Equal(10_000, drawn.Distinct().Count());
        Assert.All(drawn, sample => Assert.InRange(sample, 0, 1_000_000_006));
        Assert.InRange(drawn.Average(), 480_000_000, 520_000_000);
    }

    [Fact]
    public void Block_shuffle_reads_whole_blocks_one_after_another()
    {
        var order = new SampleOrder(1050, seed: 9, blockSize: 100);
        var blocks = Enumerable.Range(0, 1050).Select(position => order.SampleAt(0, position) / 100).ToList();
        int changes = blocks.Zip(blocks.Skip(1)).Count(pair => pair.First != pair.Second);
        Assert.Equal(10, changes);
    }

    [Fact]
    public void A_mask_has_its_exact_count_ascending_and_the_same_for_the_same_key() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<ulong>(), Gen.Choose(1, 256).ToArbitrary(), Gen.Choose(0, 100).ToArbitrary(),
            (seed, patches, percent) =>
            {
                var kept = new int[PatchMask.KeptCount(patches, percent / 100.0)];
                var again = new int[kept.Length];
                PatchMask.Keep(seed, epoch: percent, sample: patches, patches, kept);
                PatchMask.Keep(seed, epoch: percent, sample: patches, patches, again);
                return kept.SequenceEqual(again) && kept.All(patch => patch >= 0 && patch < patches)
                    && kept.Zip(kept.Skip(1)).All(pair => pair.First < pair.Second);
            }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(196, 0.75, 49)]
    [InlineData(64, 0.75, 16)]
    [InlineData(64, 0.6, 25)]
    [InlineData(64, 1.0, 1)]
    public void The_count_of_kept_patches_is_that_of_the_reference_code(int patches, double ratio, int expected) =>
        Assert.Equal(expected, PatchMask.KeptCount(patches, ratio));

    [Fact]
    public void Every_patch_is_kept_equally_often()
    {
        var counts = new int[64];
        Span<int> kept = stackalloc int[16];
        for (int sample = 0; sample < 8000; sample++)
        {
            PatchMask.Keep(seed: 1, epoch: 0, sample, patches: 64, kept);
            foreach (int patch in kept)
                counts[patch]++;
        }
        // 2,000 each, standard deviation 38.7.
        Assert.All(counts, count => Assert.InRange(count, 1800, 2200));
    }

    [Fact]
    public void Bounded_numbers_are_unbiased_and_streams_of_different_purposes_differ()
    {
        var random = new CounterRandom(1, RandomPurpose.Crop, 0, 0);
        var counts = new int[3];
        for (int i = 0; i < 30_000; i++)
            counts[random.Next(3)]++;
        Assert.All(counts, count => Assert.InRange(count, 9_500, 10_500));
        Assert.NotEqual(
            new CounterRandom(1, RandomPurpose.Crop, 0, 0).NextUInt64(), new CounterRandom(1, RandomPurpose.Flip, 0, 0).NextUInt64());
    }
}
