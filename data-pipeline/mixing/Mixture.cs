namespace ActorTrain.DataPipeline.Mixing;

/// <summary>With which image an image is mixed, and how: fixed by (seed, epoch, sample), never by the batch around it.</summary>
/// <param name="Kind">The technique.</param>
/// <param name="Partner">The other sample's number. Every one is equally likely, the image itself too if it is among them.</param>
/// <param name="Share">λ, what is left of the image itself; CutMix rounds and clips its rectangle and so may leave more.</param>
/// <param name="X">CutMix: column of the rectangle's centre.</param>
/// <param name="Y">CutMix: row of the rectangle's centre.</param>
internal readonly record struct Mixture(MixKind Kind, long Partner, double Share, int X, int Y)
{
    /// <summary>Draws the mixture of a sample in an epoch.</summary>
    /// <param name="kind">The technique.</param>
    /// <param name="alpha">α of the share's Beta(α, α).</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="sample">The sample that is to be mixed.</param>
    /// <param name="partners">How many samples it may be mixed with.</param>
    /// <param name="size">Width and height in pixels.</param>
    public static Mixture Draw(MixKind kind, double alpha, ulong seed, long epoch, long sample, long partners, int size)
    {
        var random = new CounterRandom(seed, RandomPurpose.Mix, epoch, sample);
        return new Mixture(kind, random.NextInt64(partners), SymmetricBeta.Draw(ref random, alpha), random.Next(size), random.Next(size));
    }

    /// <summary>Mixes planes [3, size, size] of the partner into those of the image itself.</summary>
    public void Apply(Span<byte> own, ReadOnlySpan<byte> partner, int size)
    {
        if (Kind == MixKind.MixUp)
            Blend(own, partner);
        else
            Paste(own, partner, size);
    }

    /// <summary>λ · own + (1 − λ) · partner, rounded to the nearest level and from halfway to the even one.</summary>
    private void Blend(Span<byte> own, ReadOnlySpan<byte> partner)
    {
        double rest = 1 - Share;
        for (int i = 0; i < own.Length; i++)
            own[i] = (byte)Math.Round((Share * own[i]) + (rest * partner[i]));
    }

    /// <summary>The partner's pixels in a rectangle of √(1 − λ) of either side, clipped at the borders, as in the authors' code.</summary>
    private void Paste(Span<byte> own, ReadOnlySpan<byte> partner, int size)
    {
        int half = (int)(size * Math.Sqrt(1 - Share)) / 2;
        int left = Math.Max(0, X - half), right = Math.Min(size, X + half), bottom = Math.Min(size, Y + half);
        for (int plane = 0; plane < 3; plane++)
        {
            for (int row = Math.Max(0, Y - half); row < bottom; row++)
            {
                int start = (((plane * size) + row) * size) + left;
                partner.Slice(start, right - left).CopyTo(own[start..]);
            }
        }
    }
}
