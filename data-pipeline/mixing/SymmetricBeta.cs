namespace ActorTrain.DataPipeline.Mixing;

/// <summary>
/// Numbers from a Beta(α, α). Nothing but +, −, ×, ÷ and √ is used, which round alike everywhere; a C library's logarithm does not, and
/// these numbers decide bits.
/// </summary>
internal static class SymmetricBeta
{
    private const double Ln2High = 0.693147180369123816490; // 32 bits, so that small multiples are exact
    private const double Ln2Low = 1.90821492927058770002e-10;

    /// <summary>Draws a number in [0, 1]: X / (X + Y) of two Gamma(α, 1) numbers, through their logarithms, for X of a small α may be too small for a double.</summary>
    public static double Draw(ref CounterRandom random, double alpha)
    {
        double first = LogGamma(ref random, alpha), second = LogGamma(ref random, alpha);
        return 1 / (1 + Exp(Math.Clamp(second - first, -700, 700)));
    }

    /// <summary>
    /// The logarithm of a Gamma(shape, 1) number (Marsaglia and Tsang: "A simple method for generating gamma variables", 2000); one of
    /// a shape below 1 is U^(1 / shape) times one of shape + 1.
    /// </summary>
    private static double LogGamma(ref CounterRandom random, double shape)
    {
        if (shape < 1)
            return (Log(NextPositive(ref random)) / shape) + LogGamma(ref random, shape + 1);
        double d = shape - (1.0 / 3), c = 1 / (3 * Math.Sqrt(d));
        while (true)
        {
            double x = NextNormal(ref random), root = 1 + (c * x);
            if (root <= 0)
                continue;
            double v = root * root * root;
            if (Log(NextPositive(ref random)) < (0.5 * x * x) + (d * (1 - v + Log(v))))
                return Log(d * v);
        }
    }

    /// <summary>Marsaglia's polar method.</summary>
    private static double NextNormal(ref CounterRandom random)
    {
        while (true)
        {
            double x = (2 * random.NextDouble()) - 1, y = (2 * random.NextDouble()) - 1, square = (x * x) + (y * y);
            if (square is > 0 and < 1)
                return x * Math.Sqrt(-2 * Log(square) / square);
        }
    }

    /// <summary>A number in (0, 1].</summary>
    private static double NextPositive(ref CounterRandom random) => 1 - random.NextDouble();

    /// <summary>The natural logarithm of a positive normal number m · 2ᵉ, with ln m = 2 artanh((m − 1) / (m + 1)) as its series.</summary>
    private static double Log(double value)
    {
        int exponent = Math.ILogB(value);
        double mantissa = Math.ScaleB(value, -exponent);
        if (mantissa > 1.5)
            (mantissa, exponent) = (mantissa / 2, exponent + 1);
        double ratio = (mantissa - 1) / (mantissa + 1), square = ratio * ratio, sum = 0;
        for (int power = 25; power >= 1; power -= 2)
            sum = (sum * square) + (1.0 / power);
        return (exponent * Ln2High) + ((exponent * Ln2Low) + (2 * ratio * sum));
    }

    /// <summary>e to the power of a number in [−700, 700]: 2ᵏ · eʳ with |r| ≤ ln 2 / 2, as its series.</summary>
    private static double Exp(double value)
    {
        double k = Math.Round(value / (Ln2High + Ln2Low));
        double rest = value - (k * Ln2High) - (k * Ln2Low), sum = 1;
        for (int term = 16; term >= 1; term--)
            sum = 1 + (sum * rest / term);
        return Math.ScaleB(sum, (int)k);
    }
}
