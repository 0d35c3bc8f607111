using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;
using ActorTrain.Host.Progress;
using ActorTrain.Host.Report;
using ActorTrain.Host.Results;
using Spectre.Console;

namespace ActorTrain.Host;

/// <summary>Who carries a plan out: this process (<see cref="TrainingRun.ExecuteAsync"/>) or a cluster.</summary>
/// <param name="plan">What to do.</param>
/// <param name="folder">The run folder.</param>
/// <param name="events">Told about progress.</param>
/// <param name="cancel">Ends the run after the current step, with a checkpoint.</param>
public delegate Task<IReadOnlyList<StageResult>> PlanExecutor(RunPlan plan, string folder, IProgress<RunEvent> events, CancellationToken cancel);

/// <summary>One run from its plan to its report, with everything a person sees of it.</summary>
public sealed class RunSession(RunConfiguration configuration, Settings settings, CancellationToken cancel)
{
    /// <summary>Carries a plan out in this process.</summary>
    public static PlanExecutor InThisProcess { get; } = (plan, folder, events, cancel) => TrainingRun.ExecuteAsync(plan, folder, events, cancel);

    /// <summary>Carries the run out.</summary>
    /// <param name="plan">Checks the data and makes the plan.</param>
    /// <param name="execute">Carries the plan out.</param>
    /// <returns>The process's exit code.</returns>
    public async Task<int> ExecuteAsync(Func<CancellationToken, Task<PlannedRun>> plan, PlanExecutor execute)
    {
        string folder = settings.Run.Folder;
        try
        {
            PlannedRun planned = await plan(cancel);
            string resolved = configuration.Render(settings.Resolved, withOrigins: false);
            // A folder that has a plan keeps the configuration it was started with.
            if (!File.Exists(Path.Combine(folder, "plan.json")))
            {
                Directory.CreateDirectory(folder);
                await File.WriteAllTextAsync(Path.Combine(folder, "config.conf"), resolved, cancel);
            }
            IReadOnlyList<StageResult> stages;
            await using (var display = ProgressDisplay.Start(planned.Plan, TimeProvider.System))
                stages = await execute(planned.Plan, folder, display, cancel);

            string command = CommandLine();
            Comparison results = Comparison.Of(planned, stages);
            ResultFiles.Write(folder, planned, results, command);
            await ReportWriter.WriteAsync(folder, planned, results, command, resolved, cancel);
            Show(results, folder);
            return 0;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Interrupted. The same command resumes where this one stopped.");
            return Failure.InterruptedExitCode;
        }
        catch (Exception error)
        {
            return Failure.Report(error, folder);
        }
    }

    private static void Show(Comparison results, string folder)
    {
        ResultTable contents = ResultTable.Of(results);
        var table = new Table { Border = TableBorder.Rounded };
        for (int column = 0; column < contents.Header.Count; column++)
            table.AddColumn(new TableColumn(Markup.Escape(contents.Header[column])) { Alignment = column == 0 ? Justify.Left : Justify.Right, NoWrap = column == 0 });
        foreach (IReadOnlyList<string> row in contents.Rows)
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 200;
        AnsiConsole.Write(table);
        if (results.SkippedSentence is { } sentence)
            Console.WriteLine(sentence);
        Console.WriteLine($"Report: {Path.Combine(folder, "report.html")}");
        foreach (StageResult stage in results.Stages.Where(_ => results.Methods.Count == 0))
            Console.WriteLine($"Model: {stage.ModelFolder}");
    }

    /// <summary>The command as a person types it.</summary>
    public static string CommandLine() => string.Join(' ', Environment.GetCommandLineArgs().Skip(1).Select(Quoted).Prepend("./actortrain"));

    /// <summary>An argument as a shell takes it.</summary>
    public static string Quoted(string argument) =>
        argument.Length == 0 || argument.Any(c => char.IsWhiteSpace(c) || "\"'{}[]()<>|&;#$*?!\\`~".Contains(c)) ? $"'{argument.Replace("'", "'\\''")}'" : argument;
}
