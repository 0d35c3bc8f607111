using System.Globalization;
using Akka.Configuration;
using Akka.Configuration.Hocon;

namespace ActorTrain.Host.Configuration;

/// <summary>The value of a key.</summary>
/// <param name="Elements">Its elements; a single one unless the key takes a list.</param>
/// <param name="Origin">Where it was set: <c>file:line</c> or <c>--set</c>.</param>
internal sealed record ConfigurationValue(IReadOnlyList<string> Elements, string Origin);

/// <summary>Reads a layer of the configuration, a text or assignments, and checks every value against <see cref="ConfigurationKeys"/>.</summary>
internal static class LayerReader
{
    /// <summary>
    /// The values of a HOCON text, by path, in the text's order; those of an included file stand in place of the include. A path's last value
    /// holds.
    /// </summary>
    /// <exception cref="ConfigurationException">
    /// An unknown key, a value of another type or out of range, no valid HOCON, or an included file that is not there or includes itself.
    /// </exception>
    public static IEnumerable<(string Path, ConfigurationValue Value)> ReadText(ConfigurationText text) => ReadText(text, [Path.GetFullPath(text.Name)]);

    // The files that are being read tell a file that includes itself.
    private static IEnumerable<(string Path, ConfigurationValue Value)> ReadText(ConfigurationText text, string[] beingRead)
    {
        HoconOutline outline = HoconOutline.Read(text.Name, text.Text);
        Config config = Parse(text.Name, outline.WithoutIncludes);
        IEnumerable<(int Line, IEnumerable<(string, ConfigurationValue)> Values)> own = outline.Keys.Select(key => (key.Value.Line, Own(key.Key, key.Value)));
        IEnumerable<(int Line, IEnumerable<(string, ConfigurationValue)> Values)> included = outline.Includes.Select(include => (include.Line, Included(include)));
        return own.Concat(included).OrderBy(part => part.Line).SelectMany(part => part.Values);

        IEnumerable<(string, ConfigurationValue)> Own(string path, OutlinedKey key)
        {
            string place = $"{text.Name}:{key.Line}";
            return [(path, new ConfigurationValue(Checked(Find(path, place), config.GetValue(key.Written), place), place))];
        }

        IEnumerable<(string, ConfigurationValue)> Included(OutlinedInclude include)
        {
            string place = $"{text.Name}:{include.Line}";
            string file = Path.Combine(Path.GetDirectoryName(text.Name) ?? "", include.File);
            if (!File.Exists(file))
                throw new ConfigurationException($"{place}: there is no file '{file}' to include; name one, relative to the folder of {text.Name} or with its whole path.");
            string fullPath = Path.GetFullPath(file);
            return beingRead.Contains(fullPath)
                ? throw new ConfigurationException($"{place}: with this line '{file}' includes itself; remove it.")
                : ReadText(RunConfiguration.File(file), [.. beingRead, fullPath]);
        }
    }

    /// <summary>The value of a <c>key=value</c>; a list's may stand in brackets.</summary>
    /// <param name="assignment">What was written.</param>
    /// <param name="place">Where, for messages.</param>
    /// <exception cref="ConfigurationException">An unknown key, or a value of another type or out of range.</exception>
    public static (string Path, ConfigurationValue Value) ReadAssignment(string assignment, string place)
    {
        int equals = assignment.IndexOf('=');
        if (equals <= 0)
            throw new ConfigurationException($"{place}: '{assignment}' is no key=value, such as pretrain.steps=500.");
        string path = assignment[..equals].Trim();
        string value = assignment[(equals + 1)..].Trim();
        ConfigurationKey key = Find(path, place);
        string[] elements = key.IsList
            ? value.TrimStart('[').TrimEnd(']').Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : [value];
        return (path, new ConfigurationValue(Checked(key, elements, place), place));
    }

    private static Config Parse(string file, string text)
    {
        try
        {
            return ConfigurationFactory.ParseString(text);
        }
        // Akka's parser throws whatever its reading stumbles on, plain Exception included.
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            throw new ConfigurationException($"{file}: no valid HOCON ({error.Message.Split('\n')[0].TrimEnd('.', '\r')}); compare hocon/reference.conf.");
        }
    }

    private static ConfigurationKey Find(string path, string place)
    {
        ConfigurationKey key = ConfigurationKeys.Find(path) ?? throw Unknown(path, place);
        KeyScope scope = KeyScope.Of(path);
        return scope.Name.Length == 0 || KeyScope.IsName(scope.Name)
            ? key
            : throw new ConfigurationException($"{place}: '{scope.Name}' in {path} cannot be part of a file name; name it with letters, digits, '-', '_' and '.'.");
    }

    private static ConfigurationException Unknown(string path, string place)
    {
        KeyScope scope = KeyScope.Of(path);
        if (path is KeyScope.Methods or KeyScope.DataSets)
            return new($"{place}: '{path}' is a section of names; write {path}.<name>.<key> = value, as in hocon/reference.conf.");
        if (scope.Key.Length == 0 || ConfigurationKeys.All.Any(key => key.Path.StartsWith(scope.Key + ".", StringComparison.Ordinal)))
            return new($"{place}: '{path}' is a section of keys; write {path}.<key> = value, as in hocon/reference.conf.");
        if (ConfigurationKeys.All.FirstOrDefault(key => key.Path == scope.Key) is { } known)
        {
            return new(known.IsList && scope.Kind == KeyScopeKind.Sweep
                ? $"{place}: {path} cannot be set, for {known.Path} takes a list; a sweep goes through single values."
                : $"{place}: {path} cannot be set, for {known.Path} has one value for {(scope.Kind == KeyScopeKind.Method ? "all methods of a run" : "a whole study")}; set {known.Path} itself.");
        }
        return new($"{place}: there is no key '{path}'; did you mean {ConfigurationKeys.Nearest(path)}?");
    }

    private static string[] Checked(ConfigurationKey key, HoconValue? value, string place)
    {
        if (value is null || value.IsObject())
            throw new ConfigurationException($"{place}: {key.Path} takes {Describe(key)}.");
        if (key.IsList)
        {
            return value.IsString()
                ? throw new ConfigurationException($"{place}: {key.Path} = {value.GetString()} is no list; it takes {Describe(key)}.")
                : Checked(key, [.. value.GetArray().Select(element => element.GetString() ?? "")], place);
        }
        return value.IsString() && value.GetString() is { } plain
            ? Checked(key, [plain], place)
            : throw new ConfigurationException($"{place}: {key.Path} takes {Describe(key)}.");
    }

    private static string[] Checked(ConfigurationKey key, string[] elements, string place)
    {
        if (key.IsList && (key.Length is { } length ? elements.Length != length : elements.Length == 0))
            throw new ConfigurationException($"{place}: {key.Path} has {elements.Length} values; it takes {Describe(key)}.");
        foreach (string element in elements)
        {
            if (!Fits(key, element))
                throw new ConfigurationException($"{place}: {key.Path} = {element} is not allowed; it takes {Describe(key)}.");
        }
        return elements;
    }

    private static bool Fits(ConfigurationKey key, string value) => key.Type switch
    {
        KeyType.Text or KeyType.TextList => key.Allowed is null || key.Allowed.Contains(value),
        KeyType.Switch => value is "on" or "off" or "true" or "false",
        KeyType.Integer or KeyType.IntegerList =>
            long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) && InRange(key, whole),
        _ => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number) && InRange(key, number),
    };

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
}
