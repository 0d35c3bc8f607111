using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Files;
using ActorTrain.DataPipeline.Images;
using ActorTrain.Model;
using Akka.Actor;
using Akka.Cluster.Tools.Singleton;

namespace ActorTrain.Actors.Cluster;

/// <summary>
/// This process as a node of a cluster. A node that the others took out of the cluster although it lives, because it was paused or cut
/// off, joins again under another name: nothing of what it did before counts then.
/// </summary>
public sealed class Node : IAsyncDisposable
{
    private const string Coordinator = "coordinator";

    /// <summary>How long a node that leaves may take to hand on what it does.</summary>
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(30);

    /// <summary>How long a node that comes back may take to be a member before it looks again who is there.</summary>
    private static readonly TimeSpan JoinLimit = TimeSpan.FromSeconds(5);

    private readonly NodeOptions _options;
    private readonly NodeDisk _disk;
    private readonly IProgress<RunEvent> _events;
    private readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _leave = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task<MachineFingerprint> _machine = Task.Run(() => MachineFingerprint.Here(DecoderVersions.Current));
    private int _disposed;
    private int _port;
    private IReadOnlyList<string> _known = []; // the members that the last membership had while it was whole

    private Node(NodeOptions options, NodeDisk disk, IProgress<RunEvent> events)
    {
        (_options, _disk, _events, _port) = (options, disk, events, options.Port);
        Address = $"{options.Advertised ?? new NodeAddress(options.Host, options.Port)}";
        Ended = Task.Run(LiveAsync);
    }

    /// <summary>Where the other nodes reach it, <c>host:port</c>.</summary>
    public string Address { get; private set; }

    /// <summary>Ends when the node has left the cluster, or with the error that ended it.</summary>
    public Task Ended { get; }

