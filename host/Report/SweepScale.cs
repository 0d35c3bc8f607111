using System.Globalization;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Report;

/// <summary>
/// Places the values of a swept key on paper: by their logarithm where they span much, else as they are. A limit of 0 means
/// no limit, so it stands behind the others.
/// </summary>
internal sealed class SweepScale
{
    /// <summary>From this ratio of the greatest to the least value on, the scale is logarithmic.</summary>
    private const double Wide = 8;

    /// <summary>Room that a label takes.</summary>
    private const double LabelWidth = 30;

    private readonly double[] _places;
    private readonly double _start;
    private readonly double _end;

    /// <summary>A scale for a key's values.</summary>
    /// <param name="axis">The key and its values, which are numbers.</param>
    /// <param name="start">Where the first value lies on paper.</param>
    /// <param name="end">Where the last value lies on paper.</param>
    public SweepScale(SweepAxis axis, double start, double end)
    {
        Axis = axis;
        (_start, _end) = (start, end);
        double[] values = [.. axis.Values.Select(value => double.Parse(value, CultureInfo.InvariantCulture))];
        double[] numbers = [.. values.Where(value => !IsWithoutLimit(value)).Order()];
        bool logarithmic = numbers.Length > 1 && numbers[0] > 0 && numbers[^1] / numbers[0] >= Wide;
        double[] scaled = [.. numbers.Select(Scaled)];
        double gap = scaled.Length > 1 && scaled[^1] > scaled[0] ? (scaled[^1] - scaled[0]) / (scaled.Length - 1) : 1;
        double least = scaled.Length > 0 ? scaled[0] : 0;
        double last = scaled.Length > 0 ? scaled[^1] : 0;
        double greatest = numbers.Length < values.Length ? last + gap : Math.Max(last, least + 1e-9);
        _places = [.. values.Select(value => ((IsWithoutLimit(value) ? last + gap : Scaled(value)) - least) / (greatest - least))];
        Order = [.. Enumerable.Range(0, values.Length).OrderBy(index => _places[index])];

        double Scaled(double value) => logarithmic ? Math.Log(value) : value;
    }

    /// <summary>The key and its values.</summary>
    public SweepAxis Axis { get; }

    /// <summary>Numbers of the values, from left to right.</summary>
    public IReadOnlyList<int> Order { get; }

    /// <summary>What the axis is called.</summary>
    public string Label => Axis.Key switch
    {
        "pretrain.steps" => "further pre-training steps",
        "data.limit" => "labelled samples",
        "distill.rounds" => "rounds of self-distillation",
        "distill.mae-weight" => "λ, weight of the masked loss",
        _ => Axis.Key,
    };

    /// <summary>The place of a value, by its number in the axis.</summary>
    public double At(int index) => _start + (_end - _start) * _places[index];

    /// <summary>The labels that there is room for.</summary>
    public IEnumerable<(double Place, string Label)> Marks()
    {
        double free = double.NegativeInfinity;
        foreach (int index in Order)
        {
            if (At(index) < free)
                continue;
            free = At(index) + LabelWidth;
            yield return (At(index), IsWithoutLimit(double.Parse(Axis.Values[index], CultureInfo.InvariantCulture)) ? "all" : Axis.Values[index]);
        }
    }

    private bool IsWithoutLimit(double value) => value == 0 && Axis.Key.EndsWith(".limit", StringComparison.Ordinal);
}
