using System.CommandLine;
using ActorTrain.Host.Cluster;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;

namespace ActorTrain.Host.Commands;

/// <summary><c>demo</c> and <c>run</c>: whole comparisons.</summary>
internal static class RunCommands
{
    public static Command Run()
    {
        var file = new Argument<string>("configuration") { Description = "A HOCON file; hocon/ holds ready-made ones." };
        var command = new Command("run", "Run every method for every seed as a configuration says, compare them, and write a report. The same command resumes.") { file };
        var common = new CommonOptions(command);
        var cluster = new LocalClusterCommandOptions(command);
        command.SetAction(async (parsed, _) =>
        {
            string path = parsed.GetRequiredValue(file);
            RunConfiguration configuration = common.Load(parsed, [RunConfiguration.File(path)], []);
            Settings settings = Settings.Read(configuration, Path.GetFileNameWithoutExtension(path));
            PlanExecutor execute = cluster.Read(parsed, settings) is { } options
                ? (plan, folder, events, cancel) => LocalCluster.ExecuteAsync(options, plan, folder, events, cancel)
                : RunSession.InThisProcess;
            return await CompareAsync(configuration, settings, execute);
        });
        return command;
    }

    public static Command Demo()
    {
        var brief = new Option<bool>("--short") { Description = "A few steps only, to see that everything works." };
        var command = new Command("demo", "Make a small image data set and run the whole comparison on it; ends within minutes.") { brief };
        var common = new CommonOptions(command);
        command.SetAction(async (parsed, _) =>
        {
            List<ConfigurationText> texts = [RunConfiguration.Resource("demo.conf")];
            if (parsed.GetValue(brief))
                texts.Add(RunConfiguration.Resource("demo-short.conf"));
            string name = parsed.GetValue(brief) ? "demo-short" : "demo";
            string data = Path.Combine(common.Folder(parsed) ?? Path.Combine("runs", name), "data");
            RunConfiguration configuration = common.Load(parsed, texts,
            [
                $"source.data={DemoData.Source(data)}",
                $"data.train={DemoData.Train(data)}",
                $"data.unlabelled={DemoData.Unlabelled(data)}",
                $"data.test={DemoData.Test(data)}",
            ]);
            Settings settings = Settings.Read(configuration, name);
            DemoData.Write(data);
            return await CompareAsync(configuration, settings, RunSession.InThisProcess);
        });
        return command;
    }

    private static async Task<int> CompareAsync(RunConfiguration configuration, Settings settings, PlanExecutor execute)
    {
        using var interruption = new Interruption();
        var session = new RunSession(configuration, settings, interruption.Token);
        return await session.ExecuteAsync(cancel => RunPlanBuilder.CheckAndBuildComparisonAsync(configuration, settings, cancel), execute);
    }
}
