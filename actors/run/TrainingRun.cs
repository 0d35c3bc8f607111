namespace ActorTrain.Actors;

/// <summary>How a run is carried out, beyond what decides its result.</summary>
public sealed record RunOptions
{
    /// <summary>The clock that waits and durations are measured with.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Carries out a plan in a run folder.</summary>
public static class TrainingRun
{
    /// <summary>
    /// Carries out the stages of <paramref name="plan"/> in order. Called again on the same folder it resumes: finished stages are not
    /// repeated, and an interrupted one goes on after its last checkpoint with the same result, bit for bit.
    /// </summary>
    /// <param name="plan">What to do.</param>
    /// <param name="runFolder">Where checkpoints, models, metrics and results are kept; made if absent.</param>
    /// <param name="events">Told about progress, from any thread.</param>
    /// <param name="cancel">Ends the run after the current step, with a checkpoint.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <exception cref="RunException">The plan is wrong, or the run cannot go on.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled and can be resumed.</exception>
    public static Task<IReadOnlyList<StageResult>> ExecuteAsync(RunPlan plan, string runFolder, IProgress<RunEvent> events,
        CancellationToken cancel, RunOptions? options = null) =>
        Task.FromException<IReadOnlyList<StageResult>>(new RunException("Runs cannot be carried out yet."));
}
