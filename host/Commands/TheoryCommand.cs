using System.CommandLine;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Theory;

namespace ActorTrain.Host.Commands;

/// <summary><c>theory</c>: the papers' simplified model, in closed form and by brute force.</summary>
internal static class TheoryCommand
{
    private static readonly TheoryOptions Defaults = new();

    public static Command Theory()
    {
        Option<int> samples = Number("--samples", "Samples of a data set.", Defaults.Samples, 1, 100);
        Option<int> dimensions = Number("--dimensions", "Features of a sample; more than --samples.", Defaults.Dimensions, 2, 400);
        Option<int> outputs = Number("--outputs", "Outputs of the model.", Defaults.Outputs, 1, 10);
        Option<int> rounds = Number("--rounds", "Rounds of self-distillation.", Defaults.Rounds, 1, 50);
        Option<double> lambda = Number("--lambda", "Weight of the squared norm in a round.", Defaults.Lambda, 1e-4, 10);
        Option<double> time = Number("--time", "How long fine-tuning follows the gradient.", Defaults.Time, 0, 10);
        Option<int> seed = Number("--seed", "The first data set's; each further one counts on.", Defaults.Seed, 0, 1_000_000);
        Option<int> dataSets = Number("--datasets", "How many random data sets are drawn.", Defaults.DataSets, 1, 10_000);
        var labels = new Option<LabelKind>("--labels")
        {
            Description = "Labels that are in no singular direction against the pre-trained predictions, or whatever comes: then the bound need not fall.",
            HelpName = "aligned|free",
            DefaultValueFactory = _ => Defaults.Labels,
        };
        var folder = new Option<string>("--folder") { Description = "Where theory.html is written.", HelpName = "folder", DefaultValueFactory = _ => "runs/theory" };
        var command = new Command("theory", "Simulate the papers' simplified model (ridge self-distillation, then gradient flow) on random data, and check every claim about it. "
            + "Exit code 1 when one does not hold.") { samples, dimensions, outputs, rounds, lambda, time, seed, dataSets, labels, folder };
        command.SetAction(async (parsed, _) =>
        {
            var options = new TheoryOptions
            {
                Samples = parsed.GetValue(samples),
                Dimensions = parsed.GetValue(dimensions),
                Outputs = parsed.GetValue(outputs),
                Rounds = parsed.GetValue(rounds),
                Lambda = parsed.GetValue(lambda),
                Time = parsed.GetValue(time),
                Seed = parsed.GetValue(seed),
                DataSets = parsed.GetValue(dataSets),
                Labels = parsed.GetValue(labels),
            };
            if (options.Dimensions <= options.Samples)
                throw new ConfigurationException($"--dimensions {options.Dimensions}: it must be above --samples ({options.Samples}), or no null space is left.");
            bool holds = false;
            int exitCode = await Interruption.UnlessInterruptedAsync(async cancel => holds = await RunAsync(options, parsed.GetRequiredValue(folder), cancel));
            return exitCode == 0 && !holds ? Failure.ExitCode : exitCode;
        });
        return command;
    }

    private static async Task<bool> RunAsync(TheoryOptions options, string folder, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        TheoryRun run = TheoryRun.Execute(options, cancel);
        string page = Path.Combine(folder, "theory.html");
        await File.WriteAllTextAsync(page, TheoryReport.Compose(run, RunSession.CommandLine()), cancel);
        Console.WriteLine($"The first data set (seed {options.Seed}):\n\n{TheoryReport.Table(run).ToMarkdown()}");
        Console.WriteLine(TheoryReport.Premise(run));
        foreach (ClaimFindings claim in run.Claims)
            Console.WriteLine(TheoryReport.Line(claim));
        Console.WriteLine($"Report: {page}");
        int broken = run.Claims.Count(claim => !claim.Holds);
        if (broken > 0)
            await Console.Error.WriteLineAsync($"error: {broken} of {run.Claims.Count} claims {(broken == 1 ? "does" : "do")} not hold; the lines above say which, and --seed with --datasets 1 shows a data set alone.");
        return run.Holds;
    }

    private static Option<T> Number<T>(string name, string description, T standard, T least, T most) where T : IComparable<T>
    {
        var option = new Option<T>(name) { Description = description, HelpName = "number", DefaultValueFactory = _ => standard };
        option.Accept(least, most);
        return option;
    }
}
