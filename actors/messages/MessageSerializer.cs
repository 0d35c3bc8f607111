using System.Buffers;
using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using MessagePack;

namespace ActorTrain.Actors.Messages;

/// <summary>
/// How messages travel between processes: as MessagePack under a short name. Only what is listed here can be sent or received. A message that
/// refers to an actor carries <see cref="Serialization.SerializedActorPath"/>.
/// </summary>
[SuppressMessage("Performance", "CA1822:Mark members as static", Justification = "The embedded transport binds Write and Read to an instance.")]
public sealed class MessageSerializer : SerializerWithStringManifest
{
    private static readonly MessagePackSerializerOptions Options =
        MessagePackSerializerOptions.Standard.WithSecurity(MessagePackSecurity.UntrustedData);

    private static readonly FrozenDictionary<string, Contract> ByManifest = new Contract[]
    {
        new Contract<InputRequest>("input-request"),
        new Contract<InputBatch>("input-batch"),
        new Contract<BlockRequest>("block-request"),
        new Contract<InputBlock>("input-block"),
        new Contract<SamplesRequest>("samples-request"),
        new Contract<BatchSamples>("batch-samples"),
        new Contract<BatchRequest>("batch-request"),
        new Contract<MaskedBatch>("masked-batch"),
        new Contract<TargetRequest>("target-request"),
        new Contract<TargetBatch>("target-batch"),
        new Contract<EvaluatorReady>("evaluator-ready"),
        new Contract<EvaluationRequest>("evaluation-request"),
        new Contract<EvaluationDone>("evaluation-done"),
        new Contract<StepTaken>("step-taken"),
        new Contract<StudentEnded>("student-ended"),
        new Contract<StageFailed>("stage-failed"),
        new Contract<CancelRun>("cancel-run"),
        new Contract<CheckpointWritten>("checkpoint-written"),
        new Contract<RunOrder>("run-order"),
        new Contract<NodeReport>("node-report"),
        new Contract<RecordRequest>("record-request"),
        new Contract<RecordAnswer>("record-answer"),
        new Contract<MembersRequest>("members-request"),
        new Contract<MembersAnswer>("members-answer"),
        new Contract<MessageChunk>("message-chunk"),
        new Contract<EventReport>("event-report"),
        new Contract<FileRequest>("file-request"),
        new Contract<FileChunk>("file-chunk"),
        new Contract<FileMissing>("file-missing"),
        new Contract<HoldFiles>("hold-files"),
        new Contract<FilesHeld>("files-held"),
        new Contract<FilesComing>("files-coming"),
        new Contract<FilesRefused>("files-refused"),
        new Contract<ClusterNotReady>("cluster-not-ready"),
        new Contract<SubmitRun>("submit-run"),
        new Contract<RunAccepted>("run-accepted"),
        new Contract<RunRefused>("run-refused"),
        new Contract<FollowRun>("follow-run"),
        new Contract<RunProgress>("run-progress"),
        new Contract<StatusRequest>("status-request"),
        new Contract<ClusterStatus>("cluster-status"),
        new Contract<LeaveNode>("leave-node"),
        new Contract<DownNode>("down-node"),
        new Contract<MembershipAnswer>("membership-answer"),
    }.ToFrozenDictionary(contract => contract.Manifest);

    private static readonly FrozenDictionary<Type, Contract> ByType = ByManifest.Values.ToFrozenDictionary(contract => contract.Type);

    /// <summary>Akka makes it, once for each actor system.</summary>
    /// <param name="system">The actor system.</param>
    public MessageSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <inheritdoc/>
    public override int Identifier => 1210;

    /// <summary>
    /// What an actor system needs in its configuration to use this serializer for everything that is not Akka's own; a type that is not
    /// listed is refused instead of travelling in some default format.
    /// </summary>
    internal static Config Configuration { get; } = ConfigurationFactory.ParseString($$"""
        akka.actor {
          serializers.messages = "{{typeof(MessageSerializer).FullName}}, {{typeof(MessageSerializer).Assembly.GetName().Name}}"
          serialization-bindings."System.Object" = messages
        }
        """);

    internal static IEnumerable<Type> Types => ByType.Keys;

    /// <inheritdoc/>
    public override string Manifest(object o) => ContractOf(o).Manifest;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj)
    {
        var output = new ArrayBufferWriter<byte>();
        Write(obj, output);
        return output.WrittenSpan.ToArray();
    }

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest) => Read(new ReadOnlySequence<byte>(bytes), manifest);

    /// <summary>Writes the bytes of <see cref="ToBinary"/> straight into <paramref name="output"/>.</summary>
    /// <param name="message">The message.</param>
    /// <param name="output">Where its bytes go.</param>
    /// <exception cref="SerializationException">The message's type is not listed here, or has no MessagePack form.</exception>
    public void Write(object message, IBufferWriter<byte> output)
    {
        Contract contract = ContractOf(message);
        try
        {
            contract.Write(message, output);
        }
        catch (MessagePackSerializationException exception)
        {
            throw new SerializationException($"A message '{contract.Manifest}' could not be written: {exception.GetBaseException().Message}", exception);
        }
    }

    /// <summary>Reads a message as <see cref="FromBinary"/> does, from bytes in pieces, which need not be trusted.</summary>
    /// <param name="bytes">The message's bytes.</param>
    /// <param name="manifest">The message's name on the wire.</param>
    /// <exception cref="SerializationException">No message is called so, or the bytes are none.</exception>
    public object Read(ReadOnlySequence<byte> bytes, string manifest)
    {
        if (!ByManifest.TryGetValue(manifest, out Contract? contract))
            throw new SerializationException($"There is no message '{manifest}': is the other node of another version?");
        try
        {
            return contract.Read(bytes) ?? throw new SerializationException($"A message '{manifest}' holds nothing.");
        }
        catch (MessagePackSerializationException exception)
        {
            throw new SerializationException($"A message '{manifest}' could not be read: {exception.GetBaseException().Message}", exception);
        }
    }

    private static Contract ContractOf(object message) => ByType.TryGetValue(message.GetType(), out Contract? contract)
        ? contract
        : throw new SerializationException($"{message.GetType().FullName} cannot leave the process: it is not listed in {nameof(MessageSerializer)}.");

    private abstract record Contract(string Manifest, Type Type)
    {
        public abstract void Write(object message, IBufferWriter<byte> output);

        public abstract object? Read(ReadOnlySequence<byte> bytes);
    }

    private sealed record Contract<T>(string Manifest) : Contract(Manifest, typeof(T))
    {
        public override void Write(object message, IBufferWriter<byte> output) => MessagePackSerializer.Serialize(output, (T)message, Options);

        public override object? Read(ReadOnlySequence<byte> bytes) => MessagePackSerializer.Deserialize<T>(bytes, Options);
    }
}
