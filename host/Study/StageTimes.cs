using ActorTrain.Actors;

namespace ActorTrain.Host.Study;

/// <summary>Tells how long a stage will take by those that are finished.</summary>
internal sealed class StageTimes
{
    private readonly List<(StagePlan Plan, double Seconds)> _finished = [];

    /// <summary>Takes a finished stage in.</summary>
    public void Add(StagePlan plan, double seconds) => _finished.Add((plan, seconds));

    /// <summary>
    /// Seconds that a stage should take: as long as those of its kind with as many steps and samples; else by the samples a second of its
    /// kind, finished or under way; else by those of any kind.
    /// </summary>
    /// <param name="plan">The stage.</param>
    /// <param name="running">Seconds a sample of the kinds that are under way.</param>
    /// <returns>Null before anything is known.</returns>
    public double? Expected(StagePlan plan, IReadOnlyDictionary<StageKind, double> running)
    {
        if (Mean(_finished.Where(other => Like(other.Plan, plan)).Select(other => other.Seconds)) is { } same)
            return same;
        double? rate = Mean(_finished.Where(other => other.Plan.Kind == plan.Kind).Select(Rate))
            ?? (running.TryGetValue(plan.Kind, out double now) ? now : (double?)null)
            ?? Mean(_finished.Select(Rate).Concat(running.Values));
        return rate * Samples(plan);
    }

    private static bool Like(StagePlan one, StagePlan other) => (one.Kind, one.Steps, one.BatchSize) == (other.Kind, other.Steps, other.BatchSize);

    private static double Rate((StagePlan Plan, double Seconds) stage) => stage.Seconds / Samples(stage.Plan);

    private static double Samples(StagePlan plan) => Math.Max(1, plan.Steps * plan.BatchSize);

    private static double? Mean(IEnumerable<double> values) => values.Select(value => (double?)value).Average();
}
