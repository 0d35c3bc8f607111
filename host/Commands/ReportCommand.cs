using System.CommandLine;
using ActorTrain.Actors;
using ActorTrain.Host.Report;
using ActorTrain.Host.Results;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Commands;

/// <summary><c>report</c>: writes the report of a study or a run from what is in its folder.</summary>
internal static class ReportCommand
{
    public static Command Report()
    {
        var folder = new Argument<string>("folder") { Description = "The results folder of a study (study.json, cells/), finished or not, or the folder of a finished run." };
        var command = new Command("report", "Write the report of a study or a run again: one page of HTML, CSV and Markdown.") { folder };
        command.SetAction((parsed, _) => Interruption.UnlessInterruptedAsync(async cancel =>
        {
            string path = parsed.GetRequiredValue(folder);
            await WriteAsync(path, cancel);
            Console.WriteLine($"Report: {Path.Combine(path, "report.html")}");
        }));
        return command;
    }

    private static async Task WriteAsync(string folder, CancellationToken cancel)
    {
        if (File.Exists(Path.Combine(folder, StudyFiles.RecordName)))
        {
            foreach (string sentence in await StudyReport.WriteAsync(folder, cancel))
                Console.WriteLine($"{sentence}.");
        }
        else if (File.Exists(Path.Combine(folder, ResultFiles.PlanName)))
        {
            FinishedRun run = ResultFiles.Read(folder);
            string configuration = Path.Combine(folder, "config.conf");
            ResultFiles.Write(folder, run.Planned, run.Results, run.Command);
            await ReportWriter.WriteAsync(folder, run.Planned, run.Results, run.Command, File.Exists(configuration) ? await File.ReadAllTextAsync(configuration, cancel) : "", cancel);
        }
        else
        {
            throw new RunException(Directory.Exists(folder)
                ? $"{folder} holds neither the results of a study ({StudyFiles.RecordName}) nor a run ({ResultFiles.PlanName}); name the study.results folder of a study or the run.folder of a run."
                : $"There is no folder {folder}; name the study.results folder of a study or the run.folder of a run.");
        }
    }
}
