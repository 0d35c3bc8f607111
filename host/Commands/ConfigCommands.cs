using System.CommandLine;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Commands;

/// <summary><c>config show</c>.</summary>
internal static class ConfigCommands
{
    public static Command Show()
    {
        var file = new Argument<string?>("configuration") { Description = "A HOCON file; without it, the defaults.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("show", "Print every key with its resolved value, and where a value was set that is not the default.") { file };
        var common = new CommonOptions(command);
        command.SetAction(parsed =>
        {
            string? path = parsed.GetValue(file);
            RunConfiguration configuration = common.Load(parsed, path is null ? [] : [RunConfiguration.File(path)], []);
            Settings settings = Settings.Read(configuration, path is null ? "run" : Path.GetFileNameWithoutExtension(path));
            Console.Out.Write(configuration.Render(settings.Resolved, withOrigins: true));
        });
        return command;
    }
}
