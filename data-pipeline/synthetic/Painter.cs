namespace ActorTrain.DataPipeline;

/// <summary>The look of one image: the colours, texture and noise of its domain.</summary>
internal sealed record Painter(SyntheticDomain Domain, double[] Ground, double[] Slope, double[] Shape, double Angle, double Frequency, double Phase, double Contrast)
{
    private const double SourceNoise = 0.03;
    private const double TargetNoise = 0.15;
    private const double RibbonWidth = 0.16;

    public static Painter Draw(SyntheticDomain domain, ref CounterRandom random)
    {
        double[] ground = Colour(ref random), slope = Colour(ref random), shape = Colour(ref random);
        // A coloured shape keeps away from its ground in one channel at least.
        int channel = random.Next(3);
        shape[channel] = ground[channel] > 0.5 ? ground[channel] - 0.45 : ground[channel] + 0.45;
        double contrast = 0.25 + (random.NextDouble() * 0.2);
        return new Painter(domain, ground, slope, shape, random.NextDouble() * Math.PI, 6 + (random.NextDouble() * 8), random.NextDouble() * 2 * Math.PI, contrast);
    }

    /// <summary>Paints the pixel at (u, v) that lies at a signed distance from the shape's edge.</summary>
    public void Paint(double u, double v, double distance, double pixel, ref CounterRandom random, Span<byte> rgb)
    {
        if (Domain == SyntheticDomain.Source)
        {
            double inside = Coverage(distance, pixel);
            for (int channel = 0; channel < 3; channel++)
            {
                double ground = Ground[channel] + ((Slope[channel] - 0.5) * 0.3 * (u + v));
                rgb[channel] = ToByte(ground + ((Shape[channel] - ground) * inside) + ((random.NextDouble() - 0.5) * 2 * SourceNoise));
            }
            return;
        }
        var (sin, cos) = Math.SinCos(Angle);
        double stripes = 0.12 * Math.Sin((((u * cos) + (v * sin)) * Frequency) + Phase);
        double ribbon = Coverage(Math.Abs(distance) - (RibbonWidth / 2), pixel);
        rgb.Fill(ToByte(0.5 + stripes + (Contrast * ribbon) + ((random.NextDouble() - 0.5) * 2 * TargetNoise)));
    }

    private static double[] Colour(ref CounterRandom random) => [random.NextDouble(), random.NextDouble(), random.NextDouble()];

    private static double Coverage(double distance, double pixel) => Math.Clamp(0.5 - (distance / pixel), 0, 1);

    private static byte ToByte(double value) => (byte)Math.Clamp((value * 255) + 0.5, 0, 255);
}
