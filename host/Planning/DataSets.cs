using ActorTrain.DataPipeline;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Progress;

namespace ActorTrain.Host.Planning;

/// <summary>Opens data sets as a model takes them, and shows how far that is.</summary>
/// <param name="settings">How they are read, and where indices are kept.</param>
/// <param name="model">The model.</param>
internal sealed class DataSets(Settings settings, InitialModel model)
{
    /// <summary>Opens a data set of labelled samples.</summary>
    /// <param name="location">The data set.</param>
    /// <param name="key">What the user set it with, for messages.</param>
    /// <param name="classNames">The classes that it must have; null = its own.</param>
    /// <param name="limit">At most so many samples; 0 = all.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DataException">The data set cannot be read.</exception>
    public Task<IDataSet> OpenLabelledAsync(string location, string key, IReadOnlyList<string>? classNames, int limit, CancellationToken cancel) =>
        OpenAsync(Options(location, key, limit, settings.Data.LimitSeed) with { ClassNames = classNames }, settings.TextOptions(pack: false, batchSize: 1), cancel);

    /// <summary>Opens a data set whose labels nobody looks at.</summary>
    /// <param name="location">The data set.</param>
    /// <param name="key">What the user set it with, for messages.</param>
    /// <param name="pack">Whether documents are laid end to end.</param>
    /// <param name="limit">At most so many samples; 0 = all.</param>
    /// <param name="limitSeed">Which ones.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DataException">The data set cannot be read.</exception>
    public Task<IDataSet> OpenUnlabelledAsync(string location, string key, bool pack, int limit, ulong limitSeed, CancellationToken cancel) =>
        OpenAsync(Options(location, key, limit, limitSeed), settings.UnlabelledTextOptions(pack, limit), cancel);

    private SourceOptions Options(string location, string key, int limit, ulong limitSeed) =>
        new() { Location = location, Key = key, CacheDirectory = settings.CacheFolder, Limit = limit, LimitSeed = limitSeed };

    private Task<IDataSet> OpenAsync(SourceOptions options, TextOptions text, CancellationToken cancel)
    {
        if (model.Tokenizer is not { } tokenizer)
        {
            return TextSources.IsText(options.Location)
                ? throw new DataException($"{options.Key}: {options.Location} is text, and {model.Location} takes images; name a model for text in model.from, such as preset:tiny-text.")
                : OpeningDisplay.ShowAsync<IDataSet>(options, async shown => await SampleSources.OpenAsync(shown, cancel));
        }
        return OpeningDisplay.ShowAsync<IDataSet>(options, async shown => await TextSources.OpenAsync(shown, text, tokenizer, cancel));
    }
}
