using System.Globalization;
using System.Reflection;
using ActorTrain.DataPipeline;

namespace ActorTrain.Host.Configuration;

/// <summary>A text of configuration and what to call it in messages.</summary>
public sealed record ConfigurationText(string Name, string Text);

/// <summary>
/// The merged configuration: <c>reference.conf</c>, then the given texts, then <c>--set</c>, the later winning. Every value has
/// been checked against <see cref="ConfigurationKeys"/> when it was read, layer by layer, so that a mistake is told with its place.
/// </summary>
public sealed class RunConfiguration
{
    private const string Reference = "reference.conf";

    private readonly OrderedDictionary<string, ConfigurationValue> _values;

    private RunConfiguration(OrderedDictionary<string, ConfigurationValue> values) => _values = values;

    /// <summary>Reads and checks everything.</summary>
    /// <param name="texts">Configuration files, from weak to strong. Files that they include are looked for in the folders that their names tell.</param>
    /// <param name="assignments">The <c>key=value</c> of each <c>--set</c>.</param>
    /// <exception cref="ConfigurationException">An unknown key, a value of another type or out of range, no valid HOCON, or an include that cannot be read.</exception>
    public static RunConfiguration Load(IEnumerable<ConfigurationText> texts, IEnumerable<string> assignments)
    {
        var read = new RunConfiguration([]).Over(texts.Prepend(Resource(Reference)).SelectMany(LayerReader.ReadText));
        return read.With(assignments);
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
    public string Origin(string path) => _values[path].Origin;

    /// <summary>Whether a key has the value that <c>reference.conf</c> gives it.</summary>
    public bool IsDefault(string path) => Origin(path).StartsWith($"hocon/{Reference}:", StringComparison.Ordinal);

    /// <summary>The text at a path.</summary>
    public string Text(string path) => _values[path].Elements[0];

    /// <summary>The whole number at a path.</summary>
    public long Integer(string path) => long.Parse(Text(path), CultureInfo.InvariantCulture);

    /// <summary>The number at a path.</summary>
    public double Number(string path) => double.Parse(Text(path), CultureInfo.InvariantCulture);

    /// <summary>The switch at a path.</summary>
    public bool Switch(string path) => Text(path) is "on" or "true";

    /// <summary>The list of texts (or of numbers, as texts) at a path.</summary>
    public IReadOnlyList<string> List(string path) => _values[path].Elements;

    /// <summary>The paths below <c>methods</c>, <c>study.datasets</c> and <c>study.sweep</c> that have a value, in the order of their definition.</summary>
    internal IEnumerable<(string Path, KeyScope Scope)> Scoped =>
        _values.Keys.Select(path => (path, KeyScope.Of(path))).Where(found => found.Item2.Kind != KeyScopeKind.All);

    /// <summary>The names of all methods, in the order of their definition.</summary>
    public IReadOnlyList<string> MethodNames => [.. Names(KeyScopeKind.Method)];

    /// <summary>The configuration that a method is carried out with: this one, and over it what <c>methods.NAME</c> sets.</summary>
    /// <param name="name">One of <see cref="MethodNames"/>.</param>
    public RunConfiguration ForMethod(string name) => For(KeyScopeKind.Method, name);

    /// <summary>What a study of this configuration goes through.</summary>
    /// <exception cref="ConfigurationException">A sweep names a value twice.</exception>
    public StudyDefinition Study
    {
        get
        {
            string[] dataSets = [.. Names(KeyScopeKind.DataSet)];
            return new StudyDefinition
            {
                DataSets = dataSets.Length == 0
                    ? [new StudyDataSet(StudyDefinition.OnlyDataSet, this)]
                    : [.. dataSets.Select(name => new StudyDataSet(name, For(KeyScopeKind.DataSet, name)))],
                Sweep = [.. Scoped.Where(found => found.Scope.Kind == KeyScopeKind.Sweep).Select(found => Swept(found.Path, found.Scope.Key))],
                Results = Text("study.results"),
                Stages = Text("study.stages"),
                Parallel = (int)Integer("study.parallel"),
            };
        }
    }

    /// <summary>The same configuration with more keys.</summary>
    /// <param name="assignments">Each a <c>key=value</c>.</param>
    /// <param name="place">Where they were set, for messages.</param>
    /// <exception cref="ConfigurationException">An unknown key, or a value of another type or out of range.</exception>
    public RunConfiguration With(IEnumerable<string> assignments, string place = "--set") =>
        Over(assignments.Select(assignment => LayerReader.ReadAssignment(assignment, place)));

    /// <summary>A mistake that shows only when several keys are seen together, told at the place of one of them.</summary>
    public ConfigurationException Mistake(string path, string what) => new($"{Origin(path)}: {what}.");

    /// <summary>A mistake in a key's value that shows when it is used.</summary>
    public ConfigurationException Mistake(string path, DataException error) => Mistake(path, $"{path}: {error.Message.TrimEnd('.')}");

    /// <summary>Such a mistake, told at the place of the first of the keys that is not the default.</summary>
    public ConfigurationException Mistake(IReadOnlyList<string> paths, string what) => Mistake(paths.FirstOrDefault(path => !IsDefault(path)) ?? paths[0], what);

    /// <summary>Every key with its value, as HOCON.</summary>
    /// <param name="resolved">Values that stand in for "take the default that depends on something else", by path.</param>
    /// <param name="withOrigins">Whether a line says where its value was set, unless it is the default.</param>
    public string Render(IReadOnlyDictionary<string, string> resolved, bool withOrigins) => new ConfigurationWriter(this, resolved, withOrigins).Write();

    private IEnumerable<string> Names(KeyScopeKind kind) => Scoped.Where(found => found.Scope.Kind == kind).Select(found => found.Scope.Name).Distinct();

    private RunConfiguration For(KeyScopeKind kind, string name) =>
        Over(Scoped.Where(found => found.Scope.Kind == kind && found.Scope.Name == name).Select(found => (found.Scope.Key, _values[found.Path])));

    private RunConfiguration Over(IEnumerable<(string Path, ConfigurationValue Value)> stronger)
    {
        var values = new OrderedDictionary<string, ConfigurationValue>(_values);
        foreach ((string path, ConfigurationValue value) in stronger)
            values[path] = value;
        return new RunConfiguration(values);
    }

    private SweptKey Swept(string path, string key)
    {
        IReadOnlyList<string> values = List(path);
        return values.Distinct().Count() == values.Count
            ? new SweptKey(key, values, Origin(path))
            : throw Mistake(path, $"{path} names a value twice; name each once");
    }
}
