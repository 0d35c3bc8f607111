using System.Globalization;
using ActorTrain.Actors.Messages;
using Akka.Actor;
using Akka.Configuration;

namespace ActorTrain.Actors.Cluster;

/// <summary>The actor systems of nodes, and of clients that only speak with nodes.</summary>
internal static class ClusterConfiguration
{
    /// <summary>The name of every actor system; part of every address.</summary>
    public const string SystemName = "actortrain";

    private const string Common = """
        akka {
          loglevel = WARNING
          stdout-loglevel = ERROR
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          remote.dot-netty.tcp.maximum-frame-size = 16 MiB
          cluster {
            seed-node-timeout = 1s
            gossip-interval = 200ms
            failure-detector {
              heartbeat-interval = 500ms
              acceptable-heartbeat-pause = 3s
              # Everybody watches everybody: who is out of whose reach decides who goes on.
              monitored-by-nr-of-members = 1000
            }
            singleton.hand-over-retry-interval = 200ms
            singleton-proxy {
              singleton-identification-interval = 200ms
              buffer-size = 100
            }
          }
        }
        """;

    /// <summary>What precedes the paths of a node's actors.</summary>
    /// <param name="address">The node, <c>host:port</c>.</param>
    public static string RootOf(string address) => $"akka.tcp://{SystemName}@{address}";

    /// <summary>The address of a node, <c>host:port</c>, of what <see cref="RootOf"/> gives.</summary>
    public static string AddressOf(Address root) => $"{root.Host}:{root.Port}";

    /// <param name="options">How the node takes part.</param>
    /// <param name="port">The port that it listens on; 0 for any free one.</param>
    /// <param name="seeds">Nodes that it joins at once, and of whose clusters it makes one with its own whenever they meet.</param>
    public static Config ForNode(NodeOptions options, int port, IReadOnlyList<string> seeds)
    {
        string patience = options.DowningAfter.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
        string downing = options.KeepMajority
            ? $$"""
                downing-provider-class = "Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster"
                split-brain-resolver {
                  active-strategy = keep-majority
                  stable-after = {{patience}}ms
                }
                # What a node that was downed still does is fenced off: its work need not wait.
                down-removal-margin = 1ms
                """
            : $"""
                downing-provider-class = "Akka.Cluster.AutoDowning, Akka.Cluster"
                auto-down-unreachable-after = {patience}ms
                """;
        string advertised = options.Advertised is { } reached ? $$"""
            akka.remote.dot-netty.tcp {
              public-hostname = {{Quoted(reached.Host)}}
              public-port = {{reached.Port}}
            }
            """ : "";
        return Parse($$"""
            akka.actor.provider = cluster
            akka.cluster {
              roles = [{{string.Join(", ", options.Roles.Select(Quoted))}}]
              seed-nodes = [{{string.Join(", ", seeds.Select(seed => Quoted(RootOf(seed))))}}]
              run-coordinated-shutdown-when-down = on
              {{downing}}
            }
            {{advertised}}
            """, options.Host, port, options.Secret, options.Tls);
    }

    /// <param name="host">The address under which the nodes see this machine.</param>
    /// <param name="secret">The cluster's secret.</param>
    /// <param name="tls">The certificate; null for plain connections.</param>
    public static Config ForClient(string host, string secret, TlsOptions? tls) => Parse("""
        akka {
          actor.provider = remote
          loglevel = ERROR
        }
        """, host, 0, secret, tls);

    private static Config Parse(string text, string host, int port, string secret, TlsOptions? tls)
    {
        string tcp = $$"""
            akka.remote {
              require-cookie = on
              secure-cookie = {{Quoted(secret)}}
              dot-netty.tcp {
                hostname = {{Quoted(host)}}
                port = {{port}}
              }
            }
            """;
        string ssl = tls is null ? "" : $$"""
            akka.remote.dot-netty.tcp {
              enable-ssl = true
              ssl {
                suppress-validation = true
                certificate {
                  path = {{Quoted(tls.CertificateFile)}}
                  password = {{Quoted(tls.Password)}}
                }
              }
            }
            """;
        return ConfigurationFactory.ParseString(string.Join('\n', Common, text, tcp, ssl)).WithFallback(MessageSerializer.Configuration);
    }

    private static string Quoted(string text) => '"' + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + '"';
}
