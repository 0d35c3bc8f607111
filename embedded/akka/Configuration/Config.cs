using Akka.Configuration.Hocon;

namespace Akka.Configuration;

/// <summary>A tree of settings. Immutable to its readers: <see cref="WithFallback"/> makes a new one.</summary>
public class Config
{
    public static readonly Config Empty = ConfigurationFactory.Empty;

    public Config()
        : this(new HoconRoot(new HoconValue([new HoconObject()])))
    {
    }

    public Config(HoconRoot root)
    {
        ArgumentNullException.ThrowIfNull(root);
        Root = root.Value;
        Substitutions = root.Substitutions;
    }

    public virtual HoconValue Root { get; }

    public IEnumerable<HoconSubstitution> Substitutions { get; set; }

    public virtual bool IsEmpty => Root.IsEmpty;

    public virtual bool HasPath(string path) => GetValue(path) != null;

    /// <returns>The value at <paramref name="path"/>, or null.</returns>
    public HoconValue GetValue(string path)
    {
        var node = Root;
        foreach (var key in HoconPath.Split(path))
        {
            node = node.GetChildObject(key);
            if (node == null)
                return null!;
        }
        return node;
    }

    public virtual bool GetBoolean(string path, bool @default = false) => GetValue(path) is { } value ? value.GetBoolean() : @default;

    public virtual int GetInt(string path, int @default = 0) => GetValue(path) is { } value ? value.GetInt() : @default;

    public virtual long GetLong(string path, long @default = 0) => GetValue(path) is { } value ? value.GetLong() : @default;

    public virtual double GetDouble(string path, double @default = 0) => GetValue(path) is { } value ? value.GetDouble() : @default;

    public virtual string GetString(string path, string? @default = null) => (GetValue(path) is { } value ? value.GetString() : @default)!;

    public virtual long? GetByteSize(string path) => GetValue(path)?.GetByteSize();

    public virtual long? GetByteSize(string path, long? def = null) => GetValue(path) is { } value ? value.GetByteSize() : def;

    public virtual TimeSpan GetTimeSpan(string path, TimeSpan? @default = null, bool allowInfinite = true) =>
        GetValue(path) is { } value ? value.GetTimeSpan(allowInfinite) : @default.GetValueOrDefault();

    public virtual IList<int> GetIntList(string path) => GetValue(path).GetIntList();

    public virtual IList<string> GetStringList(string path) => GetValue(path)?.GetStringList() ?? [];

    public virtual IList<string> GetStringList(string path, string[] defaultPaths) => GetValue(path)?.GetStringList() ?? defaultPaths;

    /// <returns>The settings below <paramref name="path"/>, or null.</returns>
    public virtual Config GetConfig(string path) => GetValue(path) is { } value ? new Config(new HoconRoot(value)) : null!;

    /// <summary>These settings, and <paramref name="fallback"/>'s where these say nothing.</summary>
    public virtual Config WithFallback(Config fallback)
    {
        if (ReferenceEquals(fallback, this))
            throw new ArgumentException("Config can not have itself as fallback", nameof(fallback));
        if (fallback == null || fallback.IsEmpty)
            return this;
        if (IsEmpty)
            return fallback;
        var merged = fallback.Root.GetObject().MergeImmutable(Root.GetObject());
        return new Config(new HoconRoot(new HoconValue([merged])));
    }

    public virtual IEnumerable<KeyValuePair<string, HoconValue>> AsEnumerable() => Root.GetObject().Items;

    public override string ToString() => Root.ToString();
}
