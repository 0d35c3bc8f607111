using ActorTrain.Actors;
using ActorTrain.Actors.Cluster;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Cluster;

/// <summary>How a run is spread over node processes on this machine.</summary>
internal sealed record LocalClusterOptions
{
    /// <summary>The roles of each node.</summary>
    public required IReadOnlyList<IReadOnlyList<string>> Roles { get; init; }

    /// <summary>What all nodes have in common.</summary>
    public required Settings Settings { get; init; }

    /// <summary>Where the first node listens, so that other machines can join; null for a cluster of this machine alone.</summary>
    public NodeAddress? Listen { get; init; }

    /// <summary>How nodes and client prove that they belong together; with <see cref="Listen"/> only, else the run makes a secret of its own.</summary>
    public required ClusterAccess Access { get; init; }

    /// <summary>Told about the supervisor before the first node starts.</summary>
    public Action<Supervisor>? Starting { get; init; }
}

/// <summary>Carries out a plan on node processes of this machine, which it starts, watches and ends.</summary>
internal static class LocalCluster
{
    /// <summary>Carries the plan out; see <see cref="TrainingRun.ExecuteAsync"/> for what holds.</summary>
    public static async Task<IReadOnlyList<StageResult>> ExecuteAsync(LocalClusterOptions options, RunPlan plan, string runFolder,
        IProgress<RunEvent> events, CancellationToken cancel)
    {
        ClusterLayout layout = ClusterLayout.Open(runFolder, options.Roles, options.Listen);
        ClusterAccess access = options.Listen is null ? options.Access with { SecretFile = OwnSecret(runFolder) } : options.Access;
        await using ClusterClient client = await ClusterClient.ConnectAsync(layout.Addresses, access.Secret(), access.Tls(), cancel);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task<IReadOnlyList<StageResult>> run = client.RunAsync(plan, runFolder, events, giveUp.Token);
        // A folder that another process holds, or a run that is finished, shows before anything is started.
        if (run.IsCompleted)
            return await run;

        await using var supervisor = new Supervisor([.. layout.Nodes.Select(Launch)], NodeProcess.Start, TimeProvider.System,
            sentence => events.Report(new Notice(sentence)));
        options.Starting?.Invoke(supervisor);
        supervisor.Start();
        try
        {
            if (await Task.WhenAny(run, supervisor.Failed) != run)
            {
                await giveUp.CancelAsync();
                await ((Task)run).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await supervisor.Failed;
            }
            return await run;
        }
        finally
        {
            await supervisor.StopAsync();
        }

        NodeLaunch Launch(LaidOutNode node)
        {
            string folder = Path.Combine(ClusterLayout.Folder(runFolder), $"{node.Number}");
            return new NodeLaunch(node.Number, string.Join(", ", node.Roles),
            [
                "node", "--roles", string.Join(',', node.Roles), "--listen", node.Address, "--join", string.Join(',', layout.Addresses),
                "--folder", folder,
                NodeArguments.Downing, options.Settings.Cluster.KeepMajority ? NodeArguments.KeepMajority : NodeArguments.Timeout,
                NodeArguments.DowningAfter, FormattableString.Invariant($"{options.Settings.Cluster.DowningAfter.TotalSeconds}s"),
                NodeArguments.Replicas, $"{options.Settings.Run.Replicas}",
                .. options.Settings.Cluster.AllowMixed ? [NodeArguments.AllowMixed] : Array.Empty<string>(), .. access.Arguments,
                NodeArguments.WhileStandardInput,
            ], Path.Combine(folder, "node.log"));
        }
    }

    private static string OwnSecret(string runFolder)
    {
        string file = ClusterLayout.SecretFile(runFolder);
        if (!File.Exists(file))
            ClusterSecret.Make(file);
        return file;
    }
}
