using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using ActorTrain.Actors.Messages;
using ActorTrain.DataPipeline;

namespace ActorTrain.Actors.Stages;

/// <summary>An opened data set, and what reads it.</summary>
/// <param name="Set">The data set.</param>
/// <param name="NewLoader">Makes a loader of its batches, for the one who calls it to release.</param>
/// <param name="Losses">A sentence that says what of the data is not used; null where all of it is.</param>
/// <param name="Source">What is replayed or mixed in among its samples; null for nothing.</param>
internal sealed record StageSource(IDataSet Set, Func<ISampleLoader> NewLoader, string? Losses = null, StageSource? Source = null)
{
    /// <summary>What a node without access to the data needs to know of it. The fingerprint is one of all that its batches are made of.</summary>
    public DataSetInfo Info { get; } = new(Set.Count, Source is null ? Set.Fingerprint : Joined(Set.Fingerprint, Source.Set.Fingerprint), [.. Set.ClassNames]);

    private static string Joined(string own, string source) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"{own} {source}")));
}

/// <summary>The opened data sets of a stage. They stay open until their last reader has ended.</summary>
internal sealed class StageSources : IAsyncDisposable
{
    /// <summary>A matrix of counts by label and prediction travels with each evaluation.</summary>
    private const int MostClasses = 2000;

    private readonly ConcurrentBag<Task> _released = [];
    private StageSource? _train;
    private StageSource? _test;
    private StageSource? _source;

    public DataSetInfo? Train => _train?.Info;

    public DataSetInfo? Test => _test?.Info;

    /// <summary>What of the data is not used, a sentence for each data set.</summary>
    public IEnumerable<string> Losses => new[] { _train, _test, _source }.Select(source => source?.Losses).OfType<string>();

    public StageSource this[DataSplit split] => split switch
    {
        DataSplit.Train => _train,
        DataSplit.Test => _test,
        _ => _source,
    } ?? throw new ArgumentException($"The stage has no {split} data.", nameof(split));

    /// <exception cref="DataException">A data set cannot be opened.</exception>
    /// <exception cref="RunException">Data and model do not fit.</exception>
    public static async Task<StageSources> OpenAsync(StagePlan plan, Modality modality, IProgress<OpeningProgress> progress, CancellationToken cancel)
    {
        var sources = new StageSources();
        try
        {
            if (plan.Source is not null)
                sources._source = await OpenSetAsync(DataSplit.Source, plan.Source);
            if (plan.Train is not null)
                sources._train = await OpenSetAsync(DataSplit.Train, plan.Train, source: sources._source);
            if (plan.Test is not null && plan.Kind is StageKind.Finetune or StageKind.Evaluate)
                sources._test = await OpenSetAsync(DataSplit.Test, plan.Test, sources.Train?.ClassNames ?? modality.ClassNames);
            if (plan.Kind == StageKind.Finetune && sources.Train!.ClassNames.Length < 2)
                throw new RunException($"{plan.Train!.Key} = {plan.Train.Location} has {sources.Train.ClassNames.Length} class(es), but stage '{plan.Name}' "
                    + $"learns to tell at least 2 apart; {modality.HowToLabel(plan.Train)}.");
            if (plan.Kind == StageKind.Finetune && sources.Train!.ClassNames.Length > MostClasses)
                throw new RunException($"{plan.Train!.Key} = {plan.Train.Location} has {sources.Train.ClassNames.Length} classes, but stage '{plan.Name}' "
                    + $"can tell at most {MostClasses} apart; give it labels that repeat.");
            return sources;
        }
        catch
        {
            await sources.DisposeAsync();
            throw;
        }

        Task<StageSource> OpenSetAsync(DataSplit split, DataPlan data, IReadOnlyList<string>? classNames = null, StageSource? source = null) =>
            modality.OpenAsync(split, data.ToSourceOptions(classNames) with { Progress = progress }, source, cancel);
    }

    /// <summary>Disposes what reads the data sets.</summary>
    public void Release(IAsyncDisposable reader) => _released.Add(reader.DisposeAsync().AsTask());

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_released);
        foreach (var source in new[] { _train, _test, _source })
        {
            if (source is not null)
                await source.Set.DisposeAsync();
        }
    }
}
