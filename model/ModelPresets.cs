namespace ActorTrain.Model;

/// <summary>The built-in shapes.</summary>
public static class ModelPresets
{
    private static readonly Dictionary<string, ModelConfiguration> Shapes = new()
    {
        ["tiny-32"] = Tiny32,
        ["base-224"] = Base224,
        ["tiny-text"] = TinyText,
        ["roberta-base"] = RobertaBase,
    };

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Shapes.Keys];

    /// <summary><c>tiny-32</c>: a ViT-MAE for small images.</summary>
    public static VitConfiguration Tiny32 => new()
    {
        ImageSize = 32,
        PatchSize = 4,
        Width = 192,
        Layers = 6,
        Heads = 3,
        MlpWidth = 768,
        DecoderWidth = 96,
        DecoderLayers = 2,
        DecoderHeads = 3,
        DecoderMlpWidth = 384,
        NormPixLoss = true,
    };

    /// <summary><c>base-224</c>: as facebook/vit-mae-base.</summary>
    public static VitConfiguration Base224 => new()
    {
        ImageSize = 224,
        PatchSize = 16,
        Width = 768,
        Layers = 12,
        Heads = 12,
        MlpWidth = 3072,
        DecoderWidth = 512,
        DecoderLayers = 8,
        DecoderHeads = 16,
        DecoderMlpWidth = 2048,
    };

    /// <summary><c>tiny-text</c>: a RoBERTa that a processor trains in minutes; its vocabulary size is the tokenizer's.</summary>
    public static RobertaConfiguration TinyText => new()
    {
        VocabularySize = 8000,
        Width = 128,
        Layers = 4,
        Heads = 2,
        MlpWidth = 512,
    };

    /// <summary><c>roberta-base</c>: as FacebookAI/roberta-base.</summary>
    public static RobertaConfiguration RobertaBase => new()
    {
        VocabularySize = 50265,
        Width = 768,
        Layers = 12,
        Heads = 12,
        MlpWidth = 3072,
    };

    /// <summary>Whether <paramref name="name"/> is a built-in shape.</summary>
    public static bool Contains(string name) => Shapes.ContainsKey(name);

    /// <summary>A built-in shape.</summary>
    /// <exception cref="ModelException">The name is not a preset's.</exception>
    public static ModelConfiguration Find(string name) => Shapes.TryGetValue(name, out ModelConfiguration? shape)
        ? shape
        : throw new ModelException($"There is no preset '{name}'; the presets are {string.Join(", ", Names)}.");
}
