using System.Buffers;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;

namespace Akka.Remote;

/// <summary>What a frame is. All but messages consist of this one byte.</summary>
internal enum FrameKind : byte
{
    Message = 1,
    Heartbeat,
    HeartbeatAnswer,

    /// <summary>The sender closes the connection because its system ends.</summary>
    Goodbye,

    /// <summary>The sender closes the connection because it has quarantined the receiver.</summary>
    Quarantined,
}

/// <summary>A frame without its length. A message's payload is serializer, manifest and bytes.</summary>
internal readonly record struct Frame(FrameKind Kind, IActorRef Recipient, IActorRef? Sender, ReadOnlySequence<byte> Payload);

/// <summary>
/// Writes messages: [kind][recipient][sender][payload]. The path of an actor that is not the temporary one of an ask is written once for each
/// connection, and from then on by its number.
/// </summary>
internal sealed class FrameWriter(SendBuffer buffer)
{
    private readonly Dictionary<IActorRef, int> _numbers = [];

    /// <returns>False when the message is longer than a frame may be, and nothing was written.</returns>
    /// <exception cref="Exception">The serializer failed, and nothing was written.</exception>
    public bool TryWrite(object message, IActorRef? sender, IActorRef recipient, Serialization.Serialization serialization)
    {
        buffer.BeginFrame();
        var written = false;
        try
        {
            buffer.WriteByte((byte)FrameKind.Message);
            WriteReference(recipient);
            WriteReference(sender);
            serialization.Write(message, buffer);
            written = true;
        }
        finally
        {
            if (!written)
                Abandon();
        }
        if (buffer.EndFrame())
            return true;
        // The numbers that the lost frame introduced are not known to the reader.
        _numbers.Clear();
        return false;
    }

    public void Write(FrameKind kind)
    {
        buffer.BeginFrame();
        buffer.WriteByte((byte)kind);
        buffer.EndFrame();
    }

    private void Abandon()
    {
        buffer.AbandonFrame();
        _numbers.Clear();
    }

    private void WriteReference(IActorRef? reference)
    {
        if (reference.IsNobody())
        {
            buffer.WriteInt32(ReferenceCode.None);
        }
        else if (ReferenceCode.IsTemporary(reference!.Path))
        {
            buffer.WriteInt32(ReferenceCode.Once);
            buffer.WriteText(Serialization.Serialization.SerializedActorPath(reference!));
        }
        else if (_numbers.TryGetValue(reference, out var number))
        {
            buffer.WriteInt32(ReferenceCode.FirstNumber + number);
        }
        else
        {
            if (_numbers.Count == ReferenceCode.Numbers)
                _numbers.Clear();
            number = _numbers.Count;
            _numbers.Add(reference, number);
            buffer.WriteInt32(ReferenceCode.FirstNumber + number + ReferenceCode.Numbers);
            buffer.WriteText(Serialization.Serialization.SerializedActorPath(reference));
        }
    }
}

/// <summary>Reads what <see cref="FrameWriter"/> wrote; the bytes need not be trusted.</summary>
/// <param name="maximumFrame">The most bytes of a frame, its length not counted.</param>
/// <param name="resolve">Gives the reference at a path.</param>
internal sealed class FrameReader(int maximumFrame, Func<string, IActorRef> resolve)
{
    private readonly List<(string Path, IActorRef Reference)> _numbered = [];

    /// <summary>Takes the next whole frame off the front of the bytes.</summary>
    /// <returns>False when the bytes do not hold one yet.</returns>
    /// <exception cref="SerializationException">The bytes are no frame; what follows them makes no sense either.</exception>
    public bool TryRead(ref ReadOnlySequence<byte> bytes, out Frame frame)
    {
        frame = default;
        var input = new SequenceReader<byte>(bytes);
        if (!input.TryReadLittleEndian(out int length))
            return false;
        if (length <= 0 || length > maximumFrame)
            throw new SerializationException($"A frame of {length} bytes is announced; 1 to {maximumFrame} are allowed.");
        if (input.Remaining < length)
            return false;
        var content = input.UnreadSequence.Slice(0, length);
        bytes = bytes.Slice(content.End);
        frame = Read(content);
        return true;
    }

    private Frame Read(ReadOnlySequence<byte> content)
    {
        var input = new SequenceReader<byte>(content);
        var kind = (FrameKind)input.ReadByte();
        if (kind is FrameKind.Heartbeat or FrameKind.HeartbeatAnswer or FrameKind.Goodbye or FrameKind.Quarantined)
            return new Frame(kind, ActorRefs.Nobody, null, default);
        if (kind != FrameKind.Message)
            throw new SerializationException($"{kind} is no kind of frame.");
        var recipient = ReadReference(ref input) ?? throw new SerializationException("A message has no recipient.");
        var sender = ReadReference(ref input);
        return new Frame(kind, recipient, sender, input.UnreadSequence);
    }

    private IActorRef? ReadReference(ref SequenceReader<byte> input)
    {
        var code = input.ReadInt32();
        switch (code)
        {
            case ReferenceCode.None:
                return null;
            case ReferenceCode.Once:
                return resolve(input.ReadText());
        }
        var number = code - ReferenceCode.FirstNumber;
        return number < ReferenceCode.Numbers ? Known(number) : Introduce(number - ReferenceCode.Numbers, input.ReadText());
    }

    private IActorRef Known(int number)
    {
        if (number < 0 || number >= _numbered.Count)
            throw new SerializationException($"An actor's number is {number}, which was not introduced.");
        var (path, reference) = _numbered[number];
        if (reference is not IInternalActorRef { IsTerminated: true })
            return reference;
        // There may be another actor in its place by now.
        reference = resolve(path);
        _numbered[number] = (path, reference);
        return reference;
    }

    // In order, and from the beginning again when there are no more numbers.
    private IActorRef Introduce(int number, string path)
    {
        if (number > _numbered.Count || number >= ReferenceCode.Numbers)
            throw new SerializationException($"An actor is introduced by the number {number}, and {_numbered.Count} are known.");
        var reference = resolve(path);
        if (number == _numbered.Count)
            _numbered.Add((path, reference));
        else
            _numbered[number] = (path, reference);
        return reference;
    }
}

/// <summary>How a reference stands in a frame.</summary>
internal static class ReferenceCode
{
    public const int None = 0;

    /// <summary>A path follows, which will hardly come again.</summary>
    public const int Once = 1;

    /// <summary>The first of <see cref="Numbers"/> numbers of known paths, behind which come as many that introduce the path that follows.</summary>
    public const int FirstNumber = 2;

    public const int Numbers = 1024;

    public static bool IsTemporary(ActorPath path) => path.Depth == 2 && path.Parent.Name == "temp";
}
