using System.CommandLine;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Commands;

/// <summary><c>study</c>: methods × data sets × seeds × values of swept keys.</summary>
internal static class StudyCommand
{
    public static Command Study()
    {
        var file = new Argument<string>("configuration") { Description = "A HOCON file with a section study; hocon/study-*.conf are ready-made ones." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what there is to do and what is done, and do nothing." };
        var command = new Command("study", "Run every method on every data set with every value of the swept keys for every seed, and report them together. "
            + "What is the same is carried out once; the same command resumes.") { file, dryRun };
        var common = new CommonOptions(command);
        var cluster = new LocalClusterCommandOptions(command);
        command.SetAction(async (parsed, _) =>
        {
            ConfigurationText text = RunConfiguration.File(parsed.GetRequiredValue(file));
            RunConfiguration configuration = common.Load(parsed, [text], []);
            Settings settings = Settings.Read(configuration, Path.GetFileNameWithoutExtension(text.Name));
            var session = new StudySession(text, configuration, settings) { Cluster = cluster.Read(parsed, settings) };
            using var interruption = new Interruption();
            try
            {
                await (parsed.GetValue(dryRun) ? session.ShowAsync(interruption.Token) : session.ExecuteAsync(interruption.Token));
                return 0;
            }
            catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
            {
                await Console.Error.WriteLineAsync("Interrupted. The same command resumes where this one stopped.");
                return Failure.InterruptedExitCode;
            }
            catch (Exception error)
            {
                return Failure.Report(error, Directory.Exists(settings.Run.Folder) ? settings.Run.Folder : Path.GetTempPath());
            }
        });
        return command;
    }
}
