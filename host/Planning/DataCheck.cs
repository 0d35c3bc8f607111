using ActorTrain.Actors;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Configuration;
using ActorTrain.Model;

namespace ActorTrain.Host.Planning;

/// <summary>Opens every data set and model folder before a run starts, so that a mistake shows at once and not after hours of training.</summary>
/// <param name="configuration">Where the settings came from, for messages.</param>
/// <param name="settings">The settings.</param>
/// <param name="model">The model that the data are for.</param>
public sealed class DataCheck(RunConfiguration configuration, Settings settings, InitialModel model)
{
    private readonly DataSets _data = new(settings, model);

    /// <summary>What was opened already; methods mostly read the same.</summary>
    private HashSet<(SourceOptions Options, bool Pack)> Opened { get; init; } = [];

    /// <summary>Checks what a comparison reads.</summary>
    /// <returns>The classes in label order.</returns>
    /// <exception cref="ConfigurationException">A location is not set.</exception>
    /// <exception cref="DataException">A data set cannot be read.</exception>
    /// <exception cref="ModelException">A model folder cannot be read.</exception>
    public async Task<string[]> ForComparisonAsync(CancellationToken cancel)
    {
        if (settings.Model.Preset is not null)
            await CheckUnlabelledAsync(Source("source.data", settings.Source.Limit), "source.pack", cancel);
        foreach (string method in settings.Run.Methods)
            await new DataCheck(configuration.ForMethod(method), settings.ByMethod[method], model) { Opened = Opened }.CheckMethodAsync(cancel);
        if (settings.Data.Validation == 0)
            Required("data.test");
        return await CheckLabelledAsync(cancel);
    }

    /// <summary>Checks what a single stage reads.</summary>
    /// <returns>The classes in label order; null where nothing is classified.</returns>
    /// <inheritdoc cref="ForComparisonAsync" path="/exception"/>
    public async Task<string[]?> ForStageAsync(StageKind kind, CancellationToken cancel)
    {
        if (kind == StageKind.Evaluate)
        {
            if (!model.Shape.IsClassifier)
                throw configuration.Mistake("model.from", $"model.from = {settings.Model.From} is no classifier; name the result of a fine-tuning, such as <run folder>/stages/finetune/model");
            return await ClassesAsync(Data("data.test") with { ClassNames = model.Shape.ClassNames }, cancel);
        }
        if (kind == StageKind.Finetune)
            return await CheckLabelledAsync(cancel);
        if (kind == StageKind.Distill)
            CheckTeacher();
        await CheckAdaptationAsync("data.unlabelled", cancel);
        return null;
    }

    private async Task CheckMethodAsync(CancellationToken cancel)
    {
        if (settings.Adapt == Adaptation.None)
            return;
        if (settings.Adapt == Adaptation.Distill && settings.Distill.HasTeacher && settings.Distill.Teacher.Length > 0)
            CheckTeacher();
        await CheckAdaptationAsync(settings.Data.Unlabelled.Length > 0 ? "data.unlabelled" : "data.train", cancel);
    }

    /// <summary>Checks what further pre-training and self-distillation read.</summary>
    private async Task CheckAdaptationAsync(string unlabelled, CancellationToken cancel)
    {
        if (settings.Mix is not null && model.IsText)
            throw configuration.Mistake("mix.kind", $"mix.kind = {configuration.Text("mix.kind")} mixes images, and {settings.Model.From} takes text; set mix.kind = none");
        if (settings.TakesSource)
            await CheckUnlabelledAsync(Source(settings.Replay.Key, settings.Replay.Limit), "source.pack", cancel);
        await CheckUnlabelledAsync(settings.Data.UnlabelledIsTrain ? Train(unlabelled) : Target(unlabelled), "text.pack", cancel);
    }

    private async Task<string[]> CheckLabelledAsync(CancellationToken cancel)
    {
        string[] classNames = await ClassesAsync(Train("data.train"), cancel);
        if (classNames.Length < 2)
        {
            string wayOut = model.IsText ? $"give the JSON lines labels in the field \"{settings.Text.LabelField}\"" : "put the images into a folder per class";
            throw new DataException($"data.train: {settings.Data.Train} holds {classNames.Length} classes, and fine-tuning needs two or more; {wayOut}.");
        }
        if (settings.Data.Test.Length > 0 && settings.Data.Validation == 0)
            await ClassesAsync(Data("data.test") with { ClassNames = classNames }, cancel);
        return classNames;
    }

    private async Task<string[]> ClassesAsync(SourceOptions options, CancellationToken cancel)
    {
        await using IDataSet data = await WithGroupsAsync(_data.OpenLabelledAsync(options, cancel));
        return [.. data.ClassNames];
    }

    private async Task CheckUnlabelledAsync(SourceOptions options, string packKey, CancellationToken cancel)
    {
        bool pack = configuration.Switch(packKey);
        if (model.IsText && pack && settings.Text.PairField is not null)
            throw configuration.Mistake(packKey, $"{packKey} = on lays documents end to end, which pairs (text.pair-field) cannot be; set {packKey} = off");
        if (!Opened.Add((options, pack)))
            return;
        await using IDataSet data = await WithGroupsAsync(_data.OpenUnlabelledAsync(options, pack, cancel));
    }

    /// <summary>Tells of groups that cannot be held out where they were asked for.</summary>
    private async Task<IDataSet> WithGroupsAsync(Task<IDataSet> opening)
    {
        try
        {
            return await opening;
        }
        catch (DataException error) when (error.InnerException is GroupException groups)
        {
            throw configuration.Mistake("data.group", groups);
        }
    }

    private SourceOptions Data(string key) => new() { Location = Required(key), Key = key, CacheDirectory = settings.CacheFolder };

    private SourceOptions Source(string key, int limit) => Data(key) with { Limit = limit, LimitSeed = settings.Source.Seed };

    private SourceOptions Target(string key) => Data(key) with { Limit = settings.Data.Limit, LimitSeed = settings.Data.LimitSeed };

    private SourceOptions Train(string key) => Target(key) with { HoldOut = settings.Data.Validation, Group = settings.Data.Group };

    /// <summary>A teacher of text must read it as the student does.</summary>
    private void CheckTeacher()
    {
        string folder = Required("distill.teacher");
        ModelConfiguration shape = ModelFolder.ReadConfiguration(folder);
        if (shape.GetType() != model.Shape.GetType())
            throw configuration.Mistake("distill.teacher", $"distill.teacher = {folder} is a {shape.Kind} and model.from a {model.Shape.Kind}; name models of one kind");
        if (model.Tokenizer is { } tokenizer && Tokenizer.Open(folder).Fingerprint != tokenizer.Fingerprint)
            throw configuration.Mistake("distill.teacher", $"distill.teacher = {folder} has another tokenizer than {model.Location}; name a teacher that was adapted from the same model");
    }

    private string Required(string key) => configuration.Text(key) is { Length: > 0 } location
        ? location
        : throw configuration.Mistake(key, $"{key} is not set; set it in the configuration file or with --set {key}=…");
}
