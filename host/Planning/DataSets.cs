using ActorTrain.DataPipeline;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Progress;

namespace ActorTrain.Host.Planning;

/// <summary>Opens data sets as a model takes them, and shows how far that is.</summary>
/// <param name="settings">How they are read.</param>
/// <param name="model">The model.</param>
internal sealed class DataSets(Settings settings, InitialModel model)
{
    /// <summary>Opens a data set of labelled samples.</summary>
    /// <param name="options">Which one.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DataException">The data set cannot be read.</exception>
    public Task<IDataSet> OpenLabelledAsync(SourceOptions options, CancellationToken cancel) =>
        OpenAsync(options, settings.TextOptions(pack: false, batchSize: 1), cancel);

    /// <summary>Opens a data set whose labels nobody looks at.</summary>
    /// <param name="options">Which one.</param>
    /// <param name="pack">Whether documents are laid end to end.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DataException">The data set cannot be read.</exception>
    public Task<IDataSet> OpenUnlabelledAsync(SourceOptions options, bool pack, CancellationToken cancel) =>
        OpenAsync(options, settings.UnlabelledTextOptions(pack, part: options.Limit > 0 || options.HoldOut > 0), cancel);

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
