using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Akka.Configuration;

namespace Akka.Remote;

/// <summary>What remoting reads from <c>akka.remote</c>.</summary>
internal sealed class RemoteSettings
{
    private const int LargestFrame = 1 << 30;

    /// <exception cref="ConfigurationException">A setting is wrong; the message names it.</exception>
    public RemoteSettings(Config config)
    {
        var remote = config.GetConfig("akka.remote");
        HandshakeTimeout = remote.GetTimeSpan("handshake-timeout");
        FirstBackoff = remote.GetTimeSpan("backoff-interval");
        FlushOnShutdown = remote.GetTimeSpan("flush-wait-on-shutdown");
        WatchInterval = remote.GetTimeSpan("watch-failure-detector.heartbeat-interval");
        AcceptablePause = remote.GetTimeSpan("watch-failure-detector.acceptable-heartbeat-pause");

        var cookie = remote.GetString("secure-cookie") ?? "";
        if (remote.GetBoolean("require-cookie") && cookie.Length == 0)
            throw new ConfigurationException("akka.remote.require-cookie is on, but akka.remote.secure-cookie is empty.");
        Secret = remote.GetBoolean("require-cookie") ? Encoding.UTF8.GetBytes(cookie) : [];

        var tcp = remote.GetConfig("dot-netty.tcp");
        BindHost = tcp.GetString("hostname") ?? "";
        BindPort = Port(tcp, "port");
        PublicHost = tcp.GetString("public-hostname") is { Length: > 0 } host ? host : BindHost is "" or "0.0.0.0" or "::" ? Dns.GetHostName() : BindHost;
        PublicPort = Port(tcp, "public-port");
        MaximumFrame = Size(tcp, "maximum-frame-size", 1024);
        WriteBufferLimit = Size(tcp, "write-buffer-high-water-mark", MaximumFrame);
        if (!tcp.GetBoolean("enable-ssl"))
            return;
        SuppressValidation = tcp.GetBoolean("ssl.suppress-validation");
        Certificate = LoadCertificate(tcp.GetString("ssl.certificate.path"), tcp.GetString("ssl.certificate.password"));
    }

    public string BindHost { get; }

    public int BindPort { get; }

    public string PublicHost { get; }

    /// <summary>0 for the port that is listened on.</summary>
    public int PublicPort { get; }

    /// <summary>The most bytes of a frame, its length not counted.</summary>
    public int MaximumFrame { get; }

    public int WriteBufferLimit { get; }

    /// <summary>Empty when no secret is required.</summary>
    public byte[] Secret { get; }

    public X509Certificate2? Certificate { get; }

    public bool SuppressValidation { get; }

    public TimeSpan HandshakeTimeout { get; }

    public TimeSpan FirstBackoff { get; }

    public TimeSpan FlushOnShutdown { get; }

    public TimeSpan WatchInterval { get; }

    public TimeSpan AcceptablePause { get; }

    private static int Port(Config tcp, string key)
    {
        var port = tcp.GetInt(key);
        return port is >= 0 and <= ushort.MaxValue
            ? port
            : throw new ConfigurationException($"akka.remote.dot-netty.tcp.{key} is {port}; a port is 0 to {ushort.MaxValue}.");
    }

    private static int Size(Config tcp, string key, int least) => tcp.GetByteSize(key) is { } size && size >= least && size <= LargestFrame
        ? (int)size
        : throw new ConfigurationException($"akka.remote.dot-netty.tcp.{key} is {tcp.GetString(key)}; it must be between {least} and {LargestFrame} bytes.");

    private static X509Certificate2 LoadCertificate(string path, string password)
    {
        if (string.IsNullOrEmpty(path))
            throw new ConfigurationException("akka.remote.dot-netty.tcp.enable-ssl is on, but ssl.certificate.path is empty.");
        try
        {
            return X509CertificateLoader.LoadPkcs12FromFile(path, password);
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The certificate {path} cannot be read: {failure.Message}", failure);
        }
    }
}
