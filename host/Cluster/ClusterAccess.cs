using ActorTrain.Actors.Cluster;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Cluster;

/// <summary>How a process proves that it belongs to a cluster, as the command line says it.</summary>
/// <param name="SecretFile">The file of the secret; null to look in the usual places.</param>
/// <param name="TlsCertificate">A PKCS #12 file with certificate and key; null for plain connections.</param>
/// <param name="TlsPasswordFile">The file of its password; null for none.</param>
internal sealed record ClusterAccess(string? SecretFile, string? TlsCertificate, string? TlsPasswordFile)
{
    /// <summary>The options of a node that is to have the same access.</summary>
    public IEnumerable<string> Arguments =>
    [
        .. Option(NodeArguments.SecretFile, SecretFile),
        .. Option(NodeArguments.TlsCertificate, TlsCertificate),
        .. Option(NodeArguments.TlsPasswordFile, TlsPasswordFile),
    ];

    /// <summary>Reads the secret.</summary>
    /// <exception cref="ConfigurationException">There is none that can be used.</exception>
    public string Secret() => ClusterSecret.Find(SecretFile, Environment.GetEnvironmentVariable(ClusterSecret.Variable), ClusterSecret.DefaultFile);

    /// <summary>The certificate; null for plain connections.</summary>
    /// <exception cref="ConfigurationException">A file is missing, or a password is given without a certificate.</exception>
    public TlsOptions? Tls()
    {
        if (TlsCertificate is null)
            return TlsPasswordFile is null ? null : throw new ConfigurationException($"{NodeArguments.TlsPasswordFile} is given without {NodeArguments.TlsCertificate}; name the certificate too.");
        if (!File.Exists(TlsCertificate))
            throw new ConfigurationException($"There is no certificate {TlsCertificate}; {NodeArguments.TlsCertificate} takes a PKCS #12 file (.pfx or .p12).");
        try
        {
            return new TlsOptions(TlsCertificate, TlsPasswordFile is null ? "" : File.ReadAllText(TlsPasswordFile).TrimEnd('\r', '\n'));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"The password file {TlsPasswordFile} cannot be read ({error.Message.TrimEnd('.')}); check its path and its permissions.");
        }
    }

    private static IEnumerable<string> Option(string name, string? value) => value is null ? [] : [name, value];
}
