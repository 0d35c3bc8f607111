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

/// <summary>
/// Node processes of this machine, which carry out one plan after another. They are started for the first one that needs them, watched, and
/// ended with the cluster. Used by one caller at a time.
/// </summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private readonly ClusterClient _client;
    private readonly Supervisor _supervisor;
    private readonly Action<Supervisor>? _starting;
    private volatile IProgress<RunEvent>? _events;
    private bool _started;

    private LocalCluster(LocalClusterOptions options, string folder, ClusterLayout layout, ClusterAccess access, ClusterClient client)
    {
        (_client, _starting) = (client, options.Starting);
        _supervisor = new Supervisor([.. layout.Nodes.Select(node => Launch(options.Settings, folder, layout, access, node))], NodeProcess.Start, TimeProvider.System,
            sentence => _events?.Report(new Notice(sentence)));
    }

    /// <summary>Lays a cluster out in a folder, or finds the one that was laid out there.</summary>
    public static async Task<LocalCluster> OpenAsync(LocalClusterOptions options, string folder, CancellationToken cancel)
    {
        ClusterLayout layout = ClusterLayout.Open(folder, options.Roles, options.Listen);
        ClusterAccess access = options.Listen is null ? options.Access with { SecretFile = OwnSecret(folder) } : options.Access;
        return new LocalCluster(options, folder, layout, access, await ClusterClient.ConnectAsync(layout.Addresses, access.Secret(), access.Tls(), cancel));
    }

    /// <summary>Carries out one plan on a cluster that is started for it; see <see cref="TrainingRun.ExecuteAsync"/> for what holds.</summary>
    public static async Task<IReadOnlyList<StageResult>> ExecuteAsync(LocalClusterOptions options, RunPlan plan, string runFolder,
        IProgress<RunEvent> events, CancellationToken cancel)
    {
        await using LocalCluster cluster = await OpenAsync(options, runFolder, cancel);
        return await cluster.ExecuteAsync(plan, runFolder, events, cancel);
    }

    /// <summary>Carries a plan out; see <see cref="TrainingRun.ExecuteAsync"/> for what holds.</summary>
    public async Task<IReadOnlyList<StageResult>> ExecuteAsync(RunPlan plan, string runFolder, IProgress<RunEvent> events, CancellationToken cancel)
    {
        _events = events;
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task<IReadOnlyList<StageResult>> run = _client.RunAsync(plan, runFolder, events, giveUp.Token);
        // A folder that another process holds, or a run that is finished, shows before anything is started.
        if (run.IsCompleted)
            return await run;

        Start();
        if (await Task.WhenAny(run, _supervisor.Failed) != run)
        {
            await giveUp.CancelAsync();
            await ((Task)run).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _supervisor.Failed;
        }
        return await run;
    }

    /// <summary>Ends the nodes, which save what they have.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_started)
            await _supervisor.StopAsync();
        await _supervisor.DisposeAsync();
        await _client.DisposeAsync();
    }

    private void Start()
    {
        if (_started)
            return;
        _started = true;
        _starting?.Invoke(_supervisor);
        _supervisor.Start();
    }

    private static NodeLaunch Launch(Settings settings, string runFolder, ClusterLayout layout, ClusterAccess access, LaidOutNode node)
    {
        string folder = Path.Combine(ClusterLayout.Folder(runFolder), $"{node.Number}");
        return new NodeLaunch(node.Number, string.Join(", ", node.Roles),
        [
            "node", "--roles", string.Join(',', node.Roles), "--listen", node.Address, "--join", string.Join(',', layout.Addresses),
            "--folder", folder,
            NodeArguments.Downing, settings.Cluster.KeepMajority ? NodeArguments.KeepMajority : NodeArguments.Timeout,
            NodeArguments.DowningAfter, FormattableString.Invariant($"{settings.Cluster.DowningAfter.TotalSeconds}s"),
            NodeArguments.Replicas, $"{settings.Run.Replicas}",
            .. settings.Cluster.AllowMixed ? [NodeArguments.AllowMixed] : Array.Empty<string>(), .. access.Arguments,
            NodeArguments.WhileStandardInput,
        ], Path.Combine(folder, "node.log"));
    }

    private static string OwnSecret(string runFolder)
    {
        string file = ClusterLayout.SecretFile(runFolder);
        if (!File.Exists(file))
            ClusterSecret.Make(file);
        return file;
    }
}
