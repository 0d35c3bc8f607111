using System.Security.Cryptography;
using MessagePack;

namespace ActorTrain.Actors;

/// <summary>Tells which stages do the same: with equal identities they end with the same weights, whatever they are called and whichever run they are in.</summary>
public static class StageIdentity
{
    /// <summary>
    /// SHA-256, in hexadecimal, of what decides the stage's result, without its name and with the identity of each stage that it refers
    /// to in that one's place.
    /// </summary>
    /// <param name="plan">The plan that holds every stage it refers to.</param>
    /// <param name="stage">The stage; it need not be in the plan.</param>
    /// <exception cref="RunException">It refers to a stage that the plan does not hold.</exception>
    public static string Of(RunPlan plan, StagePlan stage)
    {
        StagePlan deciding = stage.Deciding();
        return Convert.ToHexStringLower(SHA256.HashData(MessagePackSerializer.Serialize(deciding with
        {
            Name = "",
            Initial = Resolved(deciding.Initial)!,
            Teacher = Resolved(deciding.Teacher),
            Reference = Resolved(deciding.Reference),
            Regulariser = deciding.Regulariser is { } regulariser ? regulariser with { Anchor = Resolved(regulariser.Anchor) } : null,
        })));

        string? Resolved(string? model) => model is not null && ModelLocation.StageOf(model) is { } name
            ? $"stage:{Of(plan, plan.Stages.FirstOrDefault(other => other.Name == name)
                ?? throw new RunException($"Stage '{stage.Name}' refers to '{model}', but the plan holds no stage of that name."))}"
            : model;
    }
}
