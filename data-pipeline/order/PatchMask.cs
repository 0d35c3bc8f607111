namespace ActorTrain.DataPipeline;

/// <summary>Which patches of an image stay visible to the masked auto-encoder.</summary>
public static class PatchMask
{
    /// <summary>Number of visible patches: the whole part of patches × (1 − ratio), as in facebookresearch/mae, and at least 1.</summary>
    public static int KeptCount(int patches, double maskRatio) => Math.Max(1, (int)(patches * (1 - maskRatio)));

    /// <summary>
    /// Fills <paramref name="kept"/> with that many different patch numbers of [0, <paramref name="patches"/>), ascending; every set is
    /// equally likely and fixed by (seed, epoch, sample). Selection sampling: Knuth, TAOCP 2, algorithm 3.4.2 S.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">More patches are to be kept than there are.</exception>
    public static void Keep(ulong seed, long epoch, long sample, int patches, Span<int> kept)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kept.Length, patches);
        var random = new CounterRandom(seed, RandomPurpose.Mask, epoch, sample);
        int chosen = 0;
        for (int patch = 0; chosen < kept.Length; patch++)
        {
            if (random.Next(patches - patch) < kept.Length - chosen)
                kept[chosen++] = patch;
        }
    }
}
