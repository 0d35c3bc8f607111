using System.CommandLine;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Commands;

/// <summary>The options that every command with a configuration has.</summary>
internal sealed class CommonOptions
{
    private readonly Option<string[]> _set = new("--set")
    {
        Description = "Set a configuration key; may be repeated. hocon/reference.conf lists the keys.",
        HelpName = "key=value",
        Arity = ArgumentArity.ExactlyOne,
    };

    private readonly Option<string?> _device = new("--device") { Description = "Where the tensors live (run.device).", HelpName = "cpu|cuda:N" };

    private readonly Option<string?> _folder = new("--folder") { Description = "Where everything is written (run.folder).", HelpName = "folder" };

    /// <summary>Adds the options to a command.</summary>
    public CommonOptions(Command command)
    {
        _set.Arity = ArgumentArity.OneOrMore;
        command.Add(_set);
        command.Add(_device);
        command.Add(_folder);
    }

    /// <summary>What <c>--folder</c> says, or null.</summary>
    public string? Folder(ParseResult parsed) => parsed.GetValue(_folder);

    /// <summary>Loads the configuration: the texts, then <paramref name="mapped"/> (a command's own options), then the common options.</summary>
    public RunConfiguration Load(ParseResult parsed, IEnumerable<ConfigurationText> texts, IEnumerable<string> mapped)
    {
        var assignments = new List<string>(mapped);
        if (parsed.GetValue(_device) is { } device)
            assignments.Add($"run.device={device}");
        if (Folder(parsed) is { } folder)
            assignments.Add($"run.folder={folder}");
        assignments.AddRange(parsed.GetValue(_set) ?? []);
        return RunConfiguration.Load(texts, assignments);
    }
}
