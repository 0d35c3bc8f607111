using System.Net;
using ActorTrain.Actors.Cluster;
using Akka.Actor;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Actors.Tests;

public class NodeAddressTests
{
    private static readonly Gen<IPAddress> Ip = Gen.OneOf(
        ArbMap.Default.GeneratorFor<byte>().ArrayOf(4).Select(bytes => new IPAddress(bytes)),
        // Runs of zeros are what the short forms leave out.
        Gen.Frequency((2, Gen.Constant((byte)0)), (1, ArbMap.Default.GeneratorFor<byte>())).ArrayOf(16).Select(bytes => new IPAddress(bytes)));

    private static readonly Gen<string> Host = Gen.OneOf(Ip.Select(ip => $"{ip}"), Gen.Elements("localhost", "a", "node-7.example.org"));

    /// <summary>An address is one and the same as text, in a node's options, in its actors' paths and in the cluster's membership.</summary>
    [Fact]
    public void An_address_reads_as_it_is_written_and_as_the_cluster_writes_it() =>
        Prop.ForAll(Host.Zip(Gen.Choose(0, 65535)).ToArbitrary(), pair =>
        {
            var (host, port) = pair;
            string text = $"{new NodeAddress(host, port)}";
            Assert.True(NodeAddress.TryParse(text, out var read));
            Assert.Equal(new NodeAddress(host, port), read);
            Assert.Equal(text, ClusterConfiguration.AddressOf(Address.Parse(ClusterConfiguration.RootOf(text))));
            Assert.True(new MemberNode(text, "", [], Reachable: true).Is($"{text}/123"));
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("[0:0:0:0:0:0:0:1]:5", "[::1]:5")]
    [InlineData("[2001:DB8::A]:65535", "[2001:db8::a]:65535")]
    [InlineData("Node-7.Example.ORG:1", "node-7.example.org:1")]
    public void What_means_the_same_host_is_the_same_address(string text, string address)
    {
        Assert.True(NodeAddress.TryParse(text, out var read));
        Assert.Equal(address, $"{read}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("host")]
    [InlineData(":1")]
    [InlineData("host:")]
    [InlineData("host:65536")]
    [InlineData("host:-1")]
    [InlineData("::1:5")]
    [InlineData("[::1]")]
    [InlineData("[host]:5")]
    [InlineData("[::1:5")]
    [InlineData("[fe80::1%eth0]:5")]
    [InlineData("a b:5")]
    public void What_is_no_address_is_refused(string text) => Assert.False(NodeAddress.TryParse(text, out _));
}
