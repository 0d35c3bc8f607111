using System.CommandLine;
using ActorTrain.Host.Cluster;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;

namespace ActorTrain.Host.Commands;

/// <summary><c>chaos</c>: a run whose nodes are killed at random, compared with an undisturbed one.</summary>
internal static class ChaosCommand
{
    private const int MaxKills = 100_000;

    public static Command Chaos()
    {
        var file = new Argument<string>("configuration") { Description = "A HOCON file, as for run." };
        var kills = new Option<int>("--kills") { Description = "How many nodes are killed or paused.", DefaultValueFactory = _ => 20, HelpName = "number" };
        var seed = new Option<int>("--seed") { Description = "Draws which nodes, and when.", DefaultValueFactory = _ => 0, HelpName = "number" };
        var nodes = new Option<int>("--nodes") { Description = "Nodes of the cluster.", DefaultValueFactory = _ => 4, HelpName = "number" };
        var pauseShare = new Option<double>("--pause-share") { Description = "Share of the blows that stop a process for --pause-for instead of killing it.", DefaultValueFactory = _ => 0.2, HelpName = "0..1" };
        var pauseFor = new Option<double>("--pause-for") { Description = "Seconds that a pause lasts; longer than cluster.downing-after, or it is no test.", DefaultValueFactory = _ => 10, HelpName = "seconds" };
        kills.Accept(1, MaxKills);
        nodes.Accept(1, LocalClusterCommandOptions.MaxNodes);
        pauseShare.Accept(0, 1);
        pauseFor.Accept(0, 3600);
        var command = new Command("chaos", "Carry a run out once undisturbed and once on a cluster whose nodes are killed at random, and compare the weights bit by bit. "
            + "Exit code 1 when they differ.") { file, kills, seed, nodes, pauseShare, pauseFor };
        var common = new CommonOptions(command);
        command.SetAction(async (parsed, _) =>
        {
            string path = parsed.GetRequiredValue(file);
            RunConfiguration configuration = common.Load(parsed, [RunConfiguration.File(path)], []);
            Settings settings = Settings.Read(configuration, Path.GetFileNameWithoutExtension(path) + "-chaos");
            using var interruption = new Interruption();
            try
            {
                Directory.CreateDirectory(settings.Run.Folder);
                PlannedRun planned = await RunPlanBuilder.CheckAndBuildComparisonAsync(configuration, settings, interruption.Token);
                long steps = planned.Plan.Stages.Sum(stage => stage.Steps);
                IReadOnlyList<Blow> blows = Blow.Draw(parsed.GetValue(seed), parsed.GetValue(kills), steps, parsed.GetValue(nodes), parsed.GetValue(pauseShare));
                var comparison = new ChaosRun(planned.Plan, settings, parsed.GetValue(nodes), blows, TimeSpan.FromSeconds(parsed.GetValue(pauseFor)));
                ChaosReport report = await comparison.ExecuteAsync(interruption.Token);
                report.Write(settings.Run.Folder);
                Console.WriteLine();
                Console.WriteLine(report.ToMarkdown());
                return report.Same ? 0 : Failure.ExitCode;
            }
            catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
            {
                await Console.Error.WriteLineAsync("Interrupted. The same command keeps the undisturbed run and begins the disturbed one again.");
                return Failure.InterruptedExitCode;
            }
            catch (Exception error)
            {
                return Failure.Report(error, settings.Run.Folder);
            }
        });
        return command;
    }
}
