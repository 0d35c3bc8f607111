using System.Numerics;

namespace ActorTrain.DataPipeline;

/// <summary>
/// The order in which samples are drawn: a seeded permutation per epoch with random access and no table. A Feistel network
/// permutes the next power of four and positions that fall outside walk on until they fall inside (Black and Rogaway:
/// "Ciphers with arbitrary finite domains", 2002). With a block size, whole blocks are shuffled and then the samples inside
/// each block, so that reads from shards stay nearly sequential.
/// </summary>
public sealed class SampleOrder
{
    private const int Rounds = 8;

    private readonly long _count;
    private readonly ulong _seed;
    private readonly long _blockSize;
    private readonly RandomPurpose _purpose;

    /// <summary>
    /// Creates the order of <paramref name="count"/> samples; <paramref name="blockSize"/> 0 shuffles them all together. Another
    /// <paramref name="purpose"/> gives another order.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is not positive or the block size negative.</exception>
    public SampleOrder(long count, ulong seed, long blockSize = 0, RandomPurpose purpose = RandomPurpose.Order)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfNegative(blockSize);
        _count = count;
        _seed = seed;
        _blockSize = blockSize >= count ? 0 : blockSize;
        _purpose = purpose;
    }

    /// <summary>The sample at a position of an epoch.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The position is not in [0, count).</exception>
    public long SampleAt(long epoch, long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, _count);
        return _blockSize == 0 ? Permute(position, _count, epoch, 0) : SampleInBlocks(epoch, position);
    }

    /// <summary>The epoch and sample at a position of the epochs' permutations laid end to end.</summary>
    public (long Epoch, long Sample) At(long globalPosition)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(globalPosition);
        var (epoch, position) = Math.DivRem(globalPosition, _count);
        return (epoch, SampleAt(epoch, position));
    }

    private long SampleInBlocks(long epoch, long position)
    {
        var (whole, rest) = Math.DivRem(_count, _blockSize);
        // The short block stands before a random one of the whole blocks, or after them all.
        long shortStart = rest == 0 ? long.MaxValue : Permute(0, whole + 1, epoch, 1) * _blockSize;
        if (position >= shortStart && position < shortStart + rest)
            return (whole * _blockSize) + Permute(position - shortStart, rest, epoch, 3 + whole);
        if (position >= shortStart)
            position -= rest;
        var (slot, inside) = Math.DivRem(position, _blockSize);
        long block = Permute(slot, whole, epoch, 2);
        return (block * _blockSize) + Permute(inside, _blockSize, epoch, 3 + block);
    }

    /// <summary>A permutation of [0, size), another one for every (seed, epoch, stream).</summary>
    private long Permute(long value, long size, long epoch, long stream)
    {
        int halfBits = Math.Max(1, (BitOperations.Log2((ulong)Math.Max(size - 1, 1)) + 2) / 2);
        ulong mask = (1UL << halfBits) - 1;
        Span<ulong> keys = stackalloc ulong[Rounds];
        ulong key = new CounterRandom(_seed, _purpose, epoch, stream).NextUInt64();
        for (int round = 0; round < Rounds; round++)
            keys[round] = Mix(key += 0x9E3779B97F4A7C15);
        ulong walked = (ulong)value;
        do
        {
            ulong left = walked >> halfBits, right = walked & mask;
            foreach (ulong roundKey in keys)
                (left, right) = (right, left ^ (Mix(right + roundKey) & mask));
            walked = (left << halfBits) | right;
        }
        while (walked >= (ulong)size);
        return (long)walked;
    }

    /// <summary>The mixing function of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
