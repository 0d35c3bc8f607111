using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Files;
using ActorTrain.Actors.Messages;
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

/// <summary>Carries out a plan in a run folder, with all roles in this process.</summary>
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
    /// <exception cref="FolderInUseException">Another process is running in the folder.</exception>
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

        var files = new NodeFiles();
        var journal = new Journal(folder.Journal, options.Time);
        var record = await RecordOfAsync(resolved, folder, files, journal.Epoch);
        var work = new BackgroundWork();
        var run = new RunContext
        {
            Folder = folder,
            Events = events,
            Options = options,
            Work = work,
            Node = NodeIdentity.Local,
            Nodes = NodeMap.Local(),
            Files = files,
            DataMeter = new ServiceMeter(NodeRoles.Data, options.Time),
            TeacherMeter = new ServiceMeter(NodeRoles.Teacher, options.Time),
            StageCount = resolved.Stages.Length,
            Cancel = cancel,
        };
        var outcome = new TaskCompletionSource<IReadOnlyList<StageResult>>(TaskCreationOptions.RunContinuationsAsynchronously);
        var system = ActorSystem.Create("actortrain", ConfigurationFactory.ParseString(Configuration));
        try
        {
            var coordination = new CoordinatorOptions(run.Nodes, folder, journal, events, options.Time);
            system.ActorOf(Props.Create(() => new NodeActor(run.Node, record, new OneRun(run))), NodeActor.Name);
            var coordinator = system.ActorOf(Props.Create(() => new CoordinatorActor(coordination, record, outcome)), "coordinator");
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

    /// <summary>What a stage of the run in a folder measured; null where it is not finished.</summary>
    /// <param name="runFolder">The run folder.</param>
    /// <param name="stage">The stage's name.</param>
    /// <exception cref="RunException">The result is damaged.</exception>
    public static StageResult? ResultOf(string runFolder, string stage) => RunFolder.ReadResult(runFolder, stage);

    /// <summary>In one process the results that lie in the run folder are the record.</summary>
    private sealed class OneRun(RunContext run) : INodeRuns
    {
        public RunContext Open(RunRecord record) => run;

        public void Keep(RunRecord record)
        {
        }

        public long HighestEpoch => 0;
    }

    /// <summary>How far the folder's run is: the stages that have a result, and the models that the plan names.</summary>
    private static async Task<RunRecord> RecordOfAsync(RunPlan plan, RunFolder folder, NodeFiles files, long epoch)
    {
        var record = RunRecord.Begin(Path.GetFileName(folder.Root), epoch, plan, await InputsAsync(plan, files));
        for (int index = 0; index < plan.Stages.Length; index++)
        {
            if (folder.ReadResult(plan.Stages[index]) is not { } result)
                continue;
            var totals = new TrainingTotals(result.Steps, result.Seconds, result.DataWaitSeconds, result.TeacherWaitSeconds, result.ComputeSeconds, result.SkippedSamples);
            record.Stages[index] = new StageRecord
            {
                Trained = new TrainedModel(await files.AddAsync(result.ModelFolder), totals, result.Distance, null, result.Machine),
                Result = result,
            };
        }
        return record;
    }

    /// <summary>The models that a plan names by their folders.</summary>
    internal static async Task<InputModel[]> InputsAsync(RunPlan plan, NodeFiles files)
    {
        List<InputModel> inputs = [];
        foreach (string location in plan.Stages.SelectMany(stage => stage.Models()).Distinct())
        {
            if (ModelLocation.StageOf(location) is null && ModelLocation.PresetOf(location) is null)
                inputs.Add(new InputModel(location, await files.AddModelAsync(location)));
        }
        return [.. inputs];
    }
}