    /// <summary>Starts the node; comes back when it is a member of the cluster.</summary>
    /// <param name="options">How it takes part.</param>
    /// <param name="events">Told what happens on it, from any thread.</param>
    /// <param name="cancel">Gives up while it is not a member yet.</param>
    /// <exception cref="RunException">A port, a folder or a certificate cannot be used.</exception>
    public static async Task<Node> StartAsync(NodeOptions options, IProgress<RunEvent> events, CancellationToken cancel)
    {
        var node = new Node(options, NodeDisk.Open(options.Folder), events);
        try
        {
            await (await Task.WhenAny(node._up.Task, node.Ended)).WaitAsync(cancel);
            await node._up.Task.WaitAsync(cancel);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Finishes or hands on what the node does, and leaves the cluster.</summary>
    public Task LeaveAsync()
    {
        _leave.TrySetResult();
        return Ended;
    }

    /// <summary>Ends the node at once; the others find out.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        await _stop.CancelAsync();
        await Ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _disk.Dispose();
        _stop.Dispose();
    }

    private async Task LiveAsync()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var offering = Task.Run(() => _disk.OfferAsync(stop.Token));
        try
        {
            for (int start = 1; !_stop.IsCancellationRequested && !_leave.Task.IsCompleted; start++)
            {
                if (start > 1)
                    _events.Report(new Notice("The cluster goes on without this node, which was paused or cut off, or had joined another one; it joins again."));
                await LiveOnceAsync(again: start > 1);
            }
        }
        catch (Exception error) when (error is not RunException)
        {
            throw new RunException($"The node at {Address} failed ({error.GetType().Name}: {error.Message.TrimEnd('.')}); start it again.", error);
        }
        finally
        {
            await stop.CancelAsync();
            await offering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One membership from its beginning to its end.</summary>
    private async Task LiveOnceAsync(bool again)
    {
        // A port that is not known yet cannot be a seed's; and who comes back looks for the others before it joins or begins anew.
        bool joinsLater = _port == 0 || again;
        var work = new BackgroundWork();
        var nodes = new NodeMap();
        ActorSystem system;
        try
        {
            system = ActorSystem.Create(ClusterConfiguration.SystemName, ClusterConfiguration.ForNode(_options, _port, joinsLater ? [] : Seeds));
        }
        catch (Exception error)
        {
            throw new RunException($"The node cannot listen at {Address} ({error.Message.TrimEnd('.')}); choose another port or address.", error);
        }
        using var end = new CancellationTokenSource();
        var joining = Task.CompletedTask;
        try
        {
            var cluster = Akka.Cluster.Cluster.Get(system);
            // As the cluster writes it: with the port that was free, and the host's name where it listens everywhere.
            Address = ClusterConfiguration.AddressOf(cluster.SelfAddress);
            if (_port == 0)
                _port = cluster.SelfAddress.Port!.Value;
            var identity = new NodeIdentity($"{Address}/{cluster.SelfUniqueAddress.Uid}", _options.Roles, await _machine, _options.Device)
            {
                Root = ClusterConfiguration.RootOf(Address),
            };
            var up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            cluster.RegisterOnMemberUp(up.SetResult);
            cluster.RegisterOnMemberUp(() => _up.TrySetResult());
            var removed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            cluster.RegisterOnMemberRemoved(() => removed.TrySetResult());
            var node = Populate(system, identity, nodes, work, end.Token);
            if (again)
                joining = ComeBackAsync(system, up.Task, end.Token);
            else if (joinsLater)
                Join(system, Seeds);

            var stopped = Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            Task[] ends = [removed.Task, system.WhenTerminated, _leave.Task, stopped];
            // A node that cannot come back says why instead of staying outside, unless it was only taken out once more.
            if (await Task.WhenAny([joining, .. ends]) == joining && !cluster.IsTerminated)
                await joining;
            // Who is no member has nothing to hand on and nobody to say goodbye to.
            if (await Task.WhenAny(ends) == _leave.Task && up.Task.IsCompleted)
            {
                var idle = node.Ask<NodeActor.Idle>(new NodeActor.Leave(), DrainLimit, _stop.Token);
                await Task.WhenAny(idle, removed.Task, system.WhenTerminated);
                cluster.Leave(cluster.SelfAddress);
                await Task.WhenAny(removed.Task, stopped);
            }
        }
        finally
        {
            if (nodes.Whole.Count > 0)
                _known = nodes.Whole;
            await end.CancelAsync();
            await joining.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await system.Terminate();
            await work.AllEnded();
            _disk.Close();
        }
    }

    /// <summary>The nodes to join; the first one begins a cluster if none of them has one.</summary>
    private IReadOnlyList<string> Seeds => _options.Join.Count == 0 ? [Address] : _options.Join;

    private static void Join(ActorSystem system, IEnumerable<string> seeds) =>
        Akka.Cluster.Cluster.Get(system).JoinSeedNodes([.. seeds.Select(seed => Akka.Actor.Address.Parse(ClusterConfiguration.RootOf(seed)))]);

    /// <summary>Joins those that it finds. The first of them begins a cluster if none has one, and not the first seed, which may be gone.</summary>
    private async Task ComeBackAsync(ActorSystem system, Task up, CancellationToken cancel)
    {
        var search = new ClusterSearch(system, Address, _known, Seeds, _options.KeepMajority, text => _events.Report(new Notice(text)));
        while (!up.IsCompleted)
        {
            var found = await search.FindAsync(cancel);
            Join(system, found.Concat(Seeds).Concat(_known).Distinct());
            await Task.WhenAny(up, Task.Delay(JoinLimit, cancel));
            cancel.ThrowIfCancellationRequested();
        }
    }

    private IActorRef Populate(ActorSystem system, NodeIdentity identity, NodeMap nodes, BackgroundWork work, CancellationToken end)
    {
        system.ActorOf(Props.Create(() => new MembershipActor(nodes)), MembershipActor.Name);
        var forwarder = new EventForwarder(_events);
        var runs = new NodeRuns(_disk, identity, nodes, work, forwarder, end);
        var files = Props.Create(() => new FileServerActor(_disk.Files, _disk.Root, _disk.Fence, _disk.Needs, TimeProvider.System, text => forwarder.Report(new Notice(text))));
        var record = _disk.ReadRecord();
        if (identity.Has(NodeRoles.Coordinator))
        {
            var (disk, options) = (_disk, _options);
            system.ActorOf(ClusterSingletonManager.Props(
                Props.Create(() => new RunKeeperActor(nodes, disk, options)), PoisonPill.Instance,
                ClusterSingletonManagerSettings.Create(system).WithSingletonName("keeper").WithRole(NodeRoles.Coordinator)), Coordinator);
        }
        var proxy = system.ActorOf(ClusterSingletonProxy.Props($"/user/{Coordinator}",
            ClusterSingletonProxySettings.Create(system).WithSingletonName("keeper").WithRole(NodeRoles.Coordinator)), "coordinator-proxy");
        Action leave = () => _leave.TrySetResult();
        var node = system.ActorOf(Props.Create(() => new NodeActor(identity, record, runs, files, proxy, leave)), NodeActor.Name);
        forwarder.To(node);
        return node;
    }
}
