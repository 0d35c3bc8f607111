using System.Collections.Concurrent;
using ActorTrain.Actors.Cluster;

namespace ActorTrain.Actors.Tests;

/// <summary>Several nodes in this process, each with an actor system, a port and a folder of its own, and their clients.</summary>
internal sealed class NodeGroup(RunFixture fixture, string host = "127.0.0.1") : IAsyncDisposable
{
    public const string Secret = "a secret for tests";

    private readonly List<IAsyncDisposable> _members = [];
    private readonly List<string> _addresses = [];
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(4));

    /// <summary>The nodes' folders, in the order of their starts.</summary>
    public ConcurrentQueue<string> Folders { get; } = [];

    /// <summary>Ends a test that hangs.</summary>
    public CancellationToken Limit => _limit.Token;

    /// <summary>Starts a node that joins those that were started before.</summary>
    public async Task<Node> StartAsync(IReadOnlyList<string> roles, Action<RunEvent>? react = null)
    {
        string folder = fixture.NewFolder();
        Folders.Enqueue(folder);
        var node = await Node.StartAsync(new NodeOptions
        {
            Roles = roles,
            Host = host,
            Port = 0,
            Join = [.. _addresses],
            Secret = Secret,
            Folder = folder,
            DowningAfter = TimeSpan.FromSeconds(1),
        }, new Told(react), Limit);
        _members.Add(node);
        _addresses.Add(node.Address);
        return node;
    }

    /// <summary>Has the cluster carry out a plan, whichever of its nodes answer.</summary>
    public async Task<IReadOnlyList<StageResult>> RunAsync(RunPlan plan, Action<RunEvent>? react = null)
    {
        await using var client = await ClusterClient.ConnectAsync(_addresses, Secret, null, Limit);
        return await client.RunAsync(plan, fixture.NewFolder(), new Told(react), Limit);
    }

    /// <summary>Keeps the thread that reports an event, a student's between two steps, until something holds.</summary>
    public void Hold(Func<bool> until) => SpinWait.SpinUntil(() => until() || Limit.IsCancellationRequested);

    /// <summary>What the nodes' ledgers prove of a stage.</summary>
    public LedgerReport Ledger(string stage) => LedgerReport.Read([.. Folders
        .SelectMany(folder => Directory.EnumerateFiles(folder, TrainingLedger.Name, SearchOption.AllDirectories))
        .Where(file => file.Contains($"/stages/{stage}/", StringComparison.Ordinal))]);

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members)
            await member.DisposeAsync();
        _limit.Dispose();
    }

    private sealed class Told(Action<RunEvent>? react) : IProgress<RunEvent>
    {
        public void Report(RunEvent value) => react?.Invoke(value);
    }
}
