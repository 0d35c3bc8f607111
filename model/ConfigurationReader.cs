using System.Text.Json.Nodes;

namespace ActorTrain.Model;

/// <summary>The entries of a <c>config.json</c>. Collects every fault before it complains; an entry that is absent has transformers' default.</summary>
internal sealed class ConfigurationReader(JsonObject json)
{
    private readonly List<string> _faults = [];

    /// <summary>A number, a string or a truth value.</summary>
    public T Value<T>(string key, T absent)
    {
        if (!json.TryGetPropertyValue(key, out JsonNode? node) || node is null)
            return absent;
        if (node is JsonValue value && value.TryGetValue(out T? found))
            return found;
        _faults.Add($"{key} is {Shown(node)} but must be {(typeof(T) == typeof(int) ? "a whole number" : typeof(T) == typeof(string) ? "a string" : typeof(T) == typeof(bool) ? "true or false" : "a number")}");
        return absent;
    }

    /// <summary>What must hold for the networks here.</summary>
    public void Require(bool holds, string fault)
    {
        if (!holds)
            _faults.Add(fault);
    }

    /// <summary>An entry that has only one value here.</summary>
    public void Require<T>(string key, T only)
        where T : IEquatable<T> => Require(Value(key, only).Equals(only), $"{key} must be {(only is bool truth ? truth ? "true" : "false" : only)}");

    /// <summary>The kind of network that the weights are of: the one entry of <c>architectures</c>.</summary>
    public string Architecture(string absent)
    {
        if (!json.TryGetPropertyValue("architectures", out JsonNode? node) || node is null)
            return absent;
        if (node is JsonArray { Count: 1 } array && array[0] is JsonValue value && value.TryGetValue(out string? name))
            return name;
        _faults.Add($"architectures is {Shown(node)} but must name one");
        return absent;
    }

    /// <summary>A classifier's classes in label order.</summary>
    public IReadOnlyList<string> ClassNames()
    {
        if (!json.TryGetPropertyValue("id2label", out JsonNode? node) || node is null)
            return ["LABEL_0", "LABEL_1"];
        List<string> names = [];
        if (node is JsonObject labels)
        {
            while (labels.TryGetPropertyValue($"{names.Count}", out JsonNode? name) && name is JsonValue value && value.TryGetValue(out string? text))
                names.Add(text);
            if (names.Count == labels.Count && names.Count > 0)
                return names;
        }
        _faults.Add("id2label must name the classes 0, 1, 2, …");
        return ["?"];
    }

    /// <summary>Complains.</summary>
    /// <exception cref="ModelException">A fault was found.</exception>
    public void Complete(string path)
    {
        if (_faults.Count > 0)
            throw new ModelException($"'{path}' is not the configuration of a model that is known here: {string.Join("; ", _faults)}.");
    }

    private static string Shown(JsonNode node)
    {
        string text = node.ToJsonString();
        return text.Length <= 40 ? text : text[..40] + "…";
    }
}
