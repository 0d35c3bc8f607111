namespace ActorTrain.DataPipeline;

/// <summary>What a random number is for. Streams of different purposes never meet; the values are part of every run's bits.</summary>
public enum RandomPurpose
{
    /// <summary>Order of the samples in an epoch.</summary>
    Order = 1,
    /// <summary>Patches that stay visible.</summary>
    Mask = 2,
    /// <summary>Place of the crop.</summary>
    Crop = 3,
    /// <summary>Whether an image is mirrored.</summary>
    Flip = 4,
    /// <summary>Samples chosen under a limit.</summary>
    Subset = 5,
    /// <summary>Synthetic images.</summary>
    Synthesis = 6,
    /// <summary>Tokens whose prediction is trained.</summary>
    TokenChoice = 7,
    /// <summary>What stands in the place of a chosen token.</summary>
    TokenReplacement = 8,
    /// <summary>Order of the batches within a window of length buckets.</summary>
    Bucket = 9,
    /// <summary>Samples, or groups of them, held out for validation.</summary>
    HoldOut = 10,
    /// <summary>Order of the replayed source samples.</summary>
    ReplayOrder = 11,
    /// <summary>What an image is mixed with, and how much of each.</summary>
    Mix = 12,
}

/// <summary>
/// Random numbers from a counter instead of a state: the same (seed, purpose, epoch, sample) gives the same numbers on every
/// machine, in any order. Philox-4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC11).
/// The key is the seed; the counter holds sample (64 bits), epoch (32), purpose (8) and the block within the stream (24).
/// </summary>
public struct CounterRandom
{
    private readonly ulong _seed;
    private readonly ulong _sample;
    private readonly uint _epoch;
    private readonly uint _purpose;
    private uint _block;
    private int _next;
    private UInt128 _words;

    /// <summary>Starts the stream of a key. Only the low 32 bits of the epoch count.</summary>
    public CounterRandom(ulong seed, RandomPurpose purpose, long epoch, long sample)
    {
        _seed = seed;
        _sample = (ulong)sample;
        _epoch = (uint)epoch;
        _purpose = (uint)purpose << 24;
        _next = 4;
    }

    /// <summary>32 random bits.</summary>
    public uint NextUInt32()
    {
        if (_next == 4)
        {
            _words = Philox((uint)_sample, (uint)(_sample >> 32), _epoch, _purpose | (_block++ & 0xFFFFFF), (uint)_seed, (uint)(_seed >> 32));
            _next = 0;
        }
        return (uint)(_words >> (32 * _next++));
    }

    /// <summary>64 random bits.</summary>
    public ulong NextUInt64() => NextUInt32() | ((ulong)NextUInt32() << 32);

    /// <summary>A number in [0, bound), every one equally likely (Lemire: "Fast random integer generation in an interval", 2019).</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is not positive.</exception>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        uint range = (uint)bound;
        ulong product = (ulong)NextUInt32() * range;
        if ((uint)product < range)
        {
            uint threshold = (0u - range) % range;
            while ((uint)product < threshold)
                product = (ulong)NextUInt32() * range;
        }
        return (int)(product >> 32);
    }

    /// <summary>The same for bounds of 64 bits.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is not positive.</exception>
    public long NextInt64(long bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        ulong range = (ulong)bound;
        var product = (UInt128)NextUInt64() * range;
        if ((ulong)product < range)
        {
            ulong threshold = (0ul - range) % range;
            while ((ulong)product < threshold)
                product = (UInt128)NextUInt64() * range;
        }
        return (long)(product >> 64);
    }

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>One block of Philox-4x32-10; the first output word is the lowest of the result.</summary>
    internal static UInt128 Philox(uint counter0, uint counter1, uint counter2, uint counter3, uint key0, uint key1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong product0 = (ulong)counter0 * 0xD2511F53;
            ulong product1 = (ulong)counter2 * 0xCD9E8D57;
            (counter0, counter1, counter2, counter3) =
                ((uint)(product1 >> 32) ^ counter1 ^ key0, (uint)product1, (uint)(product0 >> 32) ^ counter3 ^ key1, (uint)product0);
            key0 += 0x9E3779B9;
            key1 += 0xBB67AE85;
        }
        return new UInt128(counter2 | ((ulong)counter3 << 32), counter0 | ((ulong)counter1 << 32));
    }
}
