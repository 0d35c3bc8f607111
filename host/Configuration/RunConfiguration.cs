using System.Globalization;
using System.Reflection;
using Akka.Configuration;
using Akka.Configuration.Hocon;

namespace ActorTrain.Host.Configuration;

/// <summary>A text of configuration and what to call it in messages.</summary>
public sealed record ConfigurationText(string Name, string Text);

/// <summary>
/// The merged configuration: <c>reference.conf</c>, then the given texts, then <c>--set</c>, the later winning. Every value has
/// been checked against <see cref="ConfigurationKeys"/> when it was read, layer by layer, so that a mistake is told with its place.
/// </summary>
public sealed class RunConfiguration
{
    private readonly Config _merged;
    private readonly Dictionary<string, string> _origins;

    private RunConfiguration(Config merged, Dictionary<string, string> origins)
    {
        _merged = merged;
        _origins = origins;
    }

    /// <summary>Reads and checks everything.</summary>
    /// <param name="texts">Configuration files, from weak to strong.</param>
    /// <param name="assignments">The <c>key=value</c> of each <c>--set</c>.</param>
    /// <exception cref="ConfigurationException">An unknown key, a value of another type or out of range, or no valid HOCON.</exception>
    public static RunConfiguration Load(IEnumerable<ConfigurationText> texts, IEnumerable<string> assignments)
    {
        Config merged = ConfigurationFactory.ParseString("");
        var origins = new Dictionary<string, string>();
        foreach (ConfigurationText text in texts.Prepend(Resource("reference.conf")))
            merged = ReadText(text, origins).WithFallback(merged);
        foreach (string assignment in assignments)
            merged = ReadAssignment(assignment, origins).WithFallback(merged);
        return new RunConfiguration(merged, origins);
    }

