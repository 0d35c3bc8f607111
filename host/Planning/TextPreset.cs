using ActorTrain.DataPipeline;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Progress;
using ActorTrain.Model;

namespace ActorTrain.Host.Planning;

/// <summary>Makes a model folder of a preset for text: fresh weights, and a tokenizer that is trained on the source text where none is given.</summary>
internal static class TextPreset
{
    /// <summary>Makes the folder in <c>cache.dir</c>, unless it is there already.</summary>
    /// <param name="configuration">Where the settings came from, for messages.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="preset">The preset's name.</param>
    /// <param name="seed">Decides the weights.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The folder.</returns>
    /// <exception cref="ConfigurationException">There is neither a tokenizer nor text to train one on.</exception>
    /// <exception cref="DataException">The tokenizer or the text cannot be read.</exception>
    /// <exception cref="ModelException">The folder cannot be written.</exception>
    public static async Task<string> MakeAsync(RunConfiguration configuration, Settings settings, string preset, ulong seed, CancellationToken cancel)
    {
        string tokenizerFolder = settings.Text.Tokenizer is { Length: > 0 } given ? given : await TokenizerAsync(configuration, settings, cancel);
        Tokenizer tokenizer = Tokenizer.Open(tokenizerFolder);
        RobertaConfiguration shape = (RobertaConfiguration)ModelPresets.Find(preset) with
        {
            VocabularySize = tokenizer.VocabularySize,
            BeginToken = tokenizer.Begin,
            PadToken = tokenizer.Pad,
            EndToken = tokenizer.End,
        };
        string folder = Path.Combine(settings.CacheFolder, $"{preset}-{tokenizer.Fingerprint[..16]}-seed-{seed}");
        await MakeFolderAsync(folder, unfinished =>
        {
            ModelFolder.CreateFresh(shape, seed, unfinished, tokenizerFolder);
            return Task.CompletedTask;
        });
        return folder;
    }

    private static async Task<string> TokenizerAsync(RunConfiguration configuration, Settings settings, CancellationToken cancel)
    {
        if (settings.Source.Data.Length == 0)
            throw configuration.Mistake("source.data", $"model.from = {settings.Model.From} needs a tokenizer; set source.data to train one on, or text.tokenizer to the folder of one");
        var options = new SourceOptions { Location = settings.Source.Data, Key = "source.data", CacheDirectory = settings.CacheFolder, Limit = settings.Source.Limit, LimitSeed = settings.Source.Seed };
        await using ITextDocuments documents = await OpeningDisplay.ShowAsync(options,
            shown => TextSources.OpenDocumentsAsync(shown, settings.UnlabelledTextOptions(pack: false, part: settings.Source.Limit > 0), cancel));
        string folder = Path.Combine(settings.CacheFolder, $"tokenizer-{settings.Text.Vocabulary}-{documents.Fingerprint[..16]}");
        await MakeFolderAsync(folder, async unfinished =>
        {
            await Console.Error.WriteLineAsync($"Training a tokenizer of {settings.Text.Vocabulary} tokens on {documents.Location}.");
            await TokenizerTrainer.TrainAsync(documents.TextsAsync(cancel), settings.Text.Vocabulary, unfinished, cancel);
        });
        return folder;
    }

    /// <summary>Makes a folder that is there as a whole or not at all. Whoever comes second to the same one finds the same bytes in it.</summary>
    private static async Task MakeFolderAsync(string folder, Func<string, Task> make)
    {
        if (Directory.Exists(folder))
            return;
        string unfinished = $"{folder}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(unfinished);
        try
        {
            await make(unfinished);
            Directory.Move(unfinished, folder);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            // Another process was faster.
        }
        finally
        {
            if (Directory.Exists(unfinished))
                Directory.Delete(unfinished, recursive: true);
        }
    }
}
