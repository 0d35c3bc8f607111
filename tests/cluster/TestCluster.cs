using System.Text.Json.Nodes;
using ActorTrain.Actors;
using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Messages;
using ActorTrain.Host.Progress;
using ActorTrain.Host.Tests;
using ActorTrain.Model;

namespace ActorTrain.Cluster.Tests;

/// <summary>Node processes on this machine that carry a plan out, and a client that follows it.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    public const string Secret = "secret-of-the-cluster-tests";

    /// <summary>For one test, on a machine that is busy with something else.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(100);

    private readonly ExpectedRun _expected;
    private readonly string _folder;
    private readonly TlsOptions? _tls;
    private readonly List<ClusterNode> _nodes = [];
    private readonly CancellationTokenSource _limit = new(Limit);
    private ClusterClient? _client;
    private int _heardBeforeKill;
    private Task<IReadOnlyList<StageResult>> _run = Task.FromResult<IReadOnlyList<StageResult>>([]);

    public TestCluster(ExpectedRun expected, string folder, IReadOnlyList<NodeSetup> nodes)
    {
        (_expected, _folder, _tls) = (expected, folder, nodes[0].Tls);
        Directory.CreateDirectory(folder);
        foreach (var node in nodes)
            Make(node);
        Seeds = [.. _nodes.Select(node => node.Address)];
    }

    public ClusterNode this[int index] => _nodes[index];

    /// <summary>What the client has heard.</summary>
    public History<RunEvent> Events { get; } = new();

    /// <summary>The file that lets the student train on.</summary>
    private string GoesOn => Path.Combine(_folder, "goes-on");

    /// <summary>The nodes that others join: those of the beginning.</summary>
    private IReadOnlyList<string> Seeds { get; }

    /// <summary>Starts everything, disturbs it, waits for the run's end, and compares.</summary>
    public async Task RunAsync(Func<TestCluster, Task> disturb)
    {
        try
        {
            foreach (var node in _nodes)
                node.Start(Seeds);
            await WithinLimit(Task.WhenAll(_nodes.Select(node => node.UpAsync())));
            _client = await ClusterClient.ConnectAsync(Seeds, Secret, _tls, _limit.Token);
            Submit();
            await WithinLimit(disturb(this));
            GoOn();
            Compare(await WithinLimit(_run));
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"{error.Message}\n{Describe()}", error);
        }
    }

    /// <summary>Has the cluster carry the plan out; again after the run has failed.</summary>
    public void Submit() => _run = FollowAsync();

    /// <summary>Lets the student train on where it halts: before, no machine is so fast that the stage is over when the test disturbs it.</summary>
    public void GoOn() => File.WriteAllText(GoesOn, "");

    /// <summary>Waits for the run to fail.</summary>
    /// <returns>The sentence.</returns>
    public async Task<string> FailsAsync() => (await Assert.ThrowsAsync<RunException>(() => WithinLimit(_run))).Message;

    /// <summary>Adds a node and waits until it is a member.</summary>
    public async Task<ClusterNode> JoinAsync(NodeSetup setup)
    {
        var node = Add(setup);
        await WithinLimit(node.UpAsync());
        return node;
    }

    /// <summary>Adds a node that need not become a member.</summary>
    public ClusterNode Add(NodeSetup setup)
    {
        var node = Make(setup);
        node.Start(Seeds);
        return node;
    }

    /// <summary>Kills nodes, all at the same moment, and lets the run go on.</summary>
    public async Task KillAsync(params ClusterNode[] nodes)
    {
        _heardBeforeKill = Events.Count;
        foreach (var node in nodes)
            node.Kill();
        await WithinLimit(Task.WhenAll(nodes.Select(node => node.ExitAsync())));
        GoOn();
    }

    /// <summary>Starts killed nodes with the same commands.</summary>
    public Task RestartAsync(params ClusterNode[] nodes) => WithinLimit(Task.WhenAll(nodes.Select(node =>
    {
        int before = node.Lines.Count;
        node.Start(Seeds);
        return node.UpAsync(before);
    })));

    /// <summary>Waits for a checkpoint of the distillation.</summary>
    public Task<RunEvent> CheckpointAsync(long step = ClusterFixture.CheckpointEvery) =>
        HappensAsync(happened => happened is CheckpointSaved { Stage: ClusterFixture.Stage } saved && saved.Step >= step);

    /// <summary>Waits for a checkpoint of the distillation that another student could go on after.</summary>
    public async Task CountedCheckpointAsync(long step = ClusterFixture.CheckpointEvery)
    {
        await CheckpointAsync(step);
        string record = Path.Combine(_nodes[0].Folder, "record.json");
        while ((long?)JsonNode.Parse(await File.ReadAllTextAsync(record, _limit.Token))!["stages"]![1]!["checkpoint"]?["step"] is not { } counted || counted < step)
            await Task.Delay(AskAgainAfter, _limit.Token);
    }

    /// <summary>Waits until the client is told, after the last kill, that the run waits for a role.</summary>
    public Task<RunEvent> WaitsForAsync(string role) =>
        HappensAsync(happened => happened is Notice notice && notice.Text.Contains($"waits for a node with the role {role}", StringComparison.Ordinal), _heardBeforeKill);

    /// <summary>Waits until the client is told of something.</summary>
    public Task<RunEvent> HappensAsync(Func<RunEvent, bool> fits, int after = 0) => WithinLimit(Events.FirstAsync(fits, after));

    /// <summary>Waits until a node says something.</summary>
    /// <param name="node">The node.</param>
    /// <param name="text">What its line contains.</param>
    /// <param name="after">How many of its first lines do not count.</param>
    public Task<string> SaysAsync(ClusterNode node, string text, int after = 0) =>
        WithinLimit(node.Lines.FirstAsync(line => line.Contains(text, StringComparison.Ordinal), after));

    /// <summary>The node that has an address.</summary>
    public ClusterNode At(string? address) => _nodes.Single(node => node.Address == address);

    /// <summary>The node that trains the distillation, the only one so far; waits for its first checkpoint.</summary>
    public async Task<ClusterNode> StudentAsync()
    {
        return await await Task.WhenAny(_nodes.Select(TrainsAsync));

        async Task<ClusterNode> TrainsAsync(ClusterNode node)
        {
            await WithinLimit(node.Lines.FirstAsync(line => line.StartsWith($"{ClusterFixture.Stage}: checkpoint", StringComparison.Ordinal)));
            return node;
        }
    }

    /// <summary>How the cluster is.</summary>
    public Task<ClusterStatus> StatusAsync() => _client!.StatusAsync(_limit.Token);

    /// <summary>Asks how the cluster is until something holds.</summary>
    /// <param name="holds">What shall hold.</param>
    /// <param name="within">How long it may take; null for the test's own limit.</param>
    /// <param name="asked">The only node to ask; null for the first one that answers.</param>
    public async Task<ClusterStatus> UntilAsync(Func<ClusterStatus, bool> holds, TimeSpan? within = null, ClusterNode? asked = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_limit.Token);
        if (within is { } time)
            limit.CancelAfter(time);
        await using var own = asked is null ? null : await ClusterClient.ConnectAsync([asked.Address], Secret, null, limit.Token);
        while (true)
        {
            try
            {
                var status = await (own ?? _client!).StatusAsync(limit.Token);
                if (holds(status))
                    return status;
            }
            catch (RunException)
            {
                // Nobody answers yet.
            }
            await Task.Delay(AskAgainAfter, limit.Token);
        }
    }

    /// <summary>Waits until the cluster has taken a node out.</summary>
    public Task<ClusterStatus> UntilOutAsync(ClusterNode node) => UntilAsync(status => status.Members.All(member => member.Address != node.Address));

    /// <summary>Waits until a node that was taken out is a member again.</summary>
    public Task<ClusterStatus> UntilInAsync(ClusterNode node) =>
        UntilAsync(status => status.Members.Any(member => member.Address == node.Address && member.Status == "up"));

    /// <summary>Runs <c>actortrain cluster</c> beside the cluster.</summary>
    /// <returns>What it has printed.</returns>
    public async Task<string> CommandAsync(params string[] arguments)
    {
        var ending = await WithinLimit(CommandLineProcess.RunAsync(_folder, new Dictionary<string, string> { ["ACTORTRAIN_SECRET"] = Secret },
            ["cluster", .. arguments, "--join", string.Join(',', Seeds)]));
        Assert.True(ending.ExitCode == 0, ending.Output + ending.Error);
        return ending.Output;
    }

    /// <summary>How long a step of the distillation stood still for its data and targets at most, as a multiple of what a step usually takes.</summary>
    /// <param name="after">Steps that do not count.</param>
    public double LongestWait(long after)
    {
        var steps = File.ReadLines(Path.Combine(_folder, "run", "metrics.jsonl")).Select(line => JsonNode.Parse(line)!)
            .Where(step => (string)step["stage"]! == ClusterFixture.Stage && (long)step["step"]! > after).ToList();
        double usual = steps.Select(step => (double)step["compute-seconds"]!).Order().ElementAt(steps.Count / 2);
        return steps.Max(step => (double)step["data-wait-seconds"]! + (double)step["teacher-wait-seconds"]!) / usual;
    }

    /// <summary>The ledgers of a stage, from all nodes.</summary>
    public LedgerReport Ledger(string stage) => LedgerReport.Read([.. _nodes.Where(node => Directory.Exists(node.Folder))
        .SelectMany(node => Directory.EnumerateFiles(node.Folder, "ledger.jsonl", SearchOption.AllDirectories))
        .Where(file => file.Contains($"/stages/{stage}/", StringComparison.Ordinal))]);

    public Task<T> WithinLimit<T>(Task<T> task) => task.WaitAsync(_limit.Token);

    public Task WithinLimit(Task task) => task.WaitAsync(_limit.Token);

    public async ValueTask DisposeAsync()
    {
        await _limit.CancelAsync();
        if (_client is not null)
            await _client.DisposeAsync();
        foreach (var node in _nodes)
            await node.DisposeAsync();
        await ((Task)_run).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _limit.Dispose();
    }

    private ClusterNode Make(NodeSetup setup)
    {
        var node = new ClusterNode(setup, Path.Combine(_folder, $"node-{_nodes.Count}"), $"student-halts={_expected.Halt}:{GoesOn}");
        _nodes.Add(node);
        return node;
    }

    private async Task<IReadOnlyList<StageResult>> FollowAsync()
    {
        Events.Begin();
        try
        {
            return await _client!.RunAsync(_expected.Plan, Path.Combine(_folder, "run"), Events, _limit.Token);
        }
        catch (Exception error)
        {
            Events.End(error);
            throw;
        }
    }

    private void Compare(IReadOnlyList<StageResult> results)
    {
        Assert.Equal(_expected.Results.Select(result => (result.Stage, result.ModelSha256, result.TestLoss, result.TestAccuracy)),
            results.Select(result => (result.Stage, result.ModelSha256, result.TestLoss, result.TestAccuracy)));
        foreach (var result in results)
        {
            Assert.Equal(result.ModelSha256, ModelFolder.Fingerprint(result.ModelFolder));
            Assert.Empty(Ledger(result.Stage).Faults);
        }
    }

    private string Describe()
    {
        var parts = _nodes.Select((node, number) => $"--- node {number}, {node.Address}\n{string.Join('\n', node.Lines.All)}")
            .Append($"--- client\n{string.Join('\n', Events.All.Select(ProgressDisplay.LineFor).OfType<string>())}");
        return string.Join('\n', parts);
    }
}
