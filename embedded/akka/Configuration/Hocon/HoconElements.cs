using System.Text;

namespace Akka.Configuration.Hocon;

/// <summary>A piece of a value: literal text, an array, an object or a substitution. Pieces side by side are concatenated.</summary>
public interface IHoconElement
{
    bool IsString();

    string GetString();

    bool IsArray();

    IList<HoconValue> GetArray();
}

public interface IMightBeAHoconObject
{
    bool IsObject();

    HoconObject GetObject();
}

public class HoconRoot
{
    public HoconRoot(HoconValue value)
        : this(value, [])
    {
    }

    public HoconRoot(HoconValue value, IEnumerable<HoconSubstitution> substitutions)
    {
        Value = value;
        Substitutions = substitutions;
    }

    public HoconValue Value { get; }

    public IEnumerable<HoconSubstitution> Substitutions { get; }
}

public class HoconLiteral : IHoconElement
{
    public string Value { get; set; } = "";

    public bool IsString() => true;

    public string GetString() => Value;

    public bool IsArray() => false;

    public IList<HoconValue> GetArray() => throw new NotSupportedException("This element is a string literal and not an array.");

    public override string ToString() => Value;
}

public class HoconArray : List<HoconValue>, IHoconElement
{
    public bool IsString() => false;

    public string GetString() => throw new NotSupportedException("This element is an array and not a string.");

    public bool IsArray() => true;

    public IList<HoconValue> GetArray() => this;

    public override string ToString() => "[" + string.Join(",", this) + "]";
}

/// <summary><c>${path}</c>: what stands at that path of the same text.</summary>
public class HoconSubstitution(string path) : IHoconElement, IMightBeAHoconObject
{
    public string Path { get; set; } = path;

    public HoconValue? ResolvedValue { get; set; }

    public bool IsString() => ResolvedValue!.IsString();

    public string GetString() => ResolvedValue!.GetString();

    public bool IsArray() => ResolvedValue!.IsArray();

    public IList<HoconValue> GetArray() => ResolvedValue!.GetArray();

    public bool IsObject() => ResolvedValue != null && ResolvedValue.IsObject();

    public HoconObject GetObject() => ResolvedValue!.GetObject();
}

public class HoconObject : IHoconElement
{
    public Dictionary<string, HoconValue> Items { get; private init; } = [];

    public bool IsString() => false;

    public string GetString() => throw new NotSupportedException("This element is an object and not a string.");

    public bool IsArray() => false;

    public IList<HoconValue> GetArray() => throw new NotSupportedException("This element is an object and not an array.");

    public HoconValue GetKey(string key) => Items.GetValueOrDefault(key)!;

    public HoconValue GetOrCreateKey(string key)
    {
        if (!Items.TryGetValue(key, out var value))
            Items.Add(key, value = new HoconValue());
        return value;
    }

    /// <summary>Takes over <paramref name="other"/>'s values, object by object; where both have a value, the other's wins.</summary>
    public void Merge(HoconObject other)
    {
        foreach (var (key, value) in MergeImmutable(other).Items)
            Items[key] = value;
    }

    internal HoconObject MergeImmutable(HoconObject other)
    {
        var items = new Dictionary<string, HoconValue>(Items);
        foreach (var (key, value) in other.Items)
        {
            items[key] = items.TryGetValue(key, out var mine) && mine.IsObject() && value.IsObject()
                ? new HoconValue([mine.GetObject().MergeImmutable(value.GetObject())])
                : value;
        }
        return new HoconObject { Items = items };
    }

    public override string ToString() => ToString(0);

    public string ToString(int indent)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in Items)
            text.Append(' ', indent * 2).Append(HoconValue.Quote(key, isKey: true)).Append(" : ").Append(value.ToString(indent + 1)).Append('\n');
        return text.ToString();
    }
}