    /// <summary>A configuration that is part of the program: <c>reference.conf</c>, <c>demo.conf</c>, ….</summary>
    public static ConfigurationText Resource(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"hocon/{name}")
            ?? throw new InvalidOperationException($"The assembly holds no hocon/{name}.");
        using var reader = new StreamReader(stream);
        return new ConfigurationText($"hocon/{name}", reader.ReadToEnd());
    }

    /// <summary>A configuration file.</summary>
    /// <exception cref="ConfigurationException">There is no such file, or it cannot be read.</exception>
    public static ConfigurationText File(string path)
    {
        try
        {
            return new ConfigurationText(path, System.IO.File.ReadAllText(path));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigurationException($"There is no configuration file '{path}'; hocon/ holds ready-made ones.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The configuration file '{path}' cannot be read ({error.Message.TrimEnd('.')}); check that it is a file and its permissions.");
        }
    }

    /// <summary>Where the value of a key was set: <c>file:line</c> or <c>--set</c>.</summary>
    public string Origin(string path) => _origins[path];

    /// <summary>The text at a path.</summary>
    public string Text(string path) => Plain(path);

    /// <summary>The whole number at a path.</summary>
    public long Integer(string path) => long.Parse(Plain(path), CultureInfo.InvariantCulture);

    /// <summary>The number at a path.</summary>
    public double Number(string path) => double.Parse(Plain(path), CultureInfo.InvariantCulture);

    /// <summary>The switch at a path.</summary>
    public bool Switch(string path) => Plain(path) is "on" or "true";

    /// <summary>The list of texts (or of numbers, as texts) at a path.</summary>
    public IReadOnlyList<string> List(string path) => Elements(_merged.GetValue(path));

    /// <summary>A mistake that shows only when several keys are seen together, told at the place of one of them.</summary>
    public ConfigurationException Mistake(string path, string what) => new($"{Origin(path)}: {what}.");

    /// <summary>Every key with its value, as HOCON.</summary>
    /// <param name="resolved">Values that stand in for "take the default that depends on something else", by path.</param>
    /// <param name="withOrigins">Whether a line says where its value was set, unless it is the default.</param>
    public string Render(IReadOnlyDictionary<string, string> resolved, bool withOrigins)
    {
        var lines = new List<string>();
        string section = "";
        foreach (ConfigurationKey key in ConfigurationKeys.All)
        {
            string[] parts = key.Path.Split('.', 2);
            if (parts[0] != section)
            {
                if (section.Length > 0)
                    lines.AddRange(["}", ""]);
                section = parts[0];
                lines.Add($"{section} {{");
            }
            string value = key.IsList
                ? $"[{string.Join(", ", List(key.Path).Select(element => Quoted(key, element)))}]"
                : Quoted(key, resolved.GetValueOrDefault(key.Path) ?? Plain(key.Path));
            string line = $"  {parts[1]} = {value}";
            lines.Add(withOrigins && !Origin(key.Path).StartsWith("hocon/reference.conf", StringComparison.Ordinal)
                ? $"{line}  # {Origin(key.Path)}"
                : line);
        }
        lines.Add("}");
        return string.Join('\n', lines) + "\n";
    }

    private string Plain(string path) => _merged.GetValue(path).GetString();

    private static Config ReadText(ConfigurationText text, Dictionary<string, string> origins)
    {
        IReadOnlyDictionary<string, int> lines = HoconOutline.Read(text.Name, text.Text);
        Config config = Parse(text.Text, text.Name);
        foreach ((string path, int line) in lines)
        {
            string place = $"{text.Name}:{line}";
            Check(path, config.GetValue(path), place);
            origins[path] = place;
        }
        return config;
    }

    private static Config ReadAssignment(string assignment, Dictionary<string, string> origins)
    {
        const string place = "--set";
        int equals = assignment.IndexOf('=');
        if (equals <= 0)
            throw new ConfigurationException($"{place}: '{assignment}' is no key=value, such as pretrain.steps=500.");
        string path = assignment[..equals].Trim();
        string value = assignment[(equals + 1)..].Trim();
        ConfigurationKey key = ConfigurationKeys.Find(path) ?? throw Unknown(path, place);
        string written = key.IsList
            ? $"[{string.Join(", ", value.TrimStart('[').TrimEnd(']').Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Quote))}]"
            : Quote(value);
        Config config = Parse($"{path} = {written}", place);
        Check(path, config.GetValue(path), place);
        origins[path] = place;
        return config;
    }

    private static Config Parse(string text, string place)
    {
        try
        {
            return ConfigurationFactory.ParseString(text);
        }
        // Akka's parser throws whatever its reading stumbles on, plain Exception included.
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            throw new ConfigurationException($"{place}: no valid HOCON ({error.Message.Split('\n')[0].TrimEnd('.', '\r')}); compare hocon/reference.conf.");
        }
    }

    private static void Check(string path, HoconValue? value, string place)
    {
        ConfigurationKey key = ConfigurationKeys.Find(path) ?? throw Unknown(path, place);
        if (value is null || value.IsObject())
            throw new ConfigurationException($"{place}: {path} takes {Describe(key)}.");
        if (key.IsList)
        {
            if (value.IsString())
                throw new ConfigurationException($"{place}: {path} = {value.GetString()} is no list; it takes {Describe(key)}.");
            IReadOnlyList<string> elements = Elements(value);
            if (key.Length is { } length ? elements.Count != length : elements.Count == 0)
                throw new ConfigurationException($"{place}: {path} has {elements.Count} values; it takes {Describe(key)}.");
            foreach (string element in elements)
                CheckPlain(key, element, place);
        }
        else
        {
            if (!value.IsString() || value.GetString() is not { } plain)
                throw new ConfigurationException($"{place}: {path} takes {Describe(key)}.");
            CheckPlain(key, plain, place);
        }
    }

    private static void CheckPlain(ConfigurationKey key, string value, string place)
    {
        bool fits = key.Type switch
        {
            KeyType.Text or KeyType.TextList => key.Allowed is null || key.Allowed.Contains(value),
            KeyType.Switch => value is "on" or "off" or "true" or "false",
            KeyType.Integer or KeyType.IntegerList =>
                long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) && InRange(key, whole),
            _ => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                && double.IsFinite(number) && InRange(key, number),
        };
        if (!fits)
            throw new ConfigurationException($"{place}: {key.Path} = {value} is not allowed; it takes {Describe(key)}.");
    }

    private static bool InRange(ConfigurationKey key, double value) =>
        (key.AboveMinimum ? value > key.Minimum : value >= key.Minimum) && (key.BelowMaximum ? value < key.Maximum : value <= key.Maximum);

    private static string Describe(ConfigurationKey key)
    {
        string noun = key.Type switch
        {
            KeyType.Text => key.Allowed is null ? "a text" : string.Join(" or ", key.Allowed),
            KeyType.TextList => key.Allowed is null ? "a list of texts" : $"a list of {string.Join(", ", key.Allowed)}",
            KeyType.Switch => "on or off",
            KeyType.Integer => "a whole number",
            KeyType.IntegerList => "a list of whole numbers",
            KeyType.Number => "a number",
            _ => key.Length is { } length ? $"a list of {length} numbers" : "a list of numbers",
        };
        string from = double.IsFinite(key.Minimum) ? key.AboveMinimum ? $" above {key.Minimum}" : $" of at least {key.Minimum}" : "";
        string upTo = double.IsFinite(key.Maximum) && key.Maximum < int.MaxValue ? key.BelowMaximum ? $" and below {key.Maximum}" : $" and at most {key.Maximum}" : "";
        return noun + from + upTo;
    }

    private static ConfigurationException Unknown(string path, string place) =>
        ConfigurationKeys.All.Any(key => key.Path.StartsWith(path + ".", StringComparison.Ordinal))
            ? new($"{place}: '{path}' is a section of keys; write {path}.<key> = value, as in hocon/reference.conf.")
            : new($"{place}: there is no key '{path}'; did you mean {ConfigurationKeys.Nearest(path)}?");

    private static IReadOnlyList<string> Elements(HoconValue value) => [.. value.GetArray().Select(element => element.GetString() ?? "")];

    private static string Quoted(ConfigurationKey key, string value) =>
        key.Type is KeyType.Text or KeyType.TextList && key.Allowed is null ? Quote(value) : value;

    private static string Quote(string value) => $"\"{value.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";
}
