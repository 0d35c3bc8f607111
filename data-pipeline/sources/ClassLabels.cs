namespace ActorTrain.DataPipeline.Sources;

/// <summary>Which label a class has by its name.</summary>
internal static class ClassLabels
{
    /// <summary>The labels of class names that stand in label order.</summary>
    /// <exception cref="DataException">Two classes have the same name, as some published models have.</exception>
    public static Dictionary<string, int> Of(IReadOnlyList<string> names)
    {
        var labelOf = new Dictionary<string, int>(names.Count, StringComparer.Ordinal);
        for (int label = 0; label < names.Count; label++)
        {
            if (!labelOf.TryAdd(names[label], label))
                throw new DataException($"the classes {labelOf[names[label]]} and {label} to learn or to tell apart are both called \"{names[label]}\"; rename one of them, in a model's id2label for instance.");
        }
        return labelOf;
    }
}
