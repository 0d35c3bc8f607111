using System.CommandLine;
using ActorTrain.Actors.Cluster;
using ActorTrain.Host.Cluster;
using ActorTrain.Host.Progress;

namespace ActorTrain.Host.Commands;

/// <summary><c>node</c>: a member of a cluster.</summary>
internal static class NodeCommand
{
    /// <summary>A node whose supervisor is gone does not hold the next one up for long.</summary>
    private static readonly TimeSpan OrphanLeavesWithin = TimeSpan.FromSeconds(5);

    public static Command Node()
    {
        var roles = ClusterOptions.Roles($"What the node does: {string.Join(", ", NodeRoles.All)}.");
        roles.Required = true;
        var join = ClusterOptions.Join("Nodes of the cluster, any that run; the first of several may be the node itself.");
        join.Required = true;
        var listen = ClusterOptions.Listen("Where the node listens; default: any free port of the address that the others see.");
        var advertise = ClusterOptions.Advertise();
        var folder = new Option<string>("--folder") { Description = "Where the node keeps models, checkpoints and caches.", HelpName = "folder", DefaultValueFactory = _ => Path.Combine("runs", "node") };
        var device = new Option<string?>("--device") { Description = "Where the node's tensors live, if elsewhere than the run says.", HelpName = "cpu|cuda:N" };
        var mixed = new Option<bool>(NodeArguments.AllowMixed) { Description = "Take part although the machine differs from the others; results need not be bit-identical then." };
        var downing = ClusterOptions.Downing();
        var downingAfter = ClusterOptions.DowningAfter();
        var replicas = new Option<int>(NodeArguments.Replicas) { Description = "For nodes with the role coordinator: other nodes' disks that a checkpoint must lie on before it counts.", HelpName = "number", DefaultValueFactory = _ => 1 };
        var supervised = new Option<bool>(NodeArguments.WhileStandardInput) { Description = "End when standard input ends.", Hidden = true };
        var command = new Command("node", "Be a node of a cluster: join it, do what its coordinator says, until Ctrl-C or SIGTERM.") { roles, join, listen, advertise, folder, device, mixed, downing, downingAfter, replicas, supervised };
        var access = new AccessOptions(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(advertise) is not null && result.GetValue(listen) is not { Port: > 0 })
                result.AddError("--advertise is given without --listen and its port; say where the forwarded connections arrive.");
        });
        command.SetAction(async (parsed, _) =>
        {
            bool whileStandardInput = parsed.GetValue(supervised);
            using var interruption = new Interruption(whileStandardInput ? "Leaving the cluster." : "Leaving the cluster; once more ends at once.", whileStandardInput);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(interruption.Token);
            Task orphaned = whileStandardInput ? StopAtEndOfInputAsync(stop) : new TaskCompletionSource().Task;
            string home = Path.GetFullPath(parsed.GetValue(folder)!);
            try
            {
                ClusterAccess said = access.Read(parsed);
                IReadOnlyList<NodeAddress> seeds = parsed.GetRequiredValue(join);
                NodeAddress own = parsed.GetValue(listen) ?? new NodeAddress(await seeds[0].OwnHostAsync(stop.Token), 0);
                await RunAsync(new NodeOptions
                {
                    Roles = parsed.GetRequiredValue(roles),
                    Host = own.Host,
                    Port = own.Port,
                    Advertised = parsed.GetValue(advertise),
                    Join = [.. seeds.Select(seed => $"{seed}")],
                    Secret = said.Secret(),
                    Folder = home,
                    Device = parsed.GetValue(device),
                    AllowMixed = parsed.GetValue(mixed),
                    Tls = said.Tls(),
                    DowningAfter = parsed.GetValue(downingAfter),
                    KeepMajority = parsed.GetValue(downing) == NodeArguments.KeepMajority,
                    Replicas = parsed.GetValue(replicas),
                }, orphaned, stop.Token);
                return 0;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return 0;
            }
            catch (Exception error)
            {
                return Failure.Report(error, Directory.Exists(home) ? home : Path.GetTempPath());
            }
        });
        return command;
    }

    /// <summary>Is a node until it is told to leave.</summary>
    /// <param name="options">How it takes part.</param>
    /// <param name="orphaned">Done when nobody waits for the node's leaving any more.</param>
    /// <param name="stop">Tells it to leave.</param>
    private static async Task RunAsync(NodeOptions options, Task orphaned, CancellationToken stop)
    {
        await using Node node = await Actors.Cluster.Node.StartAsync(options, new NodeLines(Console.Out, TimeProvider.System), stop);
        Console.WriteLine($"node {node.Address} ({string.Join(", ", options.Roles)}){NodeProcess.UpSaying}");
        await Task.WhenAny(node.Ended, Task.Delay(Timeout.InfiniteTimeSpan, stop));
        if (stop.IsCancellationRequested)
            await Task.WhenAny(node.LeaveAsync(), LimitAsync());
        if (node.Ended.IsCompleted)
            await node.Ended;
        Console.WriteLine($"node {node.Address} has left");

        async Task LimitAsync()
        {
            await orphaned;
            await Task.Delay(OrphanLeavesWithin, CancellationToken.None);
        }
    }

    /// <summary>Stops the node when nobody can write to this process's standard input any more.</summary>
    private static async Task StopAtEndOfInputAsync(CancellationTokenSource stop)
    {
        await using Stream input = Console.OpenStandardInput();
        var nothing = new byte[1];
        while (await input.ReadAsync(nothing) > 0)
        {
        }
        await stop.CancelAsync();
    }
}
