using ActorTrain.Actors;
using ActorTrain.Host.Planning;

namespace ActorTrain.Host.Results;

/// <summary>What one method reached over the seeds.</summary>
/// <param name="Method">The method's name in <c>run.methods</c>.</param>
/// <param name="Seeds">The seeds, in the order of the measurements.</param>
/// <param name="TestAccuracy">Share of the test samples classified rightly, 0 to 1.</param>
/// <param name="TestMacroF1">Mean of the classes' F1 on the test samples, 0 to 1.</param>
/// <param name="TestMicroF1">F1 of all decisions on the test samples, 0 to 1.</param>
/// <param name="Gap">Test loss − training loss (generalisation gap).</param>
/// <param name="TestLoss">Cross-entropy on the test samples.</param>
/// <param name="Distance">‖θ_init − θ‖₂ over the encoder.</param>
/// <param name="Seconds">Wall-clock of all of the method's stages, θ_init excluded.</param>
public sealed record MethodResult(string Method, IReadOnlyList<ulong> Seeds, SeedStatistics TestAccuracy, SeedStatistics TestMacroF1,
    SeedStatistics TestMicroF1, SeedStatistics Gap, SeedStatistics TestLoss, SeedStatistics Distance, SeedStatistics Seconds);

/// <summary>The results of a run: its stages, and the methods compared.</summary>
/// <param name="Name">The run's name.</param>
/// <param name="IsText">Whether the samples are text; then F1 stands where images have accuracy.</param>
/// <param name="Methods">A row per method; empty after a single stage.</param>
/// <param name="Stages">What every stage measured.</param>
public sealed record Comparison(string Name, bool IsText, IReadOnlyList<MethodResult> Methods, IReadOnlyList<StageResult> Stages)
{
    /// <summary>A sentence about broken samples, each counted in every stage that met it; null without any.</summary>
    public string? SkippedSentence => (Stages.Sum(stage => stage.SkippedSamples), IsText) switch
    {
        (0, _) => null,
        (1, false) => "1 broken image was replaced.",
        (1, true) => "1 broken line was left out.",
        (var count, false) => $"{count} broken images were replaced, counted in every stage that met them.",
        (var count, true) => $"{count} broken lines were left out, counted in every stage that met them.",
    };

    /// <summary>Puts the stages' results together by method.</summary>
    public static Comparison Of(PlannedRun planned, IReadOnlyList<StageResult> stages)
    {
        Dictionary<string, StageResult> byName = stages.ToDictionary(stage => stage.Stage);
        return new Comparison(planned.Plan.Name, planned.IsText,
            [.. planned.Runs.GroupBy(run => run.Method).Select(runs => OfMethod(runs.Key, [.. runs], byName))], stages);
    }

    private static MethodResult OfMethod(string method, IReadOnlyList<MethodRun> runs, Dictionary<string, StageResult> stages)
    {
        StageResult[] classifiers = [.. runs.Select(run => stages[run.Stages[^1]])];
        ClassificationScores?[] scores = [.. classifiers.Select(ClassificationScores.Of)];
        return new MethodResult(
            method,
            [.. runs.Select(run => run.Seed)],
            SeedStatistics.Of(classifiers.Select(stage => stage.TestAccuracy)),
            SeedStatistics.Of(scores.Select(score => score?.MacroF1)),
            SeedStatistics.Of(scores.Select(score => score?.MicroF1)),
            SeedStatistics.Of(classifiers.Select(stage => stage.TestLoss - stage.TrainLoss)),
            SeedStatistics.Of(classifiers.Select(stage => stage.TestLoss)),
            SeedStatistics.Of(classifiers.Select(stage => stage.Distance)),
            SeedStatistics.Of(runs.Select(run => (double?)run.Stages.Sum(name => stages[name].Seconds))));
    }
}
