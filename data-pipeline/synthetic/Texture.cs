namespace ActorTrain.DataPipeline;

/// <summary>The pattern of one image: how it is turned and shifted, where its centre lies, and how fine it is.</summary>
internal readonly record struct Texture(double Angle, double Frequency, double PhaseX, double PhaseY, double CenterX, double CenterY)
{
    public static Texture Draw(ref CounterRandom random) => new(
        (random.NextDouble() - 0.5) * 0.5,
        2 * Math.PI / (0.4 + (random.NextDouble() * 0.35)),
        random.NextDouble() * 2 * Math.PI,
        random.NextDouble() * 2 * Math.PI,
        (random.NextDouble() - 0.5) * 0.8,
        (random.NextDouble() - 0.5) * 0.8);

    /// <summary>The pattern of a class at (u, v): from -1 (background) to 1 (figure), with soft edges.</summary>
    public double At(int label, double u, double v)
    {
        double wave = label switch
        {
            0 => Wave(0, u, v, PhaseX) * Wave(Math.PI / 2, u, v, PhaseY),
            1 => Wave(Math.PI / 4, u, v, PhaseX),
            2 => Wave(0, u, v, PhaseX) + Wave(Math.PI / 2, u, v, PhaseY) - 0.6,
            3 => Wave(Math.PI / 2, u, v, PhaseX),
            4 => Math.Sin((Math.Sqrt(((u - CenterX) * (u - CenterX)) + ((v - CenterY) * (v - CenterY))) * Frequency) + PhaseX),
            _ => Wave(0, u, v, PhaseX),
        };
        return Math.Tanh(2 * wave);
    }

    /// <summary>A plane wave that travels in the given direction, counted from the pattern's own.</summary>
    private double Wave(double direction, double u, double v, double phase)
    {
        var (sin, cos) = Math.SinCos(Angle + direction);
        return Math.Sin((((u * cos) + (v * sin)) * Frequency) + phase);
    }
}
