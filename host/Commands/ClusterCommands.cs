using System.CommandLine;
using ActorTrain.Actors.Cluster;
using ActorTrain.Host.Cluster;

namespace ActorTrain.Host.Commands;

/// <summary><c>cluster status|leave|down|secret</c>.</summary>
internal static class ClusterCommands
{
    public static Command Status() => WithClient("status", "Say who is in the cluster, what each node does, and how far the run is.", [], async (client, _, cancel) =>
    {
        foreach (string line in StatusTable.Lines(await client.StatusAsync(cancel)))
            Console.WriteLine(line);
    });

    public static Command Leave()
    {
        var node = Node();
        return WithClient("leave", "Have a node leave the cluster once what it does is done or handed on.", [node], async (client, parsed, cancel) =>
        {
            await client.LeaveAsync(parsed.GetRequiredValue(node), cancel);
            Console.WriteLine($"{parsed.GetRequiredValue(node)} leaves.");
        });
    }

    public static Command Down()
    {
        var node = Node();
        return WithClient("down", "Take a node that is gone for good out of the cluster at once.", [node], async (client, parsed, cancel) =>
        {
            await client.DownAsync(parsed.GetRequiredValue(node), cancel);
            Console.WriteLine($"{parsed.GetRequiredValue(node)} is taken out.");
        });
    }

    public static Command Secret()
    {
        var file = new Option<string?>(NodeArguments.SecretFile) { Description = "Where to write it; default: ~/.config/actortrain/secret.", HelpName = "file" };
        var command = new Command("secret", "Make a secret for a cluster, in a file that only you can read; copy it to every host.") { file };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(file) ?? ClusterSecret.DefaultFile;
            ClusterSecret.Make(path);
            Console.WriteLine($"{path} holds a new secret. Bring it to every host of the cluster, readable by you alone:");
            Console.WriteLine($"  ssh other-host 'umask 077; mkdir -p .config/actortrain; cat >.config/actortrain/secret' <{path}");
        });
        return command;
    }

    private static Argument<string> Node() => new("address") { Description = "The node, host:port as 'cluster status' shows it.", HelpName = "host:port" };

    private static Command WithClient(string name, string description, IEnumerable<Argument> arguments, Func<ClusterClient, ParseResult, CancellationToken, Task> act)
    {
        var join = ClusterOptions.Join("Nodes to ask, any that run.");
        var folder = new Option<string?>("--folder") { Description = "Instead of --join: the folder of a run that was started here with --nodes.", HelpName = "run folder" };
        var command = new Command(name, description) { join, folder };
        foreach (Argument argument in arguments)
            command.Add(argument);
        var access = new AccessOptions(command);
        command.Validators.Add(result =>
        {
            if ((result.GetResult(join) is null) == (result.GetResult(folder) is null))
                result.AddError("Say which cluster: --join host:port, or --folder with the run folder of a run with --nodes.");
        });
        command.SetAction(async (parsed, cancel) =>
        {
            ClusterAccess said = access.Read(parsed);
            IReadOnlyList<string> addresses;
            if (parsed.GetValue(folder) is { } run)
            {
                addresses = ClusterLayout.Read(run).Addresses;
                if (said.SecretFile is null && File.Exists(ClusterLayout.SecretFile(run)))
                    said = said with { SecretFile = ClusterLayout.SecretFile(run) };
            }
            else
            {
                addresses = [.. parsed.GetRequiredValue(join).Select(address => $"{address}")];
            }
            await using ClusterClient client = await ClusterClient.ConnectAsync(addresses, said.Secret(), said.Tls(), cancel);
            await act(client, parsed, cancel);
            return 0;
        });
        return command;
    }
}
