namespace ActorTrain.Host.Cluster;

/// <summary>Names of options that both the command line and a supervisor, which starts nodes, know.</summary>
internal static class NodeArguments
{
    public const string SecretFile = "--secret-file";
    public const string TlsCertificate = "--tls-certificate";
    public const string TlsPasswordFile = "--tls-password-file";
    public const string AllowMixed = "--allow-mixed";
    public const string Replicas = "--replicas";
    public const string Downing = "--downing";
    public const string DowningAfter = "--downing-after";

    /// <summary>Value of <see cref="Downing"/>: see <see cref="Actors.Cluster.NodeOptions.KeepMajority"/>.</summary>
    public const string KeepMajority = "keep-majority";

    /// <summary>Value of <see cref="Downing"/>: the other one.</summary>
    public const string Timeout = "timeout";

    public const string WhileStandardInput = "--while-stdin";
}
