using System.Buffers;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Dispatch.SysMsg;

namespace Akka.Serialization;

/// <summary>
/// The library's own messages that cross processes, and the plain values that an <see cref="Identify"/> or a <see cref="Status"/> carries.
/// A message inside another one stands at its end, so that it needs no length.
/// </summary>
internal sealed class InternalMessageSerializer(ExtendedActorSystem system, Serialization serialization) : WireSerializer(system)
{
    private const int MaximumNesting = 4;

    public static IReadOnlyList<Type> Types { get; } =
    [
        typeof(string), typeof(int), typeof(long), typeof(PoisonPill), typeof(Kill), typeof(Identify), typeof(ActorIdentity),
        typeof(ActorSelectionMessage), typeof(Status.Success), typeof(Status.Failure), typeof(Watch), typeof(Unwatch),
        typeof(DeathWatchNotification), typeof(Dispatch.SysMsg.Terminate),
    ];

    public override int Identifier => 16;

    public override string Manifest(object o) => o switch
    {
        string => "S",
        int => "I",
        long => "L",
        PoisonPill => "P",
        Kill => "K",
        Identify => "ID",
        ActorIdentity => "AID",
        ActorSelectionMessage => "SEL",
        Status.Success => "SS",
        Status.Failure => "SF",
        Watch => "W",
        Unwatch => "UW",
        DeathWatchNotification => "DWN",
        Dispatch.SysMsg.Terminate => "T",
        _ => throw new SerializationException($"{o.GetType().FullName} has no manifest."),
    };

    public override void Write(object message, IBufferWriter<byte> output)
    {
        switch (message)
        {
            case string text:
                output.WriteText(text);
                break;
            case int number:
                output.WriteInt32(number);
                break;
            case long number:
                output.WriteInt64(number);
                break;
            case Identify identify:
                WriteNested(identify.MessageId, output);
                break;
            case ActorIdentity identity:
                WriteReference(identity.Subject, output);
                WriteNested(identity.MessageId, output);
                break;
            case ActorSelectionMessage selection:
                output.WriteInt32(selection.Elements.Length);
                foreach (var element in selection.Elements)
                    output.WriteText(element.ToString()!);
                WriteNested(selection.Message, output);
                break;
            case Status.Success success:
                WriteNested(success.Status, output);
                break;
            case Status.Failure failure:
                output.WriteText(failure.Cause.GetType().FullName!);
                output.WriteText(failure.Cause.Message);
                WriteNested(failure.State, output);
                break;
            case Watch watch:
                WriteReference(watch.Watchee, output);
                WriteReference(watch.Watcher, output);
                break;
            case Unwatch unwatch:
                WriteReference(unwatch.Watchee, output);
                WriteReference(unwatch.Watcher, output);
                break;
            case DeathWatchNotification notification:
                WriteReference(notification.Actor, output);
                output.WriteBoolean(notification.ExistenceConfirmed);
                output.WriteBoolean(notification.AddressTerminated);
                break;
        }
    }

    public override object Read(ReadOnlySequence<byte> bytes, string manifest) => Read(bytes, manifest, MaximumNesting);

    private object Read(ReadOnlySequence<byte> bytes, string manifest, int nesting)
    {
        var input = new SequenceReader<byte>(bytes);
        switch (manifest)
        {
            case "S":
                return input.ReadText();
            case "I":
                return input.ReadInt32();
            case "L":
                return input.ReadInt64();
            case "P":
                return PoisonPill.Instance;
            case "K":
                return Kill.Instance;
            case "ID":
                return new Identify(ReadNested(ref input, nesting));
            case "AID":
                var subject = ReadReference(ref input);
                return new ActorIdentity(ReadNested(ref input, nesting), subject);
            case "SEL":
                var elements = ReadElements(ref input);
                return new ActorSelectionMessage(
                    ReadNested(ref input, nesting) ?? throw new SerializationException("A selection's message is missing."), elements);
            case "SS":
                return new Status.Success(ReadNested(ref input, nesting));
            case "SF":
                var cause = new RemoteFailureException(input.ReadText(), input.ReadText());
                return new Status.Failure(cause, ReadNested(ref input, nesting));
            case "W":
                return new Watch(ReadRequiredReference(ref input), ReadRequiredReference(ref input));
            case "UW":
                return new Unwatch(ReadRequiredReference(ref input), ReadRequiredReference(ref input));
            case "DWN":
                return new DeathWatchNotification(ReadRequiredReference(ref input), input.ReadBoolean(), input.ReadBoolean());
            case "T":
                return new Dispatch.SysMsg.Terminate();
            default:
                throw new SerializationException($"Unknown manifest [{manifest}] for the serializer of Akka's own messages.");
        }
    }

    private void WriteNested(object? message, IBufferWriter<byte> output)
    {
        output.WriteBoolean(message != null);
        if (message != null)
            serialization.Write(message, output);
    }

    private object? ReadNested(ref SequenceReader<byte> input, int nesting)
    {
        if (!input.ReadBoolean())
            return null;
        if (nesting == 0)
            throw new SerializationException($"A message is nested deeper than {MaximumNesting} levels.");
        var serializerId = input.ReadInt32();
        var manifest = input.ReadText();
        return serializerId == Identifier
            ? Read(input.UnreadSequence, manifest, nesting - 1)
            : serialization.Read(input.UnreadSequence, serializerId, manifest);
    }

    private static void WriteReference(IActorRef? reference, IBufferWriter<byte> output) =>
        output.WriteText(Serialization.SerializedActorPath(reference!));

    /// <returns>The reference, or null where none was written.</returns>
    private IActorRef? ReadReference(ref SequenceReader<byte> input) =>
        input.ReadText() is { Length: > 0 } path ? serialization.DeserializeActorRef(path) : null;

    private IInternalActorRef ReadRequiredReference(ref SequenceReader<byte> input) =>
        ReadReference(ref input) as IInternalActorRef ?? throw new SerializationException("An actor reference is missing.");

    private static SelectionPathElement[] ReadElements(ref SequenceReader<byte> input)
    {
        var elements = new SelectionPathElement[input.ReadCount()];
        for (var index = 0; index < elements.Length; index++)
            elements[index] = input.ReadText() is var name && name == ".." ? new SelectParent() : new SelectChildName(name);
        return elements;
    }
}

/// <summary>What a <see cref="Status.Failure"/> from another process was caused by: the exception itself stays where it was thrown.</summary>
internal sealed class RemoteFailureException(string typeName, string message) : AkkaException(message)
{
    public override string ToString() => $"{typeName} in another process: {Message}";
}
