using ActorTrain.Actors;
using ActorTrain.Host.Cluster;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Report;
using Spectre.Console;

namespace ActorTrain.Host.Study;

/// <summary>One start of a study, from its plan to its report, with everything a person sees of it.</summary>
/// <param name="file">The study's file.</param>
/// <param name="configuration">What it says, and what the command line adds.</param>
/// <param name="settings">The same, typed.</param>
internal sealed class StudySession(ConfigurationText file, RunConfiguration configuration, Settings settings)
{
    private readonly StudyDefinition _study = configuration.Study;

    /// <summary>The nodes that carry stages out, one at a time; null for this process.</summary>
    public LocalClusterOptions? Cluster { get; init; }

    private string Results => _study.Results.Length > 0 ? _study.Results : settings.Run.Folder;

    /// <summary>Stages at a time; a cluster carries out one plan at a time.</summary>
    private int Parallel => Cluster is null ? _study.Parallel : 1;

    /// <summary>Shows what there is to do and what is done.</summary>
    /// <inheritdoc cref="StudyRun.ExecuteAsync" path="/exception"/>
    public async Task ShowAsync(CancellationToken cancel)
    {
        StudyPlan plan = await PlanAsync(cancel);
        var store = new StageStore(_study.Stages, plan.Stages);
        var progress = new StudyProgress(plan, Parallel);
        foreach (StudyCell cell in plan.Cells)
        {
            if (StudyFiles.ReadCell(StudyFiles.FileOf(Results, cell), out _) is { } result && result.Identity == cell.Identity)
                progress.Done(cell, result);
            else
                progress.Need(cell);
        }
        var stages = plan.Stages.Values.Select(stage => (Stage: stage, Result: store.ResultOf(stage))).ToList();
        foreach ((StudyStage stage, StageResult? result) in stages)
            progress.End(stage, result);
        Print(plan, progress);
        AnsiConsole.Write(StudyTable.Draw(stages.Select(stage => (stage.Stage, stage.Result is not null))));
    }

    /// <summary>Carries the study out and reports it.</summary>
    /// <exception cref="RunException">A stage failed, or a file cannot be written; the message is the sentence for the user.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled and can be resumed.</exception>
    public async Task ExecuteAsync(CancellationToken cancel)
    {
        StudyPlan plan = await PlanAsync(cancel);
        StudyFiles.Write(Results, RecordOf(plan));
        await using LocalCluster? cluster = Cluster is { } options ? await LocalCluster.OpenAsync(options, settings.Run.Folder, cancel) : null;
        var progress = new StudyProgress(plan, Parallel);
        if (_study.Parallel > Parallel)
            Console.WriteLine($"study.parallel = {_study.Parallel} is for stages in this process; on nodes they go one at a time, each over all nodes.");
        IReadOnlyList<string> failures;
        await using (var display = StudyDisplay.Start(plan, progress, TimeProvider.System))
        {
            failures = await new StudyRun(plan, new StageStore(_study.Stages, plan.Stages), new StudyOptions
            {
                Results = Results,
                Parallel = Parallel,
                Execute = cluster is null ? RunSession.InThisProcess : cluster.ExecuteAsync,
            }, progress, display).ExecuteAsync(cancel);
        }
        IReadOnlyList<string> damaged = await StudyReport.WriteAsync(Results, cancel);
        Print(plan, progress);
        foreach (string sentence in damaged)
            Console.WriteLine($"{sentence}.");
        Console.WriteLine($"Report: {Path.Combine(Results, "report.html")}");
        if (failures.Count > 0)
            throw new RunException($"Cells are left out because of what failed; the same command tries them again. {string.Join(' ', failures)}");
    }

    private Task<StudyPlan> PlanAsync(CancellationToken cancel) => StudyPlan.BuildAsync(file, configuration, settings, cancel);

    private StudyRecord RecordOf(StudyPlan plan) => new()
    {
        Name = plan.Name,
        Datasets = [.. _study.DataSets.Select(dataSet => dataSet.Name)],
        Sweep = [.. plan.Sweep.Select(key => new SweepAxis(key.Key, key.Values))],
        Methods = settings.Run.Methods,
        Seeds = settings.Run.Seeds,
        Identities = [.. plan.Cells.Select(cell => cell.Identity)],
        Configuration = configuration.Render(settings.Resolved, withOrigins: false),
        Command = RunSession.CommandLine(),
        Stages = _study.Stages,
    };

    private static void Print(StudyPlan plan, StudyProgress progress)
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 200;
        AnsiConsole.Write(StudyTable.Draw(plan, progress.View()));
    }
}
