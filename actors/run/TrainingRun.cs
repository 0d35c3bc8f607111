using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Messages;
using ActorTrain.Actors.Stages;
using Akka.Actor;
using Akka.Configuration;

namespace ActorTrain.Actors;

/// <summary>How a run is carried out, beyond what decides its result.</summary>
public sealed record RunOptions
{
    /// <summary>The clock that waits and durations are measured with.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told about the run's actor system once its coordinator is there: tests stop actors through it.</summary>
    internal Action<ActorSystem>? Started { get; init; }
}

/// <summary>Carries out a plan in a run folder.</summary>
public static class TrainingRun
{
    private const string Configuration = """
        akka {
          loglevel = ERROR
          stdout-loglevel = ERROR
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
        }
        """;

    /// <summary>
    /// Carries out the stages of <paramref name="plan"/> in order. Called again on the same folder it resumes: finished stages are not
    /// repeated, and an interrupted one goes on after its last checkpoint with the same result, bit for bit.
    /// </summary>
    /// <param name="plan">What to do.</param>
    /// <param name="runFolder">Where checkpoints, models, metrics and results are kept; made if absent.</param>
    /// <param name="events">Told about progress, from any thread; it must return at once, for training waits for it.</param>
    /// <param name="cancel">Ends the run after the current step, with a checkpoint.</param>
    /// <param name="options">How the run is carried out.</param>
    /// <exception cref="RunException">The plan is wrong, or the run cannot go on; the message is the sentence for the user.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled and can be resumed.</exception>
    public static async Task<IReadOnlyList<StageResult>> ExecuteAsync(RunPlan plan, string runFolder, IProgress<RunEvent> events,
        CancellationToken cancel, RunOptions? options = null)
    {
        options ??= new RunOptions();
        PlanValidation.Check(plan);
        var (resolved, decisions) = PlanValidation.Resolve(plan);
        cancel.ThrowIfCancellationRequested();
        using var folder = RunFolder.Open(runFolder, resolved);
        foreach (string decision in decisions)
            events.Report(new Notice(decision));

        var journal = new Journal(folder.Journal, options.Time);
        var work = new BackgroundWork();
        var run = new RunContext(folder, events, options, work) { Epoch = journal.Epoch, StageCount = resolved.Stages.Length, Cancel = cancel };
        var outcome = new TaskCompletionSource<IReadOnlyList<StageResult>>(TaskCreationOptions.RunContinuationsAsynchronously);
        var system = ActorSystem.Create("actortrain", ConfigurationFactory.ParseString(Configuration));
        try
        {
            var coordinator = system.ActorOf(Props.Create(() => new CoordinatorActor(run, resolved, journal, outcome)), "coordinator");
            options.Started?.Invoke(system);
            using var cancellation = cancel.Register(() => coordinator.Tell(new CancelRun()));
            return await outcome.Task;
        }
        finally
        {
            await system.Terminate();
            await work.AllEnded();
        }
    }
}
