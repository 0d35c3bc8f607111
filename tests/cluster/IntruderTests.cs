using System.Net;
using System.Net.Sockets;
using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Tests;

namespace ActorTrain.Cluster.Tests;

/// <summary>Somebody speaks to the cluster who does not belong to it.</summary>
[Collection("cluster")]
public class IntruderTests(ClusterFixture fixture)
{
    private const string Refused = "Refused a connection";

    [Fact]
    public Task Strangers_are_refused_noted_once_and_without_effect() =>
        fixture.RunAsync(Modality.Images, [NodeSetup.AllBut(NodeRoles.Data, NodeRoles.Teacher), new(NodeRoles.Data, NodeRoles.Teacher)], async cluster =>
        {
            var stranger = cluster.Add(new(NodeRoles.All) { Secret = "secret-of-another-cluster" });
            await cluster.CheckpointAsync();
            using var slow = await ConnectAsync(cluster[0]);
            await slow.SendAsync(new byte[] { 0 });
            for (int attempt = 0; attempt < 30; attempt++)
            {
                using var scanner = await ConnectAsync(cluster[0]);
                scanner.Dispose();
                using var noise = await ConnectAsync(cluster[0]);
                await TalkAsync(noise, seed: attempt);
            }
            await cluster.SaysAsync(cluster[0], Refused);
            var status = await cluster.StatusAsync();
            Assert.DoesNotContain(status.Members, member => member.Address == stranger.Address);
            Assert.DoesNotContain(stranger.Lines.All, line => line.EndsWith(" is up", StringComparison.Ordinal));
            var notes = cluster[0].Lines.All.Where(line => line.Contains(Refused, StringComparison.Ordinal)).Select(line => line[line.IndexOf(Refused, StringComparison.Ordinal)..]).ToList();
            Assert.Equal(notes.Distinct(), notes);
        });

    private static async Task<Socket> ConnectAsync(ClusterNode node)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPEndPoint.Parse(node.Address));
        return socket;
    }

    /// <summary>Sends random bytes until the other side has had enough of them.</summary>
    private static async Task TalkAsync(Socket socket, int seed)
    {
        var noise = new byte[4096];
        new Random(seed).NextBytes(noise);
        try
        {
            for (int i = 0; i < 64; i++)
                await socket.SendAsync(noise);
        }
        catch (SocketException)
        {
            // Refused.
        }
    }
}
