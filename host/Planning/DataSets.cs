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
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DataException">The data set cannot be read.</exception>
    public Task<IDataSet> OpenLabelledAsync(string location, string key, IReadOnlyList<string>? classNames, CancellationToken cancel) =>
        OpenAsync(new SourceOptions { Location = location, Key = key, CacheDirectory = settings.CacheFolder, ClassNames = classNames }, pack: false, cancel);

    /// <summary>Opens a data set whose labels nobody looks at.</summary>
    /// <param name="location">The data set.</param>
    /// <param name="key">What the user set it with, for messages.</param>
    /// <param name="pack">Whether documents are laid end to end.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DataException">The data set cannot be read.</exception>
    public Task<IDataSet> OpenUnlabelledAsync(string location, string key, bool pack, CancellationToken cancel) =>
        OpenAsync(new SourceOptions { Location = location, Key = key, CacheDirectory = settings.CacheFolder }, pack, cancel);

    private Task<IDataSet> OpenAsync(SourceOptions options, bool pack, CancellationToken cancel) => OpeningDisplay.ShowAsync<IDataSet>(options, async shown =>
        model.Tokenizer is { } tokenizer
            ? await TextSources.OpenAsync(shown, settings.TextOptions(pack, batchSize: 1), tokenizer, cancel)
            : await SampleSources.OpenAsync(shown, cancel));
}
