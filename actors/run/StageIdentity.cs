using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ActorTrain.Actors;

/// <summary>Tells which stages do the same: with equal identities they end with the same weights, whatever they are called and whichever run they are in.</summary>
public static class StageIdentity
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>
    /// SHA-256, in hexadecimal, of what decides the stage's result, without its name and with the identity of each stage that it refers
    /// to in that one's place. Fields with a default value are left out, so that fields that a later version adds change nothing.
    /// </summary>
    /// <param name="plan">The plan that holds every stage it refers to.</param>
    /// <param name="stage">The stage; it need not be in the plan.</param>
    /// <exception cref="RunException">It refers to a stage that the plan does not hold.</exception>
    public static string Of(RunPlan plan, StagePlan stage) => HashOf(Resolved(plan, stage, Of));

    /// <summary>The same for results that are compared across machines: without the device and the threads, which decide last bits only.</summary>
    /// <inheritdoc cref="Of"/>
    public static string OfResult(RunPlan plan, StagePlan stage) => HashOf(Resolved(plan, stage, OfResult) with { Device = "", Threads = 0 });

    private static string HashOf(StagePlan decides) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(decides, Json)));

    private static StagePlan Resolved(RunPlan plan, StagePlan stage, Func<RunPlan, StagePlan, string> identityOf)
    {
        return stage.Deciding().WithModels(Model) with { Name = "" };

        string Model(string model) => ModelLocation.StageOf(model) is { } name
            ? ModelLocation.OfStage(identityOf(plan, plan.Stages.FirstOrDefault(other => other.Name == name)
                ?? throw new RunException($"Stage '{stage.Name}' refers to '{model}', but the plan holds no stage of that name.")))
            : model;
    }
}
