using ActorTrain.Actors;

namespace ActorTrain.Host.Study;

/// <summary>A stage that cells of a study need; those that do the same are one.</summary>
/// <param name="Identity">See <see cref="StageIdentity"/>.</param>
/// <param name="Plan">Its plan, named by its kind; the result of another stage is <c>stage:IDENTITY</c> in it.</param>
internal sealed record StudyStage(string Identity, StagePlan Plan)
{
    /// <summary>Identities of the stages whose results it starts from or looks at.</summary>
    public IReadOnlyList<string> Inputs => InputsOf(Plan);

    /// <summary>A stage of a run's plan.</summary>
    public static StudyStage Of(RunPlan plan, StagePlan stage)
    {
        StagePlan named = WithResults(stage, name => ModelLocation.OfStage(StageIdentity.Of(plan, plan.Stages.Single(other => other.Name == name))));
        return new StudyStage(StageIdentity.Of(plan, stage), named with { Name = stage.Kind.ToString().ToLowerInvariant() });
    }

    /// <summary>The stage and all that it builds on, in the order of the plan.</summary>
    public static IReadOnlyList<StagePlan> ChainOf(RunPlan plan, string stage)
    {
        HashSet<string> needed = [stage];
        foreach (StagePlan later in plan.Stages.Reverse().Where(later => needed.Contains(later.Name)))
            needed.UnionWith(InputsOf(later));
        return [.. plan.Stages.Where(other => needed.Contains(other.Name))];
    }

    /// <summary>The plan of a run of this stage alone.</summary>
    /// <param name="modelOf">The folder of the model that the stage of an identity ended with.</param>
    public RunPlan Alone(Func<string, string> modelOf) => new() { Name = StageStore.NameOf(Identity), Stages = [WithResults(Plan, modelOf)] };

    private static IReadOnlyList<string> InputsOf(StagePlan plan) => [.. plan.Models().Select(ModelLocation.StageOf).OfType<string>().Distinct()];

    private static StagePlan WithResults(StagePlan plan, Func<string, string> resultOf) =>
        plan.WithModels(model => ModelLocation.StageOf(model) is { } stage ? resultOf(stage) : model);
}
