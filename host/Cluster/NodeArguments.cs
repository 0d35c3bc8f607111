namespace ActorTrain.Host.Cluster;

/// <summary>Names of options that both the command line and a supervisor, which starts nodes, know.</summary>
internal static class NodeArguments
{
    public const string SecretFile = "--secret-file";
    public const string TlsCertificate = "--tls-certificate";
    public const string TlsPasswordFile = "--tls-password-file";
    public const string AllowMixed = "--allow-mixed";
    public const string Replicas = "--replicas";
    public const string DowningAfter = "--downing-after";
    public const string WhileStandardInput = "--while-stdin";
}
