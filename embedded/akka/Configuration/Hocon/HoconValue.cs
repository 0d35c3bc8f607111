using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Akka.Configuration.Hocon;

/// <summary>What stands right of a key: a sequence of elements, read as the type that the caller wants.</summary>
public partial class HoconValue : IMightBeAHoconObject
{
    private static readonly Dictionary<string, long> ByteFactors = MakeByteFactors();

    public HoconValue()
        : this([])
    {
    }

    public HoconValue(List<IHoconElement> values, bool adoptedFromFallback = true)
    {
        Values = values;
    }

    public List<IHoconElement> Values { get; }

    public bool IsEmpty => Values.Count == 0 || (Values[0] is HoconObject first && first.Items.Count == 0);

    public void AppendValue(IHoconElement value) => Values.Add(value);

    public void Clear() => Values.Clear();

    public void NewValue(IHoconElement value)
    {
        Values.Clear();
        Values.Add(value);
    }

    /// <returns>The object, or null when this value is none.</returns>
    public HoconObject GetObject() => Values.Count == 0
        ? null!
        : Values[0] switch
        {
            HoconObject value => value,
            IMightBeAHoconObject value when value.IsObject() => value.GetObject(),
            _ => null!,
        };

    public bool IsObject() => GetObject() != null;

    public HoconValue GetChildObject(string key) => GetObject()?.GetKey(key)!;

    public bool IsString() => Values.Count > 0 && Values.TrueForAll(value => value.IsString());

    /// <returns>The text, or null for <c>null</c> and for what is no text.</returns>
    public string GetString()
    {
        if (!IsString())
            return null!;
        var text = string.Concat(Values.Select(value => value.GetString())).Trim();
        return text == "null" ? null! : text;
    }

    public bool GetBoolean() => GetString() switch
    {
        "on" or "true" => true,
        "off" or "false" => false,
        var text => throw new NotSupportedException($"Unknown boolean format: {text}"),
    };

    public int GetInt() => int.Parse(GetString(), NumberFormatInfo.InvariantInfo);

    public long GetLong() => long.Parse(GetString(), NumberFormatInfo.InvariantInfo);

    public double GetDouble() => double.Parse(GetString(), NumberFormatInfo.InvariantInfo);

    public bool IsArray() => GetArray().Count != 0;

    public IList<HoconValue> GetArray() => Values.Where(value => value.IsArray()).SelectMany(value => value.GetArray()).ToList();

    public IList<int> GetIntList() => GetArray().Select(value => value.GetInt()).ToList();

    public IList<string> GetStringList() => GetArray().Select(value => value.GetString()).ToList();

    /// <summary>A duration: a number with a unit from <c>ns</c> to <c>days</c>, a bare number of milliseconds, or <c>infinite</c>.</summary>
    public TimeSpan GetTimeSpan(bool allowInfinite = true)
    {
        var text = GetString();
        var match = Duration().Match(text);
        if (match.Success)
        {
            var value = double.Parse(match.Groups["value"].ValueSpan, NumberFormatInfo.InvariantInfo);
            return match.Groups["unit"].Value switch
            {
                "ns" or "nano" or "nanos" or "nanosecond" or "nanoseconds" => TimeSpan.FromTicks((long)Math.Round(value / TimeSpan.NanosecondsPerTick)),
                "us" or "micro" or "micros" or "microsecond" or "microseconds" => TimeSpan.FromTicks((long)Math.Round(value * TimeSpan.TicksPerMicrosecond)),
                "ms" or "milli" or "millis" or "millisecond" or "milliseconds" => TimeSpan.FromMilliseconds(value),
                "s" or "second" or "seconds" => TimeSpan.FromSeconds(value),
                "m" or "minute" or "minutes" => TimeSpan.FromMinutes(value),
                "h" or "hour" or "hours" => TimeSpan.FromHours(value),
                _ => TimeSpan.FromDays(value),
            };
        }
        if (allowInfinite && text.Equals("infinite", StringComparison.OrdinalIgnoreCase))
            return Timeout.InfiniteTimeSpan;
        var milliseconds = double.Parse(text, NumberFormatInfo.InvariantInfo);
        return milliseconds < 0
            ? throw new FormatException($"Expected a positive value instead of {text}")
            : TimeSpan.FromMilliseconds(milliseconds);
    }

    /// <summary>A size in bytes: <c>64KiB</c>, <c>64k</c> (both 65,536), <c>64kB</c> (64,000), …</summary>
    public long? GetByteSize()
    {
        var text = GetString();
        if (string.IsNullOrEmpty(text))
            return null;
        var digits = text.AsSpan().LastIndexOfAnyInRange('0', '9') + 1;
        var unit = text[digits..].Trim();
        if (digits == 0 || unit.Length == 0)
            return long.Parse(text, NumberFormatInfo.InvariantInfo);
        return ByteFactors.TryGetValue(unit, out var factor)
            ? checked(factor * long.Parse(text.AsSpan(0, digits), NumberStyles.Integer, NumberFormatInfo.InvariantInfo))
            : throw new FormatException($"{unit} is not a valid byte size suffix");
    }

    public override string ToString() => ToString(0);

    public virtual string ToString(int indent)
    {
        if (IsString())
            return GetString() is { } text ? Quote(text, isKey: false) : "null";
        if (GetObject() is { } value)
            return indent == 0 ? value.ToString(0) : $"{{\n{value.ToString(indent)}{new string(' ', (indent - 1) * 2)}}}";
        return "[" + string.Join(", ", GetArray().Select(element => element.ToString(indent + 1))) + "]";
    }

    internal static string Quote(string text, bool isKey)
    {
        if (text.Length > 0 && text != "null" && !text.Contains("//", StringComparison.Ordinal)
            && text.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '/' || (character == '.' && !isKey)))
            return text;
        var quoted = new StringBuilder("\"");
        foreach (var character in text)
        {
            quoted.Append(character switch
            {
                '"' => "\\\"",
                '\\' => @"\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ => character.ToString(),
            });
        }
        return quoted.Append('"').ToString();
    }

    private static Dictionary<string, long> MakeByteFactors()
    {
        var factors = new Dictionary<string, long> { ["b"] = 1, ["B"] = 1, ["byte"] = 1, ["bytes"] = 1 };
        string[] decimals = ["kilo", "mega", "giga", "tera", "peta", "exa"];
        string[] binaries = ["kibi", "mebi", "gibi", "tebi", "pebi", "exbi"];
        long thousands = 1;
        long binary = 1;
        for (var power = 0; power < decimals.Length; power++)
        {
            thousands *= 1000;
            binary *= 1024;
            var letter = char.ToUpperInvariant(decimals[power][0]);
            foreach (var unit in new[] { $"{letter}", $"{char.ToLowerInvariant(letter)}", $"{letter}i", $"{letter}iB", binaries[power] + "byte", binaries[power] + "bytes" })
                factors[unit] = binary;
            foreach (var unit in new[] { power == 0 ? "kB" : $"{letter}B", decimals[power] + "byte", decimals[power] + "bytes" })
                factors[unit] = thousands;
        }
        return factors;
    }

    [GeneratedRegex(@"^(?<value>[0-9]+(\.[0-9]+)?)\s*(?<unit>ns|nano(s|seconds?)?|us|micro(s|seconds?)?|ms|milli(s|seconds?)?|s|seconds?|m|minutes?|h|hours?|d|days?)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Duration();
}
