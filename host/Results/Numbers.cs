using System.Globalization;

namespace ActorTrain.Host.Results;

/// <summary>Numbers as reports write them.</summary>
internal static class Numbers
{
    /// <summary>What stands where a number could not be measured.</summary>
    public const string None = "–";

    /// <summary>A number with a true minus sign, and none before a zero.</summary>
    public static string Written(double value, string format)
    {
        string magnitude = Math.Abs(value).ToString(format, CultureInfo.InvariantCulture);
        return value < 0 && IsNotZero(magnitude) ? "−" + magnitude : magnitude;
    }

    /// <summary>A difference: its sign is always written, but before a zero.</summary>
    public static string Signed(double value, string format)
    {
        string written = Written(value, format);
        return value > 0 && IsNotZero(written) ? "+" + written : written;
    }

    /// <summary>A probability of a test, to three decimals.</summary>
    public static string Probability(double? value) => value switch
    {
        null => None,
        < 0.0005 => "< 0.001",
        { } p => p.ToString("0.000", CultureInfo.InvariantCulture),
    };

    /// <summary>A number in full, as it stands in CSV; nothing where there is none.</summary>
    public static string InFull(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";

    private static bool IsNotZero(string written) => written.Any(digit => digit is >= '1' and <= '9');
}
