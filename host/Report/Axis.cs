using System.Globalization;
using ActorTrain.Host.Results;

namespace ActorTrain.Host.Report;

/// <summary>Maps values to a length on paper, and chooses round numbers for its marks.</summary>
internal sealed class Axis
{
    private readonly double _minimum;
    private readonly double _maximum;
    private readonly double _start;
    private readonly double _end;
    private readonly double _step;

    /// <summary>An axis over a range of values.</summary>
    /// <param name="minimum">The least value shown.</param>
    /// <param name="maximum">The greatest value shown.</param>
    /// <param name="start">Where the least value lies on paper.</param>
    /// <param name="end">Where the greatest value lies on paper.</param>
    /// <param name="marks">About how many marks there is room for.</param>
    public Axis(double minimum, double maximum, double start, double end, int marks)
    {
        double range = maximum - minimum;
        if (!(range > 0))
        {
            range = Math.Max(1e-6, Math.Abs(minimum) * 0.1);
            minimum -= range / 2;
        }
        (_minimum, _maximum, _start, _end) = (minimum, minimum + range, start, end);
        _step = RoundStep(range / marks);
    }

    /// <summary>The place of a value on paper; values outside the range stay at its ends.</summary>
    public double At(double value) => _start + (_end - _start) * (Math.Clamp(value, _minimum, _maximum) - _minimum) / (_maximum - _minimum);

    /// <summary>Round values with their labels.</summary>
    public IEnumerable<(double Value, string Label)> Marks()
    {
        int decimals = Math.Max(0, -(int)Math.Floor(Math.Log10(_step)));
        for (long mark = (long)Math.Ceiling(_minimum / _step - 1e-9); mark * _step <= _maximum + _step * 1e-9; mark++)
        {
            double value = mark * _step;
            yield return (value, value >= 10_000
                ? (value / 1000).ToString("0.###", CultureInfo.InvariantCulture) + "k"
                : Numbers.Written(value, "F" + decimals));
        }
    }

    /// <summary>1, 2 or 5 times a power of ten, not below the given step.</summary>
    private static double RoundStep(double step)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        return (step / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
    }
}
