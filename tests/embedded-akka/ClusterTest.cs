using Akka.Actor;
using Akka.Cluster;

namespace ActorTrain.Embedded.Akka.Tests;

/// <summary>Nodes of a cluster in this process, each behind a proxy that can cut it off.</summary>
public abstract class ClusterTest : RemoteTest, IDisposable
{
    /// <summary>Only a lost connection can tell of a death.</summary>
    protected const string NeverSilent = "akka.cluster.failure-detector.acceptable-heartbeat-pause = 1h\n";

    /// <summary>Silence soon tells of a death; not so soon that a busy machine does.</summary>
    protected const string Impatient = "akka.cluster.failure-detector.acceptable-heartbeat-pause = 3s\n";

    /// <summary>Nobody is downed but by a person, or by a new process in its place.</summary>
    protected const string NoDowning = "akka.cluster.downing-provider-class = \"\"\n";

    protected static string AutoDown { get; } = DownAfter("300ms");

    private readonly List<TcpProxy> _proxies = [];

    public void Dispose()
    {
        _proxies.ForEach(proxy => proxy.Dispose());
        GC.SuppressFinalize(this);
    }

    protected static string DownAfter(string patience) => $"""
        akka.cluster.downing-provider-class = "Akka.Cluster.AutoDowning, Akka.Cluster"
        akka.cluster.auto-down-unreachable-after = {patience}

        """;

    protected static string Roles(params string[] roles) => $"akka.cluster.roles = [{string.Join(", ", roles)}]\n";

    /// <summary>A node that has not joined yet.</summary>
    private protected Node Start(string settings) => Start(settings, NewProxy());

    private protected Node Start(string settings, TcpProxy proxy)
    {
        var system = Begin("cluster", $$"""
            akka.actor.provider = cluster
            akka.remote.dot-netty.tcp { public-hostname = 127.0.0.1, public-port = {{proxy.Port}} }
            akka.cluster {
              seed-node-timeout = 1s, gossip-interval = 200ms, log-info = off
              failure-detector { heartbeat-interval = 100ms, acceptable-heartbeat-pause = 1m }
            }

            """ + settings);
        proxy.Start(RemotingOf(system).BoundPort);
        return new Node(system, proxy);
    }

    private protected TcpProxy NewProxy()
    {
        var proxy = new TcpProxy();
        _proxies.Add(proxy);
        return proxy;
    }

    /// <summary>Nodes that are all Up in each other's eyes, in the order of their age.</summary>
    private protected async Task<Node[]> StartCluster(params string[] settings)
    {
        var nodes = new List<Node>();
        foreach (var own in settings)
        {
            nodes.Add(Start(own));
            await Join(nodes[^1], nodes[0]);
        }
        foreach (var node in nodes)
        {
            var up = Follow<ClusterEvent.MemberUp>(node);
            await up.Next(nodes.Count);
        }
        return [.. nodes];
    }

    private protected static async Task Join(Node node, Node contact)
    {
        var up = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Cluster.RegisterOnMemberUp(up.SetResult);
        node.Cluster.Join(contact.Address);
        await up.Task.WaitAsync(Limit);
    }

    /// <summary>A probe that gets a node's events of one kind, beginning with those that led to the present.</summary>
    private protected static ActorTest.Probe Follow<T>(Node node)
    {
        var probe = new ActorTest.Probe(node.System);
        node.Cluster.Subscribe(probe.Ref, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(T));
        return probe;
    }

    private protected static Task Removed(Node node)
    {
        var removed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Cluster.RegisterOnMemberRemoved(removed.SetResult);
        return removed.Task.WaitAsync(Limit);
    }

    /// <summary>Lets nothing through to or from these nodes, or all again.</summary>
    private protected static void Isolate(IEnumerable<Node> nodes, bool isolated)
    {
        foreach (var node in nodes)
            node.Proxy.Hold(isolated);
    }

    /// <summary>Nothing that one node sends arrives at the other one; the other direction stays open.</summary>
    private protected static void Block(Node from, Node to)
    {
        to.Proxy.Block(from.Address.ToString(), toTarget: true);
        from.Proxy.Block(to.Address.ToString(), toTarget: false);
    }

    /// <summary>Cuts a node off for good, as the end of its process does.</summary>
    private protected static void Kill(Node node)
    {
        node.Proxy.Cut(refuse: true);
        _ = node.System.Terminate();
    }

    private protected sealed record Node(ActorSystem System, TcpProxy Proxy)
    {
        public Cluster Cluster { get; } = Cluster.Get(System);

        public Address Address => Cluster.SelfAddress;
    }
}
