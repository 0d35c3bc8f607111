using System.Text;

namespace ActorTrain.Host.Configuration;

/// <summary>Writes a configuration as HOCON that reads as the same.</summary>
/// <param name="configuration">The configuration.</param>
/// <param name="resolved">Values that stand in for "take the default that depends on something else", by path.</param>
/// <param name="withOrigins">Whether a line says where its value was set, unless it is the default.</param>
internal sealed class ConfigurationWriter(RunConfiguration configuration, IReadOnlyDictionary<string, string> resolved, bool withOrigins)
{
    private readonly StringBuilder _text = new();

    /// <summary>The whole text.</summary>
    public string Write()
    {
        foreach (IGrouping<string, ConfigurationKey> section in ConfigurationKeys.All.GroupBy(key => key.Path.Split('.')[0]))
        {
            Open(section.Key);
            foreach (ConfigurationKey key in section)
                WriteKey(key, key.Path[(section.Key.Length + 1)..], "  ");
            Close();
        }
        WriteNamed(KeyScope.Methods, KeyScopeKind.Method);
        WriteNamed(KeyScope.DataSets, KeyScopeKind.DataSet);
        (string Path, KeyScope Scope)[] swept = [.. Of(KeyScopeKind.Sweep)];
        if (swept.Length > 0)
        {
            Open(KeyScope.Sweep);
            foreach ((string path, KeyScope scope) in swept)
                WriteKey(ConfigurationKeys.Find(path)!, scope.Key, "  ");
            Close();
        }
        return _text.ToString();
    }

    private void WriteNamed(string section, KeyScopeKind kind)
    {
        (string Path, KeyScope Scope)[] found = [.. Of(kind)];
        if (found.Length == 0)
            return;
        Open(section);
        foreach (var named in found.GroupBy(each => each.Scope.Name))
        {
            _text.Append($"  {named.Key} {{\n");
            foreach ((string path, KeyScope scope) in named)
                WriteKey(ConfigurationKeys.Find(path)!, scope.Key, "    ");
            _text.Append("  }\n");
        }
        Close();
    }

    private IEnumerable<(string Path, KeyScope Scope)> Of(KeyScopeKind kind) => configuration.Scoped.Where(found => found.Scope.Kind == kind);

    private void Open(string section) => _text.Append(_text.Length > 0 ? "\n" : "").Append($"{section} {{\n");

    private void Close() => _text.Append("}\n");

    private void WriteKey(ConfigurationKey key, string name, string indent)
    {
        string value = key.IsList
            ? $"[{string.Join(", ", configuration.List(key.Path).Select(element => Quoted(key, element)))}]"
            : Quoted(key, resolved.GetValueOrDefault(key.Path) ?? configuration.Text(key.Path));
        string origin = withOrigins && !configuration.IsDefault(key.Path) ? $"  # {configuration.Origin(key.Path)}" : "";
        _text.Append($"{indent}{name} = {value}{origin}\n");
    }

    private static string Quoted(ConfigurationKey key, string value) =>
        key.Type is KeyType.Text or KeyType.TextList && key.Allowed is null ? $"\"{value.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"" : value;
}
