namespace ActorTrain.DataPipeline;

/// <summary>The look of one image: the colours, contrast, shading and noise of its domain.</summary>
internal sealed record Painter(SyntheticDomain Domain, double[] Ground, double[] Figure, double Contrast, double ShadeU, double ShadeV)
{
    private const double SourceNoise = 0.03;
    private const double TargetNoise = 0.4;

    public static Painter Draw(SyntheticDomain domain, ref CounterRandom random)
    {
        double[] ground = Colour(ref random), figure = Colour(ref random);
        // A coloured figure keeps away from its ground in one channel at least.
        int channel = random.Next(3);
        figure[channel] = ground[channel] > 0.5 ? ground[channel] - 0.45 : ground[channel] + 0.45;
        double contrast = 0.1 + (random.NextDouble() * 0.1);
        return new Painter(domain, ground, figure, contrast, (random.NextDouble() - 0.5) * 0.3, (random.NextDouble() - 0.5) * 0.3);
    }

    /// <summary>Paints the pixel at (u, v), where the texture is between -1 (background) and 1 (figure).</summary>
    public void Paint(double u, double v, double texture, ref CounterRandom random, Span<byte> rgb)
    {
        if (Domain == SyntheticDomain.Source)
        {
            for (int channel = 0; channel < 3; channel++)
                rgb[channel] = ToByte(Ground[channel] + ((Figure[channel] - Ground[channel]) * (texture + 1) / 2) + Noise(SourceNoise, ref random));
            return;
        }
        rgb.Fill(ToByte(0.5 + (ShadeU * u) + (ShadeV * v) - (Contrast * texture) + Noise(TargetNoise, ref random)));
    }

    private static double[] Colour(ref CounterRandom random) => [random.NextDouble(), random.NextDouble(), random.NextDouble()];

    private static double Noise(double amplitude, ref CounterRandom random) => (random.NextDouble() - 0.5) * 2 * amplitude;

    private static byte ToByte(double value) => (byte)Math.Clamp((value * 255) + 0.5, 0, 255);
}
