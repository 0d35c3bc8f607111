namespace TorchSharp;

/// <summary>A number as an operator's argument: whole, floating-point or boolean.</summary>
public sealed class Scalar : IDisposable
{
    internal Scalar(ArgumentKind kind, long bits)
    {
        Kind = kind;
        Bits = bits;
    }

    internal ArgumentKind Kind { get; }

    internal long Bits { get; }

    public static implicit operator Scalar(byte value) => value.ToScalar();

    public static implicit operator Scalar(int value) => value.ToScalar();

    public static implicit operator Scalar(long value) => value.ToScalar();

    public static implicit operator Scalar(float value) => value.ToScalar();

    public static implicit operator Scalar(double value) => value.ToScalar();

    public static implicit operator Scalar(bool value) => value.ToScalar();

    public torch.ScalarType Type => Kind switch
    {
        ArgumentKind.Int => torch.ScalarType.Int64,
        ArgumentKind.Double => torch.ScalarType.Float64,
        _ => torch.ScalarType.Bool,
    };

    /// <summary>Nothing native is held; the package's scalars are disposable, so code written for them may dispose these.</summary>
    public void Dispose()
    {
    }
}

public static class ScalarExtensionMethods
{
    public static Scalar ToScalar(this byte value) => new(ArgumentKind.Int, value);

    public static Scalar ToScalar(this int value) => new(ArgumentKind.Int, value);

    public static Scalar ToScalar(this long value) => new(ArgumentKind.Int, value);

    public static Scalar ToScalar(this float value) => ((double)value).ToScalar();

    public static Scalar ToScalar(this double value) => new(ArgumentKind.Double, BitConverter.DoubleToInt64Bits(value));

    public static Scalar ToScalar(this bool value) => new(ArgumentKind.Bool, value ? 1 : 0);

    public static float ToSingle(this Scalar value) => (float)value.ToDouble();

    public static double ToDouble(this Scalar value) =>
        value.Kind == ArgumentKind.Double ? BitConverter.Int64BitsToDouble(value.Bits) : value.Bits;

    public static int ToInt32(this Scalar value) => checked((int)value.ToInt64());

    public static long ToInt64(this Scalar value) =>
        value.Kind == ArgumentKind.Double ? checked((long)BitConverter.Int64BitsToDouble(value.Bits)) : value.Bits;

    public static bool ToBoolean(this Scalar value) => value.ToDouble() != 0;
}
