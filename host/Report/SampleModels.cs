using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;

namespace ActorTrain.Host.Report;

/// <summary>A model that fills in what is hidden from it, for a report.</summary>
/// <param name="Name">What it is called there.</param>
/// <param name="Stage">The stage that made it.</param>
/// <param name="Folder">Where it lies.</param>
internal sealed record SampleModel(string Name, StagePlan Stage, string Folder);

/// <summary>The models of a run that a report shows: θ_init where the run made it, and the first seed's adapted ones.</summary>
internal static class SampleModels
{
    /// <summary>What stands where a report can show none.</summary>
    public const string Gone = "<p class=\"soft\">The models that would fill in what is hidden from them are no longer in their folders, so this report shows nothing of it.</p>\n";

    /// <summary>Their stages, in the run's order.</summary>
    public static IEnumerable<StagePlan> Stages(PlannedRun planned) => planned.Plan.Stages
        .Where(stage => stage.Kind is StageKind.Pretrain or StageKind.Distill)
        .DistinctBy(stage => stage.Name.Split('/')[^1]);

    /// <summary>Those of them whose folders are still there.</summary>
    public static IReadOnlyList<SampleModel> Of(PlannedRun planned, IReadOnlyList<StageResult> results) =>
        [.. from stage in Stages(planned)
            let folder = results.First(result => result.Stage == stage.Name).ModelFolder
            where Directory.Exists(folder)
            select new SampleModel(Describe(planned, stage), stage, folder)];

    /// <summary>The method that a stage adapts a model for; a teacher's stage, and a round before the last, by what they do.</summary>
    public static string MethodOf(PlannedRun planned, StagePlan stage) =>
        planned.Runs.FirstOrDefault(run => run.Stages.Count > 1 && run.Stages[^2] == stage.Name)?.Method
            ?? (stage.Kind == StageKind.Distill ? Methods.SelfDistillation : Methods.FurtherPretraining);

    private static string Describe(PlannedRun planned, StagePlan stage) =>
        stage.Name == RunPlanBuilder.SourceStage ? "θ_init" : Methods.Display(MethodOf(planned, stage));
}
