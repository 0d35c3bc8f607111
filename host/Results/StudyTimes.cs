using ActorTrain.Actors;
using ActorTrain.Host.Planning;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Results;

/// <summary>Where a study's time went.</summary>
public static class StudyTimes
{
    /// <summary>Whether a stage makes θ_init, which every cell of a data set shares.</summary>
    public static bool MakesInitial(CellStage stage) => stage.Name == RunPlanBuilder.SourceStage;

    /// <summary>Whether a stage adapts θ_init to the target domain, without its labels.</summary>
    public static bool IsAdaptation(CellStage stage) => RunPlanBuilder.IsAdaptation(stage.Name, stage.Kind);

    /// <summary>Seconds of a cell's stages as if it stood alone, θ_init excluded.</summary>
    public static double OfMethod(CellResult cell) => cell.Stages.Where(stage => !MakesInitial(stage)).Sum(stage => stage.Seconds);

    /// <summary>Seconds of a cell's stages of one kind, θ_init excluded.</summary>
    public static double OfKind(CellResult cell, StageKind kind) => cell.Stages.Where(stage => !MakesInitial(stage) && stage.Kind == kind).Sum(stage => stage.Seconds);

    /// <summary>The stages of cells, each once however many cells share it.</summary>
    public static IReadOnlyList<CellStage> DistinctStages(IEnumerable<CellResult> cells) => [.. cells.SelectMany(cell => cell.Stages).DistinctBy(stage => stage.Identity)];
}
