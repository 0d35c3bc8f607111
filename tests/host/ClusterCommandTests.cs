using ActorTrain.Actors.Messages;
using ActorTrain.Host.Cluster;
using ActorTrain.Host.Commands;

namespace ActorTrain.Host.Tests;

/// <summary>The command line of nodes and clusters.</summary>
public sealed class ClusterCommandTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Theory]
    [InlineData("there is no role 'teachr'; there are coordinator, data", "node", "--roles", "data,teachr", "--join", "a:1")]
    [InlineData("'a' is no address; write host:port", "node", "--roles", "data", "--join", "a")]
    [InlineData("'a:70000' is no address", "node", "--roles", "data", "--join", "b:1,a:70000")]
    [InlineData("'::1:5' is no address", "node", "--roles", "data", "--join", "b:1", "--listen", "::1:5")]
    [InlineData("--join", "node", "--roles", "data")]
    [InlineData("--roles", "node", "--join", "a:1")]
    [InlineData("it takes seconds from 1s to 3600s", "node", "--roles", "data", "--join", "a:1", "--downing-after", "soon")]
    [InlineData("--nodes 0: it takes 1 to 64", "run", "x.conf", "--nodes", "0")]
    [InlineData("add --nodes 1", "run", "x.conf", "--listen", "a:1")]
    [InlineData("--roles goes with --nodes 1", "run", "x.conf", "--nodes", "2", "--roles", "data")]
    [InlineData("--join host:port, or --folder", "cluster", "status")]
    [InlineData("--join host:port, or --folder", "cluster", "leave", "a:1", "--join", "a:1", "--folder", "runs/x")]
    [InlineData("--kills 0", "chaos", "x.conf", "--kills", "0")]
    [InlineData("--pause-share 1.5", "chaos", "x.conf", "--pause-share", "1.5")]
    public void A_mistake_is_told_before_anything_starts(string says, params string[] arguments) =>
        Assert.Contains(CommandTree.Build().Parse(arguments).Errors, error => error.Message.Contains(says, StringComparison.Ordinal));

    [Theory]
    [InlineData("node", "--roles", "data,teacher", "--join", "a:1,b:2", "--join", "[::1]:3", "--listen", "0.0.0.0:0", "--downing-after", "7.5s", "--downing", "keep-majority")]
    [InlineData("run", "x.conf", "--nodes", "4")]
    [InlineData("run", "x.conf", "--nodes", "1", "--listen", "a:1", "--roles", "coordinator,student")]
    [InlineData("cluster", "down", "a:1", "--join", "b:2")]
    [InlineData("cluster", "status", "--folder", "runs/x")]
    [InlineData("chaos", "x.conf")]
    [InlineData("chaos", "x.conf", "--kills", "3", "--seed", "-7", "--nodes", "2", "--pause-share", "0")]
    public void What_is_right_is_understood(params string[] arguments) => Assert.Empty(CommandTree.Build().Parse(arguments).Errors);

    [Theory]
    [InlineData("no cluster secret", "cluster", "status", "--join", "127.0.0.1:1")]
    [InlineData("no cluster secret", "node", "--roles", "data", "--join", "127.0.0.1:1", "--folder", "node")]
    [InlineData("no folder of a run", "cluster", "status", "--folder", ".")]
    public async Task What_cannot_start_ends_in_a_sentence(string says, params string[] arguments)
    {
        Ending ending = await CommandLineProcess.RunAsync(_workspace.Folder, new Dictionary<string, string> { ["XDG_CONFIG_HOME"] = _workspace.Folder }, arguments);
        Assert.Equal(1, ending.ExitCode);
        Assert.StartsWith("error: ", ending.Error);
        Assert.Contains(says, ending.Error);
        Assert.DoesNotContain("   at ", ending.Error);
    }

    [Fact]
    public void The_status_tells_what_runs_and_what_each_node_does()
    {
        var status = new ClusterStatus("10.0.0.1:4711", 3, new RunStatus("xray", 2, 7, "seed-0/self-distillation-1", 120, 2000, "a node with the role teacher", null),
        [
            new ClusterMember("10.0.0.1:4711", "up", ["coordinator", "student"], "m1", [new RoleWork("student", "step 120 of 2000", 3.5, 0)]),
            new ClusterMember("10.0.0.12:4711", "unreachable", ["data"], "m2", [new RoleWork("data", "serves batches", 41.5, 12)]),
        ]);
        Assert.Equal(
            """
            coordinator  10.0.0.1:4711 (epoch 3)
            run          xray: 2 of 7 stages done, seed-0/self-distillation-1 step 120 of 2000
            waits for    a node with the role teacher
            machines     2 kinds that need not give the same bits

            NODE            STATUS       ROLE         DOES              PER SECOND  QUEUE
            10.0.0.1:4711   up           coordinator
                                         student      step 120 of 2000         3.5      0
            10.0.0.12:4711  unreachable  data         serves batches          41.5     12
            """,
            string.Join('\n', StatusTable.Lines(status)));
    }

    [Fact]
    public void The_status_of_a_cluster_without_coordinator_and_run_says_so()
    {
        IReadOnlyList<string> lines = StatusTable.Lines(new ClusterStatus(null, 0, null, [new ClusterMember("a:1", "up", [], "", [])]));
        Assert.StartsWith("coordinator  none", lines[0]);
        Assert.Equal("run          none yet", lines[1]);
        Assert.Equal("a:1   up", lines[^1]);
    }
}
