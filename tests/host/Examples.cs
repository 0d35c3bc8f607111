using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;
using ActorTrain.Model;

namespace ActorTrain.Host.Tests;

/// <summary>A planned comparison of two methods over two seeds, and results for it.</summary>
internal static class Examples
{
    public static PlannedRun Planned { get; } = new RunPlanBuilder(
        Settings.Read(
            RunConfiguration.Load([new ConfigurationText("example.conf",
                "run { seeds = [0, 1], methods = [fine-tuning, further-pretraining] }\ndata { train = a, test = b }\nsource.data = c")], []),
            "a <b> & \"c\""),
        new InitialModel("preset:tiny-32", ModelPresets.Tiny32),
        ["cat", "dog"]).BuildComparison();

    /// <summary>How plans are written.</summary>
    public static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) } };

    /// <summary>The same, as if the samples were text.</summary>
    public static PlannedRun PlannedText { get; } = Planned with { Plan = Planned.Plan with { Stages = [.. Planned.Plan.Stages.Select(AsText)] } };

    public static IReadOnlyList<StageResult> Results { get; } = [.. Planned.Plan.Stages.Select(Result)];

    private static StagePlan AsText(StagePlan stage) => stage with
    {
        Train = stage.Train! with { Text = new TextPlan { MaxLength = 16, Pack = false, TextField = "text", LabelField = "label", BucketBatches = 1, WholeWord = false } },
    };

    private static StageResult Result(StagePlan stage)
    {
        bool classifier = stage.Kind == StageKind.Finetune;
        double bonus = (stage.Name.Contains("further") ? 0.1 : 0) + (stage.Seed == 1 ? 0.1 : 0);
        return new StageResult
        {
            Stage = stage.Name,
            Kind = stage.Kind,
            PlanFingerprint = "f",
            Steps = stage.Steps,
            Seconds = classifier ? 10 : 20,
            TrainLoss = classifier ? 0.25 : null,
            TrainAccuracy = classifier ? 0.9 : null,
            TestLoss = classifier ? 0.75 : null,
            TestAccuracy = classifier ? 0.6 + bonus : null,
            Distance = stage.Name == "source" ? null : 3,
            ModelFolder = "models/" + stage.Name,
            ModelSha256 = "00",
            Confusion = classifier ? [[3, 1], [2, 4]] : null,
            DataWaitSeconds = 1,
            ComputeSeconds = 9,
        };
    }
}
