using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.Singleton;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class SingletonTests : ClusterTest
{
    private const string Quick = "akka.cluster { singleton.hand-over-retry-interval = 100ms, singleton-proxy.singleton-identification-interval = 100ms }\n";

    [Fact]
    public async Task The_oldest_node_runs_the_singleton_and_hands_it_over_when_it_leaves()
    {
        var nodes = await StartCluster(Quick, Quick, Quick);
        var lives = nodes.Select(RunSingleton).ToArray();
        Assert.Equal("started", await lives[0].Next());
        var proxy = Proxy(nodes[2]);
        Assert.Equal(nodes[0].Address, await Where(proxy));

        await nodes[0].Cluster.LeaveAsync().WaitAsync(Limit);
        Assert.Equal("stopped", await lives[0].Next());
        Assert.Equal("started", await lives[1].Next());
        Assert.Equal(nodes[1].Address, await Where(proxy));
        Assert.Empty(await lives[2].Flush());
    }

    [Fact]
    public async Task The_next_node_takes_over_once_a_dead_one_is_removed()
    {
        var settings = Quick + NeverSilent + AutoDown;
        var nodes = await StartCluster(settings, settings, settings);
        var lives = nodes.Select(RunSingleton).ToArray();
        await lives[0].Next();
        var proxy = Proxy(nodes[2]);
        Assert.Equal(nodes[0].Address, await Where(proxy));

        var removed = Follow<ClusterEvent.MemberRemoved>(nodes[2]);
        Kill(nodes[0]);
        await removed.Next();
        Assert.Equal("started", await lives[1].Next());
        Assert.Equal(nodes[1].Address, await Where(proxy));
    }

    [Fact]
    public async Task Only_members_with_the_role_run_the_singleton()
    {
        var nodes = await StartCluster(Quick, Quick + Roles("coordinator"), Quick + Roles("coordinator"));
        var lives = nodes.Select(node => RunSingleton(node, "coordinator")).ToArray();
        Assert.Equal("started", await lives[1].Next());
        var proxy = Proxy(nodes[0], "coordinator");
        Assert.Equal(nodes[1].Address, await Where(proxy));
        await nodes[1].Cluster.LeaveAsync().WaitAsync(Limit);
        Assert.Equal(nodes[2].Address, await Where(proxy));
        Assert.Empty(await lives[0].Flush());
    }

    [Fact]
    public async Task The_singleton_moves_with_each_of_several_departures()
    {
        var nodes = await StartCluster(Quick, Quick, Quick, Quick);
        var lives = nodes.Select(RunSingleton).ToArray();
        var proxy = Proxy(nodes[3]);
        for (var oldest = 0; oldest < 3; oldest++)
        {
            Assert.Equal("started", await lives[oldest].Next());
            Assert.Equal(nodes[oldest].Address, await Where(proxy));
            await nodes[oldest].Cluster.LeaveAsync().WaitAsync(Limit);
        }
        Assert.Equal("started", await lives[3].Next());
    }

    /// <summary>Who takes a living member for dead asks it to hand over.</summary>
    [Fact]
    public async Task A_member_that_does_not_leave_keeps_the_singleton_whoever_asks_for_it()
    {
        var nodes = await StartCluster(Quick, Quick);
        var lives = nodes.Select(RunSingleton).ToArray();
        Assert.Equal("started", await lives[0].Next());
        var proxy = Proxy(nodes[1]);
        Assert.Equal(nodes[0].Address, await Where(proxy));

        var manager = nodes[1].System.ActorSelection(new RootActorPath(nodes[0].Address) / "user" / "coordinator");
        manager.Tell(new HandOverToMe(nodes[0].Cluster.SelfUniqueAddress), lives[1].Ref);
        await manager.Ask<ActorIdentity>(new Identify(null), Limit);
        Assert.Equal(nodes[0].Address, await Where(proxy));
        Assert.Empty(await lives[0].Flush());

        await nodes[0].Cluster.LeaveAsync().WaitAsync(Limit);
        Assert.Equal("stopped", await lives[0].Next());
        Assert.Equal("started", await lives[1].Next());
    }

    private static ActorTest.Probe RunSingleton(Node node) => RunSingleton(node, null);

    /// <returns>What happens to the node's singleton.</returns>
    private static ActorTest.Probe RunSingleton(Node node, string? role)
    {
        var lives = new ActorTest.Probe(node.System);
        Action<ActorTest.Scripted> configure = self =>
        {
            self.Started = () => lives.Ref.Tell("started");
            self.Stopped = () => lives.Ref.Tell("stopped");
            self.On<string>(_ => self.From.Tell(node.Address.ToString()));
        };
        var singleton = Props.Create(() => new ActorTest.Scripted(configure));
        var settings = ClusterSingletonManagerSettings.Create(node.System).WithRole(role!);
        node.System.ActorOf(ClusterSingletonManager.Props(singleton, settings), "coordinator");
        return lives;
    }

    private static IActorRef Proxy(Node node, string? role = null) => node.System.ActorOf(
        ClusterSingletonProxy.Props("/user/coordinator", ClusterSingletonProxySettings.Create(node.System).WithRole(role!)), "coordinator-proxy");

    private static async Task<Address> Where(IActorRef proxy) => Address.Parse(await AskUntilAnswered<string>(proxy, "where"));
}
