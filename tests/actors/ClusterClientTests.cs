using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Tests;

/// <summary>Clients find the cluster beside nodes that do not answer or do not belong to it.</summary>
[Collection("runs")]
public class ClusterClientTests(RunFixture fixture)
{
    /// <summary>Where nobody listens.</summary>
    private const string Nobody = "127.0.0.1:1";

    [Fact]
    public async Task The_next_node_is_asked_when_one_belongs_to_no_cluster()
    {
        await using var nodes = new NodeGroup(fixture);
        var node = await nodes.StartAsync([NodeRoles.Coordinator]);
        var outside = ActorSystem.Create(ClusterConfiguration.SystemName, ClusterConfiguration.ForClient("127.0.0.1", NodeGroup.Secret, null));
        outside.ActorOf(Props.Create(() => new Outsider()), NodeActor.Name);
        var address = ((ExtendedActorSystem)outside).Provider.DefaultAddress;
        await using var client = await ClusterClient.ConnectAsync([ClusterConfiguration.AddressOf(address), node.Address], NodeGroup.Secret, null, nodes.Limit);

        Assert.Equal(node.Address, Assert.Single((await client.StatusAsync(nodes.Limit)).Members).Address);

        await outside.Terminate();
    }

    [Fact]
    public async Task Questions_that_stay_unanswered_together_do_not_lead_past_a_node()
    {
        await using var nodes = new NodeGroup(fixture);
        var node = await nodes.StartAsync([NodeRoles.Coordinator]);
        await using var client = await ClusterClient.ConnectAsync([Nobody, node.Address], NodeGroup.Secret, null, nodes.Limit);

        var answers = await Task.WhenAll(client.StatusAsync(nodes.Limit), client.StatusAsync(nodes.Limit));

        Assert.All(answers, status => Assert.Single(status.Members));
    }

    private sealed class Outsider : ReceiveActor
    {
        public Outsider() => ReceiveAny(_ => Sender.Tell(new ClusterNotReady("It waits.")));
    }
}
