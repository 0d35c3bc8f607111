using ActorTrain.Actors;

namespace ActorTrain.Host.Planning;

/// <summary>The stages of a plan in the making, of which none does what another one does.</summary>
/// <param name="runName">The run's name.</param>
internal sealed class SharedStages(string runName)
{
    private readonly List<StagePlan> _stages = [];
    private readonly Dictionary<string, string> _names = [];

    /// <summary>The plan of what was added so far.</summary>
    public RunPlan Plan => new() { Name = runName, Stages = [.. _stages] };

    /// <summary>Adds a stage, unless one is there that does the same.</summary>
    /// <returns>The reference to its model: <c>stage:NAME</c>, with the name of the one that is there.</returns>
    public string Add(StagePlan stage)
    {
        string identity = StageIdentity.Of(Plan, stage);
        if (_names.TryAdd(identity, stage.Name))
            _stages.Add(stage);
        return ModelLocation.OfStage(_names[identity]);
    }
}
