using System.Collections.Immutable;
using Akka.Event;
using Akka.Remote;

namespace Akka.Cluster;

/// <summary>What the cluster's nodes tell each other.</summary>
internal interface IClusterMessage : IControlMessage, IDeadLetterSuppression;

/// <summary>Asks a seed node whether it belongs to a cluster.</summary>
internal sealed record InitJoin : IClusterMessage;

internal sealed record InitJoinAck(UniqueAddress From) : IClusterMessage;

/// <summary>The seed node runs, but belongs to no cluster.</summary>
internal sealed record InitJoinNack(UniqueAddress From) : IClusterMessage;

internal sealed record Join(UniqueAddress Node, ImmutableHashSet<string> Roles) : IClusterMessage;

internal sealed record Welcome(UniqueAddress From, Gossip Gossip) : IClusterMessage;

internal sealed record GossipEnvelope(UniqueAddress From, Gossip Gossip) : IClusterMessage;

internal sealed record Heartbeat(UniqueAddress From, long Sequence) : IClusterMessage;

internal sealed record HeartbeatResponse(UniqueAddress From, long Sequence) : IClusterMessage;

/// <summary>A node that exits has ended its work, or one that was downed knows it and ends.</summary>
internal sealed record ExitingConfirmed(UniqueAddress Node) : IClusterMessage;

/// <summary>
/// A cluster looks for nodes that may be alive outside of it, alone or in a cluster of their own: those that it removed, and seed nodes.
/// </summary>
/// <param name="From">Who asks.</param>
/// <param name="Size">The number of members of its cluster.</param>
/// <param name="First">The first of these by address.</param>
/// <param name="RemovedUid">The process that was removed; 0 for none.</param>
/// <param name="IsAnswer">Whether it answers what the other one has said, so that the way is open in both directions.</param>
internal sealed record Encounter(UniqueAddress From, int Size, UniqueAddress First, int RemovedUid, bool IsAnswer) : IClusterMessage;
