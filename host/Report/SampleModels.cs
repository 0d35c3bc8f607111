using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;

namespace ActorTrain.Host.Report;

/// <summary>The models that fill in what is hidden from them, for the report: θ_init where the run made it, and the first seed's adapted ones.</summary>
internal static class SampleModels
{
    /// <summary>Their stages, in the run's order.</summary>
    public static IEnumerable<StagePlan> Of(PlannedRun planned) => planned.Plan.Stages
        .Where(stage => stage.Kind is StageKind.Pretrain or StageKind.Distill)
        .DistinctBy(stage => stage.Name.Split('/')[^1]);

    /// <summary>What a stage's model is called there.</summary>
    public static string Describe(StagePlan stage) => stage.Name switch
    {
        RunPlanBuilder.SourceStage => "θ_init",
        _ when stage.Kind == StageKind.Pretrain => Methods.Display(Methods.FurtherPretraining),
        _ => Methods.Display(Methods.SelfDistillation),
    };
}
