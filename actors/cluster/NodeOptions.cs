namespace ActorTrain.Actors.Cluster;

/// <summary>TLS between nodes: every node shows the same kind of certificate and checks that of its peers.</summary>
/// <param name="CertificateFile">A PKCS #12 file with its private key.</param>
/// <param name="Password">The file's password.</param>
public sealed record TlsOptions(string CertificateFile, string Password);

/// <summary>How a node takes part in a cluster.</summary>
public sealed record NodeOptions
{
    /// <summary>What it may be asked for, of <see cref="NodeRoles.All"/>.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>The name or address under which the other nodes reach it.</summary>
    public required string Host { get; init; }

    /// <summary>The port that it listens on; 0 for any free one.</summary>
    public required int Port { get; init; }

    /// <summary>Where the other nodes reach it, if that is not where it listens, as behind a forwarded port; then <see cref="Port"/> is not 0.</summary>
    public NodeAddress? Advertised { get; init; }

    /// <summary>Nodes of the cluster, <c>host:port</c>; the first of them starts a cluster if none is there. Empty to start one.</summary>
    public required IReadOnlyList<string> Join { get; init; }

    /// <summary>What all nodes of the cluster know and nobody else.</summary>
    public required string Secret { get; init; }

    /// <summary>Where runs, copies of checkpoints and fetched models are kept.</summary>
    public required string Folder { get; init; }

    /// <summary>Where this node computes, instead of the plan's device: <c>cpu</c> or <c>cuda:N</c>.</summary>
    public string? Device { get; init; }

    /// <summary>Whether a coordinator on this node lets machines take part that compute other last bits.</summary>
    public bool AllowMixed { get; init; }

    /// <summary>The certificate; null for plain connections.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>How long a node must be out of reach before it is taken out of the cluster.</summary>
    public TimeSpan DowningAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether only the larger part of a cluster that falls apart goes on (of two equal ones, that with the first address), and the nodes of
    /// the smaller one stop what they do until they reach a majority again; else every part goes on.
    /// </summary>
    public bool KeepMajority { get; init; }

    /// <summary>Other nodes' disks that records and checkpoints must lie on before they count, if there are so many nodes.</summary>
    public int Replicas { get; init; } = 1;
}
