using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Remote;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class RemoteSecurityTests : RemoteTest, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actortrain-tls-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task With_the_same_secret_systems_talk_and_with_another_they_do_not()
    {
        ActorSystem here = Begin("here", Secret("one")), there = Begin("there", Secret("one")), stranger = Begin("stranger", Secret("two"));
        MakeEcho(here);
        ActorTest.Probe refusals = Listen<Warning>(here), letters = Listen<DeadLetter>(stranger), complaints = Listen<Warning>(stranger);
        for (int attempt = 0; attempt < 3; attempt++)
        {
            Select(stranger, here, "/user/echo").Tell("let me in", ActorRefs.NoSender);
            await letters.Next<DeadLetter>();
        }
        await NextWith(complaints, "does it have the same secret?");
        Assert.Contains("it does not know the secret", ((Warning)await refusals.Next()).Message.ToString(), StringComparison.Ordinal);
        Assert.Equal("hello!", await Select(there, here, "/user/echo").Ask<string>("hello", Limit));
        Assert.Empty(await refusals.Flush());
    }

    [Fact]
    public async Task A_listener_without_the_secret_gets_no_message()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        ActorSystem here = Begin("here", Secret("one"));
        ActorTest.Probe letters = Listen<DeadLetter>(here), complaints = Listen<Warning>(here);
        var target = new Address("akka.tcp", "there", "127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port);
        here.ActorSelection(target + "/user/echo").Tell("secret", ActorRefs.NoSender);
        using (TcpClient client = await listener.AcceptTcpClientAsync())
        {
            RemoteSettings wrong = SettingsWith(Secret("two"));
            await Assert.ThrowsAsync<HandshakeException>(() =>
                Handshake.ReceiveAsync(client.GetStream(), wrong, 1, _ => Welcome.Welcome, CancellationToken.None));
            // Says yes all the same, with a proof that it cannot make.
            await client.GetStream().WriteAsync(new byte[37]);
            await letters.Next<DeadLetter>();
        }
        await NextWith(complaints, "it does not know the secret");
    }

    [Fact]
    public async Task A_secret_is_required_where_it_is_configured() => Assert.Contains(
        "secure-cookie",
        (await Task.Run(() => Assert.Throws<ConfigurationException>(() => Begin("here", "akka.remote.require-cookie = on")))).Message,
        StringComparison.Ordinal);

    [Fact]
    public async Task A_proof_made_for_another_system_is_refused()
    {
        ActorSystem here = Begin("here", Secret("one"));
        using TcpClient client = await Connect(here);
        var introduction = new Introduction(false, 7, new Address("akka.tcp", "x", "127.0.0.1", 1), new Address("akka.tcp", "else", "127.0.0.1", 2));
        var failure = await Assert.ThrowsAsync<HandshakeException>(() =>
            Handshake.IntroduceAsync(client.GetStream(), SettingsWith(Secret("one")), introduction, CancellationToken.None));
        Assert.Contains("akka.tcp://else@127.0.0.1:2", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Port_scanners_random_bytes_and_other_protocols_are_refused_and_logged_once()
    {
        ActorSystem here = Begin("here", Secret("one")), there = Begin("there", Secret("one"));
        MakeEcho(here);
        ActorTest.Probe log = Listen<Warning>(here);
        var random = new Random(3);
        for (int attempt = 0; attempt < 30; attempt++)
        {
            using TcpClient client = await Connect(here);
            switch (attempt % 3)
            {
                case 0:
                    break;
                case 1:
                    byte[] bytes = new byte[random.Next(100, 10_000)];
                    random.NextBytes(bytes);
                    await WriteUntilClosed(client, bytes);
                    break;
                default:
                    await WriteUntilClosed(client, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
                    break;
            }
        }
        Assert.Equal("hello!", await Select(there, here, "/user/echo").Ask<string>("hello", Limit));
        var lines = new List<string>();
        while (lines.Count < 2)
            lines.Add(((Warning)await log.Next()).Message.ToString()!);
        Assert.Single(lines, line => line.Contains("another protocol", StringComparison.Ordinal));
        Assert.Single(lines, line => line.Contains("left before", StringComparison.Ordinal));
        Assert.Empty(await log.Flush());
    }

    [Fact]
    public async Task Who_says_too_little_too_slowly_is_shown_out()
    {
        ActorSystem here = Begin("here", "akka.remote.handshake-timeout = 300ms");
        ActorTest.Probe log = Listen<Warning>(here);
        using TcpClient client = await Connect(here);
        await client.GetStream().WriteAsync("ATr1"u8.ToArray());
        await ReadUntilClosed(client);
        await NextWith(log, "in time");
    }

    [Fact]
    public async Task Many_who_say_nothing_keep_nobody_out()
    {
        ActorSystem here = Begin("here", "akka.remote.handshake-timeout = 1h"), there = Begin("there");
        MakeEcho(here);
        var idlers = new List<TcpClient>();
        for (int index = 0; index < 100; index++)
            idlers.Add(await Connect(here));
        Assert.Equal("hello!", await Select(there, here, "/user/echo").Ask<string>("hello", Limit));
        await ReadUntilClosed(idlers[0]);
        idlers.ForEach(idler => idler.Dispose());
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(200_000)]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_frame_with_an_impossible_length_ends_the_connection_before_it_is_read(int length)
    {
        ActorSystem here = Begin("here");
        ActorTest.Probe errors = Listen<Error>(here);
        using TcpClient client = await Enter(here);
        byte[] header = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(header, length);
        await client.GetStream().WriteAsync(header);
        await NextWith(errors, $"A frame of {length} bytes");
        await ReadUntilClosed(client);
    }

    [Fact]
    public async Task Nonsense_after_the_handshake_ends_that_connection_only()
    {
        ActorSystem here = Begin("here"), there = Begin("there");
        MakeEcho(here);
        ActorTest.Probe errors = Listen<Error>(here);
        using (TcpClient client = await Enter(here))
        {
            await client.GetStream().WriteAsync(new byte[] { 6, 0, 0, 0, 1, 255, 255, 255, 127, 0 });
            await NextWith(errors, "cannot be read");
            await ReadUntilClosed(client);
        }
        Assert.Equal("hello!", await Select(there, here, "/user/echo").Ask<string>("hello", Limit));
    }

    [Fact]
    public async Task Systems_that_share_a_certificate_talk_over_Tls_and_nobody_else_gets_in()
    {
        string shared = Certificate("shared"), foreign = Certificate("foreign");
        ActorSystem here = Begin("here", Tls(shared)), there = Begin("there", Tls(shared));
        MakeEcho(here);
        MakeEcho(there);
        Assert.Equal("a!", await Select(there, here, "/user/echo").Ask<string>("a", Limit));
        Assert.Equal("b!", await Select(here, there, "/user/echo").Ask<string>("b", Limit));

        ActorSystem plain = Begin("plain"), other = Begin("other", Tls(foreign));
        foreach (ActorSystem stranger in new[] { plain, other })
        {
            ActorTest.Probe letters = Listen<DeadLetter>(stranger);
            Select(stranger, here, "/user/echo").Tell("let me in", ActorRefs.NoSender);
            await letters.Next<DeadLetter>();
        }
        ActorSystem trusting = Begin("trusting", Tls(foreign) + "\nakka.remote.dot-netty.tcp.ssl.suppress-validation = on");
        var got = new ActorTest.Probe(here);
        trusting.ActorSelection(got.Ref.Path.ToSerializationFormatWithAddress(AddressOf(here)).Split('#')[0]).Tell("trust", ActorRefs.NoSender);
        Assert.Equal("trust", await got.Next());
    }

    [Fact]
    public async Task Nobody_can_stand_between_two_who_do_not_validate_certificates()
    {
        string own = Certificate("own");
        string settings = Tls(own) + Secret("one") + "\nakka.remote.dot-netty.tcp.ssl.suppress-validation = on";
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        ActorSystem here = Begin("here", settings + $"\nakka.remote.dot-netty.tcp.public-port = {port}"), there = Begin("there", settings);
        ActorTest.Probe log = Listen<Warning>(here), letters = Listen<DeadLetter>(there);
        Select(there, here, "/user/anybody").Tell("secret", ActorRefs.NoSender);
        using TcpClient from = await listener.AcceptTcpClientAsync(), to = await Connect(here);
        using X509Certificate2 other = X509CertificateLoader.LoadPkcs12FromFile(Certificate("other"), "word");
        await using SslStream left = new(from.GetStream()), right = new(to.GetStream(), false, (_, certificate, _, _) => certificate != null);
        await Task.WhenAll(left.AuthenticateAsServerAsync(other), right.AuthenticateAsClientAsync("here"));
        Task[] passing = [left.CopyToAsync(right), right.CopyToAsync(left)];
        await NextWith(log, "it does not know the secret");
        await Task.WhenAny(passing);
        from.Close();
        await letters.Next<DeadLetter>();
    }

    [Fact]
    public void A_certificate_that_cannot_be_read_is_one_sentence()
    {
        string path = Path.Combine(_folder, "broken.pfx");
        File.WriteAllBytes(path, [1, 2, 3]);
        Assert.Contains(path, Assert.Throws<ConfigurationException>(() => Begin("here", Tls(path))).Message, StringComparison.Ordinal);
    }

    private static string Secret(string secret) => $"\nakka.remote {{ require-cookie = on, secure-cookie = {secret} }}";

    private static string Tls(string path) => $$"""
        akka.remote.dot-netty.tcp { enable-ssl = true, ssl.certificate { path = "{{path}}", password = "word" } }
        """;

    private static RemoteSettings SettingsWith(string settings) =>
        new(ConfigurationFactory.ParseString(settings).WithFallback(ConfigurationFactory.Default()));

    private static async Task<TcpClient> Connect(ActorSystem system)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, RemotingOf(system).BoundPort);
        return client;
    }

    /// <summary>A connection that has passed the handshake.</summary>
    private static async Task<TcpClient> Enter(ActorSystem system)
    {
        TcpClient client = await Connect(system);
        var introduction = new Introduction(false, 7, new Address("akka.tcp", "guest", "127.0.0.1", 1), AddressOf(system));
        await Handshake.IntroduceAsync(client.GetStream(), SettingsWith(""), introduction, CancellationToken.None);
        return client;
    }

    private static async Task ReadUntilClosed(TcpClient client)
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            while (await client.GetStream().ReadAsync(new byte[1024], limit.Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset, which is an end too.
        }
    }

    private static async Task WriteUntilClosed(TcpClient client, byte[] bytes)
    {
        try
        {
            await client.GetStream().WriteAsync(bytes);
        }
        catch (IOException)
        {
            return;
        }
        await ReadUntilClosed(client);
    }

    private string Certificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        string path = Path.Combine(_folder, name + ".pfx");
        File.WriteAllBytes(path, certificate.Export(X509ContentType.Pfx, "word"));
        return path;
    }
}
