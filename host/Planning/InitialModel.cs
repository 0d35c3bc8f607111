using ActorTrain.DataPipeline;
using ActorTrain.Host.Configuration;
using ActorTrain.Model;

namespace ActorTrain.Host.Planning;

/// <summary>θ_init before it is trained, or as it was given: where it is, and what kind of samples it takes.</summary>
/// <param name="Location">As a plan names it: <c>preset:NAME</c> for images, or a folder.</param>
/// <param name="Shape">Its shape; the model of text is a <see cref="RobertaConfiguration"/>.</param>
/// <param name="Tokenizer">The tokenizer of a model of text; null for images.</param>
public sealed record InitialModel(string Location, ModelConfiguration Shape, Tokenizer? Tokenizer = null)
{
    /// <summary>Whether it takes text.</summary>
    public bool IsText => Tokenizer is not null;

    /// <summary>Finds the model that <c>model.from</c> names; a preset for text is made, its tokenizer included.</summary>
    /// <param name="configuration">Where the settings came from, for messages.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="seed">Decides the fresh weights of a preset.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ConfigurationException">Settings that the model does not go with.</exception>
    /// <exception cref="DataException">A tokenizer, or the text to train one on, cannot be read.</exception>
    /// <exception cref="ModelException">A model folder cannot be read or written.</exception>
    public static async Task<InitialModel> OpenAsync(RunConfiguration configuration, Settings settings, ulong seed, CancellationToken cancel)
    {
        string location = settings.Model.From;
        if (settings.Model.Preset is { } preset)
        {
            ModelConfiguration shape = ModelPresets.Find(preset);
            if (shape is VitConfiguration images)
                return new InitialModel(location, images with { ImageSize = settings.Model.ImageSize > 0 ? settings.Model.ImageSize : images.ImageSize });
            location = await TextPreset.MakeAsync(configuration, settings, preset, seed, cancel);
        }
        else if (settings.Text.Tokenizer.Length > 0)
        {
            throw configuration.Mistake("text.tokenizer", $"text.tokenizer is for a preset only; a model folder brings its own tokenizer, so put vocab.json and merges.txt into {location}");
        }
        ModelConfiguration configured = ModelFolder.ReadConfiguration(location);
        return configured is RobertaConfiguration text ? OpenText(configuration, settings, location, text) : new InitialModel(location, configured);
    }

    private static InitialModel OpenText(RunConfiguration configuration, Settings settings, string folder, RobertaConfiguration shape)
    {
        Tokenizer tokenizer = Tokenizer.Open(folder);
        if (tokenizer.VocabularySize > shape.VocabularySize)
            throw new ModelException($"The tokenizer in {folder} has {tokenizer.VocabularySize} tokens and the model beside it {shape.VocabularySize}; take both from the same model.");
        if ((tokenizer.Begin, tokenizer.Pad, tokenizer.End) != (shape.BeginToken, shape.PadToken, shape.EndToken))
            throw new ModelException($"The tokenizer in {folder} numbers <s>, <pad> and </s> as {tokenizer.Begin}, {tokenizer.Pad} and {tokenizer.End}, and {ModelFolder.ConfigurationName} beside it as {shape.BeginToken}, {shape.PadToken} and {shape.EndToken}; take both from the same model.");
        if (settings.Text.MaxLength > shape.MaxLength)
            throw configuration.Mistake("text.max-length", $"text.max-length = {settings.Text.MaxLength} is above the {shape.MaxLength} tokens that the position table of {folder} allows; lower it");
        return new InitialModel(folder, shape, tokenizer);
    }
}
