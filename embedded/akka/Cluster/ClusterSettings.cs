using System.Collections.Immutable;
using Akka.Actor;
using Akka.Configuration;

namespace Akka.Cluster;

/// <summary>What the cluster reads from <c>akka.cluster</c>.</summary>
public sealed class ClusterSettings
{
    /// <exception cref="ConfigurationException">A setting is wrong; the message names it.</exception>
    public ClusterSettings(Config config, string systemName)
    {
        var cluster = config.GetConfig("akka.cluster");
        Roles = [.. cluster.GetStringList("roles")];
        SeedNodes = [.. cluster.GetStringList("seed-nodes").Select(text => ParseSeedNode(text, systemName))];
        SeedNodeTimeout = cluster.GetTimeSpan("seed-node-timeout");
        GossipInterval = cluster.GetTimeSpan("gossip-interval");
        LogInfo = cluster.GetBoolean("log-info");
        RunCoordinatedShutdownWhenDown = cluster.GetBoolean("run-coordinated-shutdown-when-down");
        AutoDownUnreachableAfter = DurationOrOff(cluster, "auto-down-unreachable-after");
        DownRemovalMargin = DurationOrOff(cluster, "down-removal-margin") ?? TimeSpan.Zero;
        FailureDetectorConfig = cluster.GetConfig("failure-detector");
        HeartbeatInterval = FailureDetectorConfig.GetTimeSpan("heartbeat-interval");
        MonitoredByNrOfMembers = FailureDetectorConfig.GetInt("monitored-by-nr-of-members");
        DowningProviderType = DowningProvider(cluster.GetString("downing-provider-class"));
    }

    public ImmutableHashSet<string> Roles { get; }

    public ImmutableList<Address> SeedNodes { get; }

    public TimeSpan SeedNodeTimeout { get; }

    public TimeSpan GossipInterval { get; }

    public TimeSpan HeartbeatInterval { get; }

    public int MonitoredByNrOfMembers { get; }

    public Config FailureDetectorConfig { get; }

    public bool LogInfo { get; }

    /// <summary>Whether the actor system ends when this node is downed.</summary>
    public bool RunCoordinatedShutdownWhenDown { get; }

    public TimeSpan? AutoDownUnreachableAfter { get; }

    public Type DowningProviderType { get; }

    internal TimeSpan DownRemovalMargin { get; }

    internal static TimeSpan? DurationOrOff(Config config, string key) =>
        config.GetString(key) is "off" or "false" or "no" or "" or null ? null : config.GetTimeSpan(key);

    private Type DowningProvider(string? name)
    {
        if (string.IsNullOrEmpty(name))
            return AutoDownUnreachableAfter == null ? typeof(NoDowning) : typeof(AutoDowning);
        // The package's assembly, which a configuration names, is not this one.
        return typeof(ClusterSettings).Assembly.GetType(name.Split(',')[0].Trim()) is { } type && type.IsAssignableTo(typeof(IDowningProvider))
            ? type
            : throw new ConfigurationException($"akka.cluster.downing-provider-class is \"{name}\", which is unknown here; "
                + $"use \"{typeof(AutoDowning).FullName}, Akka.Cluster\" or \"{typeof(SBR.SplitBrainResolverProvider).FullName}, Akka.Cluster\".");
    }

    private static Address ParseSeedNode(string text, string systemName) =>
        Address.TryParse(text, out var address) && address.HasGlobalScope && address.System == systemName
            ? address
            : throw new ConfigurationException($"akka.cluster.seed-nodes has \"{text}\"; expected akka.tcp://{systemName}@host:port.");
}
