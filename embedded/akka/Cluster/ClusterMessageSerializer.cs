using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Cluster.Tools.Singleton;
using Akka.Serialization;

namespace Akka.Cluster.Serialization;

/// <summary>
/// The messages of cluster and singletons. In gossip each address stands once, among the members in their order; everything else refers to
/// them by their index.
/// </summary>
internal sealed class ClusterMessageSerializer(ExtendedActorSystem system) : WireSerializer(system)
{
    public override int Identifier => 5;

    public override string Manifest(object o) => o switch
    {
        InitJoin => "IJ",
        InitJoinAck => "IJA",
        InitJoinNack => "IJN",
        Join => "J",
        Welcome => "W",
        GossipEnvelope => "G",
        Heartbeat => "HB",
        HeartbeatResponse => "HBR",
        ExitingConfirmed => "EC",
        Encounter => "E",
        HandOverToMe => "HOM",
        HandOverDone => "HOD",
        _ => throw new SerializationException($"{o.GetType().FullName} has no manifest."),
    };

    public override void Write(object message, IBufferWriter<byte> output)
    {
        switch (message)
        {
            case InitJoinAck ack:
                Write(ack.From, output);
                break;
            case InitJoinNack nack:
                Write(nack.From, output);
                break;
            case Join join:
                Write(join.Node, output);
                Write(join.Roles, output);
                break;
            case Welcome welcome:
                Write(welcome.From, output);
                Write(welcome.Gossip, output);
                break;
            case GossipEnvelope envelope:
                Write(envelope.From, output);
                Write(envelope.Gossip, output);
                break;
            case Heartbeat heartbeat:
                Write(heartbeat.From, output);
                output.WriteInt64(heartbeat.Sequence);
                break;
            case HeartbeatResponse response:
                Write(response.From, output);
                output.WriteInt64(response.Sequence);
                break;
            case ExitingConfirmed exiting:
                Write(exiting.Node, output);
                break;
            case Encounter encounter:
                Write(encounter.From, output);
                output.WriteInt32(encounter.Size);
                Write(encounter.First, output);
                output.WriteInt32(encounter.RemovedUid);
                output.WriteBoolean(encounter.IsAnswer);
                break;
            case HandOverToMe request:
                Write(request.To, output);
                break;
            case HandOverDone done:
                Write(done.From, output);
                break;
        }
    }

    public override object Read(ReadOnlySequence<byte> bytes, string manifest)
    {
        var input = new SequenceReader<byte>(bytes);
        return manifest switch
        {
            "IJ" => new InitJoin(),
            "IJA" => new InitJoinAck(ReadNode(ref input)),
            "IJN" => new InitJoinNack(ReadNode(ref input)),
            "J" => new Join(ReadNode(ref input), ReadRoles(ref input)),
            "W" => new Welcome(ReadNode(ref input), ReadGossip(ref input)),
            "G" => new GossipEnvelope(ReadNode(ref input), ReadGossip(ref input)),
            "HB" => new Heartbeat(ReadNode(ref input), input.ReadInt64()),
            "HBR" => new HeartbeatResponse(ReadNode(ref input), input.ReadInt64()),
            "EC" => new ExitingConfirmed(ReadNode(ref input)),
            "E" => new Encounter(ReadNode(ref input), input.ReadInt32(), ReadNode(ref input), input.ReadInt32(), input.ReadBoolean()),
            "HOM" => new HandOverToMe(ReadNode(ref input)),
            "HOD" => new HandOverDone(ReadNode(ref input)),
            _ => throw new SerializationException($"Unknown manifest [{manifest}] for the serializer of cluster messages."),
        };
    }

    private static void Write(UniqueAddress node, IBufferWriter<byte> output)
    {
        output.WriteText(node.Address.ToString());
        output.WriteInt32(node.Uid);
    }

    private static UniqueAddress ReadNode(ref SequenceReader<byte> input)
    {
        var text = input.ReadText();
        return Address.TryParse(text, out var address) && address.HasGlobalScope
            ? new UniqueAddress(address, input.ReadInt32())
            : throw new SerializationException("A node's address is none that other systems can reach.");
    }

