using ActorTrain.Actors;
using ActorTrain.Host.Results;

namespace ActorTrain.Host.Study;

/// <summary>Puts together what a cell came to from what its stages left.</summary>
/// <param name="study">The study's name.</param>
/// <param name="store">Where the stages are kept.</param>
internal sealed class CellWriter(string study, StageStore store)
{
    private readonly Dictionary<string, IReadOnlyList<CurvePoint>> _curves = [];

    /// <summary>The cell's result.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="results">What its stages measured, by identity.</param>
    /// <param name="finished">When it was finished.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<CellResult> ComposeAsync(StudyCell cell, IReadOnlyDictionary<string, StageResult> results, DateTimeOffset finished, CancellationToken cancel)
    {
        StageResult classifier = results[cell.Stages[^1].Stage.Identity];
        ClassificationScores? scores = ClassificationScores.Of(classifier);
        List<CellStage> stages = [];
        foreach (NamedStage named in cell.Stages)
            stages.Add(await StageAsync(named, results[named.Stage.Identity], cancel));
        return new CellResult
        {
            Study = study,
            Dataset = cell.DataSet,
            Sweep = new Dictionary<string, string>(cell.Sweep),
            Method = cell.Method,
            Seed = cell.Seed,
            Identity = cell.Identity,
            Command = cell.Command,
            Configuration = cell.Configuration,
            Machine = classifier.Machine ?? TrainingMachine.Here(cell.Stages[^1].Stage.Plan.Device, cell.Stages[^1].Stage.Plan.Threads),
            Finished = finished,
            IsText = cell.IsText,
            Validation = cell.Validates,
            Classes = cell.Classes,
            TestAccuracy = classifier.TestAccuracy,
            TestLoss = classifier.TestLoss,
            TrainAccuracy = classifier.TrainAccuracy,
            TrainLoss = classifier.TrainLoss,
            MacroF1 = scores?.MacroF1,
            MicroF1 = scores?.MicroF1,
            Confusion = classifier.Confusion,
            Distance = classifier.Distance,
            Stages = stages,
        };
    }

    private async Task<CellStage> StageAsync(NamedStage named, StageResult result, CancellationToken cancel)
    {
        StudyStage stage = named.Stage;
        if (!_curves.TryGetValue(stage.Identity, out IReadOnlyList<CurvePoint>? curve))
            _curves[stage.Identity] = curve = await LossCurve.ReadAsync(store.MetricsOf(stage), stage.Plan.Name, stage.Plan.Steps, cancel);
        return new CellStage
        {
            Name = named.Name,
            Identity = stage.Identity,
            Kind = stage.Plan.Kind,
            Steps = result.Steps,
            Seconds = result.Seconds,
            Distance = result.Distance,
            ModelSha256 = result.ModelSha256,
            Curve = curve,
        };
    }
}
