using ActorTrain.Actors;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Progress;
using ActorTrain.Model;

namespace ActorTrain.Host.Planning;

/// <summary>Opens every data set and model folder before a run starts, so that a mistake shows at once and not after hours of training.</summary>
public static class DataCheck
{
    /// <summary>Checks what a comparison reads.</summary>
    /// <returns>The classes in label order.</returns>
    /// <exception cref="ConfigurationException">A location is not set.</exception>
    /// <exception cref="DataException">A data set cannot be read.</exception>
    /// <exception cref="ModelException">A model folder cannot be read.</exception>
    public static async Task<string[]> ForComparisonAsync(RunConfiguration configuration, Settings settings, CancellationToken cancel)
    {
        if (settings.Model.Preset is null)
            ModelFolder.ReadConfiguration(settings.Model.From);
        else
            await CheckAsync(settings, Required(configuration, "source.data"), "source.data", null, cancel);
        if (settings.Distill.Teacher.Length > 0)
            ModelFolder.ReadConfiguration(settings.Distill.Teacher);
        if (settings.Data.Unlabelled.Length > 0)
            await CheckAsync(settings, settings.Data.Unlabelled, "data.unlabelled", null, cancel);
        Required(configuration, "data.test");
        return await LabelledAsync(configuration, settings, cancel);
    }

    /// <summary>Checks what a single stage reads.</summary>
    /// <returns>The classes in label order; null where nothing is classified.</returns>
    /// <inheritdoc cref="ForComparisonAsync" path="/exception"/>
    public static async Task<string[]?> ForStageAsync(StageKind kind, RunConfiguration configuration, Settings settings, CancellationToken cancel)
    {
        if (kind == StageKind.Evaluate)
        {
            ModelConfiguration model = ModelFolder.ReadConfiguration(settings.Model.From);
            if (!model.IsClassifier)
                throw configuration.Mistake("model.from", $"model.from = {settings.Model.From} is no classifier; name the result of a fine-tuning, such as <run folder>/stages/finetune/model");
            string[] classNames = [.. model.ClassNames];
            await CheckAsync(settings, Required(configuration, "data.test"), "data.test", classNames, cancel);
            return classNames;
        }
        if (settings.Model.Preset is null)
            ModelFolder.ReadConfiguration(settings.Model.From);
        if (kind == StageKind.Finetune)
            return await LabelledAsync(configuration, settings, cancel);
        if (kind == StageKind.Distill)
            ModelFolder.ReadConfiguration(Required(configuration, "distill.teacher"));
        await CheckAsync(settings, Required(configuration, "data.unlabelled"), "data.unlabelled", null, cancel);
        return null;
    }

    /// <summary>Opens a data set.</summary>
    /// <param name="settings">Where indices are kept.</param>
    /// <param name="location">The data set.</param>
    /// <param name="key">What the user set it with, for messages.</param>
    /// <param name="classNames">The classes that it must have; null = its own.</param>
    /// <param name="cancel">Gives up.</param>
    public static Task<ISampleSource> OpenAsync(Settings settings, string location, string key, IReadOnlyList<string>? classNames, CancellationToken cancel) =>
        OpeningDisplay.OpenAsync(new SourceOptions { Location = location, Key = key, CacheDirectory = settings.CacheFolder, ClassNames = classNames }, cancel);

    private static async Task<string[]> LabelledAsync(RunConfiguration configuration, Settings settings, CancellationToken cancel)
    {
        string[] classNames = await CheckAsync(settings, Required(configuration, "data.train"), "data.train", null, cancel);
        if (classNames.Length < 2)
            throw new DataException($"data.train: {settings.Data.Train} holds {classNames.Length} classes, and fine-tuning needs two or more; put the images into a folder per class.");
        if (settings.Data.Test.Length > 0)
            await CheckAsync(settings, settings.Data.Test, "data.test", classNames, cancel);
        return classNames;
    }

    private static async Task<string[]> CheckAsync(Settings settings, string location, string key, IReadOnlyList<string>? classNames, CancellationToken cancel)
    {
        await using ISampleSource source = await OpenAsync(settings, location, key, classNames, cancel);
        return [.. source.ClassNames];
    }

    private static string Required(RunConfiguration configuration, string key) => configuration.Text(key) is { Length: > 0 } location
        ? location
        : throw configuration.Mistake(key, $"{key} is not set; set it in the configuration file or with --set {key}=…");
}