    private static void Write(ImmutableHashSet<string> roles, IBufferWriter<byte> output)
    {
        output.WriteInt32(roles.Count);
        foreach (var role in roles)
            output.WriteText(role);
    }

    private static ImmutableHashSet<string> ReadRoles(ref SequenceReader<byte> input)
    {
        var roles = ImmutableHashSet.CreateBuilder<string>();
        for (var left = input.ReadCount(); left > 0; left--)
            roles.Add(input.ReadText());
        return roles.ToImmutable();
    }

    private static void Write(Gossip gossip, IBufferWriter<byte> output)
    {
        var indices = gossip.Members.Keys.Index().ToDictionary(entry => entry.Item, entry => entry.Index);
        output.WriteInt32(gossip.Members.Count);
        foreach (var member in gossip.Members.Values)
        {
            Write(member.UniqueAddress, output);
            output.WriteInt32(member.UpNumber);
            output.WriteByte((byte)member.Status);
            Write(member.Roles, output);
        }
        output.WriteInt32(gossip.Removed.Count);
        foreach (var (node, tombstone) in gossip.Removed)
        {
            Write(node, output);
            output.WriteInt64(tombstone.RemovedAt);
            output.WriteBoolean(tombstone.WasDown);
        }
        output.WriteInt32(gossip.Observations.Count);
        foreach (var (observer, observation) in gossip.Observations)
        {
            output.WriteInt32(indices[observer]);
            output.WriteInt64(observation.Version);
            Write(observation.Unreachable, indices, output);
        }
        Write(gossip.SeenBy, indices, output);
    }

    private static void Write(ImmutableSortedSet<UniqueAddress> nodes, Dictionary<UniqueAddress, int> indices, IBufferWriter<byte> output)
    {
        output.WriteInt32(nodes.Count);
        foreach (var node in nodes)
            output.WriteInt32(indices[node]);
    }

    private static Gossip ReadGossip(ref SequenceReader<byte> input)
    {
        var members = new List<Member>();
        for (var left = input.ReadCount(); left > 0; left--)
            members.Add(new Member(ReadNode(ref input), input.ReadInt32(), ReadStatus(ref input), ReadRoles(ref input)));
        var removed = ImmutableSortedDictionary.CreateBuilder<UniqueAddress, Tombstone>();
        for (var left = input.ReadCount(); left > 0; left--)
            removed[ReadNode(ref input)] = new Tombstone(input.ReadInt64(), input.ReadBoolean());
        var observations = ImmutableSortedDictionary.CreateBuilder<UniqueAddress, Observation>();
        for (var left = input.ReadCount(); left > 0; left--)
            observations[ReadIndex(ref input, members)] = new Observation(input.ReadInt64(), ReadNodes(ref input, members));
        var byNode = ImmutableSortedDictionary.CreateBuilder<UniqueAddress, Member>();
        foreach (var member in members)
            byNode[member.UniqueAddress] = member;
        return new Gossip(byNode.ToImmutable(), removed.ToImmutable(), observations.ToImmutable(), ReadNodes(ref input, members));
    }

    private static MemberStatus ReadStatus(ref SequenceReader<byte> input) => (MemberStatus)input.ReadByte() is var status and < MemberStatus.Removed
        ? status
        : throw new SerializationException("A member's status is unknown.");

    private static ImmutableSortedSet<UniqueAddress> ReadNodes(ref SequenceReader<byte> input, List<Member> members)
    {
        var nodes = ImmutableSortedSet.CreateBuilder<UniqueAddress>();
        for (var left = input.ReadCount(); left > 0; left--)
            nodes.Add(ReadIndex(ref input, members));
        return nodes.ToImmutable();
    }

    private static UniqueAddress ReadIndex(ref SequenceReader<byte> input, List<Member> members) =>
        input.ReadInt32() is var index && index >= 0 && index < members.Count
            ? members[index].UniqueAddress
            : throw new SerializationException("Gossip speaks of a node that is no member.");
}
