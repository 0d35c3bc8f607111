namespace ActorTrain.Model;

/// <summary>Fills the tensors of a model that has not been trained, from a seed alone (the same on every machine).</summary>
internal static class FreshWeights
{
    private const double NormalDeviation = 0.02;

    /// <summary>Fills each tensor by its own kind of initialisation.</summary>
    public static void Fill(IEnumerable<Weight> weights, ulong seed)
    {
        ulong state = seed;
        foreach (Weight weight in weights)
            weight.Set(Values(weight, ref state));
    }

    private static float[] Values(Weight weight, ref ulong state)
    {
        float[] values = new float[weight.Count];
        switch (weight.Initialisation)
        {
            case Initialisation.Ones:
                Array.Fill(values, 1f);
                break;
            case Initialisation.XavierUniform:
                // A convolution over patches is a matrix [outputs, channels · rows · columns]; a packed one counts all its rows.
                double bound = Math.Sqrt(6.0 / (weight.Tensor.shape[0] + weight.Count / weight.Shape[0]));
                for (int index = 0; index < values.Length; index++)
                    values[index] = (float)((2 * NextDouble(ref state) - 1) * bound);
                break;
            case Initialisation.Normal:
                for (int index = 0; index < values.Length; index++)
                    values[index] = (float)(NormalDeviation * NextNormal(ref state));
                break;
            case Initialisation.Positions:
                FillPositions(values, (int)weight.Shape[1] - 1, (int)weight.Shape[2]);
                break;
        }
        return values;
    }

    /// <summary>
    /// Sine-cosine position embeddings: CLS has zeros; a patch has sin and cos of its column, then of its row,
    /// over frequencies 10000^(−i / (width / 4)) (MAE's <c>pos_embed.py</c>).
    /// </summary>
    private static void FillPositions(float[] values, int patches, int width)
    {
        int side = (int)Math.Sqrt(patches);
        int quarter = width / 4;
        for (int patch = 0; patch < patches; patch++)
        {
            Span<float> row = values.AsSpan((1 + patch) * width, width);
            for (int frequency = 0; frequency < quarter; frequency++)
            {
                double omega = 1 / Math.Pow(10000, (double)frequency / quarter);
                (double column, double line) = (patch % side * omega, patch / side * omega);
                row[frequency] = (float)Math.Sin(column);
                row[quarter + frequency] = (float)Math.Cos(column);
                row[2 * quarter + frequency] = (float)Math.Sin(line);
                row[3 * quarter + frequency] = (float)Math.Cos(line);
            }
        }
    }

    /// <summary>Box-Muller transform.</summary>
    private static double NextNormal(ref ulong state)
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble(ref state)));
        return radius * Math.Cos(2 * Math.PI * NextDouble(ref state));
    }

    /// <summary>SplitMix64 (Steele, Lea &amp; Flood 2014) in [0, 1).</summary>
    private static double NextDouble(ref ulong state)
    {
        ulong mixed = state += 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        mixed ^= mixed >> 31;
        return (mixed >> 11) * (1.0 / (1UL << 53));
    }
}
