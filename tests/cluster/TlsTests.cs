using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Tests;

namespace ActorTrain.Cluster.Tests;

/// <summary>Nodes encrypt what they say to each other.</summary>
[Collection("cluster")]
public class TlsTests(ClusterFixture fixture)
{
    [Fact]
    public Task Nodes_with_a_certificate_work_together_and_one_without_stays_outside()
    {
        var tls = Certificate();
        return fixture.RunAsync(Modality.Text, [NodeSetup.AllBut(NodeRoles.Data, NodeRoles.Teacher) with { Tls = tls }, new(NodeRoles.Data, NodeRoles.Teacher) { Tls = tls }], async cluster =>
        {
            var plain = cluster.Add(new(NodeRoles.All));
            await cluster.CheckpointAsync();
            await cluster.SaysAsync(cluster[0], "Refused a connection");
            Assert.DoesNotContain((await cluster.StatusAsync()).Members, member => member.Address == plain.Address);
        });
    }

    /// <summary>One that nobody has signed, for all nodes, as docs/operations.md makes it.</summary>
    private TlsOptions Certificate()
    {
        const string Password = "password of the certificate";
        string file = fixture.NewFolder() + ".pfx";
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=actortrain", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllBytes(file, certificate.Export(X509ContentType.Pkcs12, Password));
        File.WriteAllText($"{file}.password", Password);
        return new TlsOptions(file, Password);
    }
}
