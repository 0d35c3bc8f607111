using System.Buffers;
using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Compute;

/// <summary>
/// Lets answers of any size travel: one with large arrays goes to another process as numbered parts, none of which holds a connection up.
/// In one process the message itself is told.
/// </summary>
internal static class Chunks
{
    /// <summary>Bytes of a part.</summary>
    public const int Size = 512 * 1024;

    /// <summary>Bytes that are there for an answer's key, labels and numbers, so that its buffer need not grow.</summary>
    private const int Envelope = 64 * 1024;

    /// <summary>Tells an answer.</summary>
    public static void Answer(IActorRef asker, object answer, IActorContext context)
    {
        // A reference with a host belongs to another process; references of this one are without, or are its own.
        bool local = asker.Path.Address == context.Self.Path.Address;
        if (local || BytesOf(answer) <= Size)
        {
            asker.Tell(answer, context.Self);
            return;
        }
        var serializer = (MessageSerializer)((ExtendedActorSystem)context.System).Serialization.FindSerializerFor(answer);
        foreach (var chunk in Split(answer, serializer))
            asker.Tell(chunk, context.Self);
    }

    /// <summary>The parts of an answer, in order. They share no bytes with it or with each other.</summary>
    public static IEnumerable<MessageChunk> Split(object answer, MessageSerializer serializer)
    {
        var output = new ArrayBufferWriter<byte>((int)Math.Min(BytesOf(answer) + Envelope, Array.MaxLength));
        serializer.Write(answer, output);
        string manifest = serializer.Manifest(answer);
        long id = Random.Shared.NextInt64();
        int count = (output.WrittenCount + Size - 1) / Size;
        for (int number = 0; number < count; number++)
        {
            var bytes = output.WrittenSpan[(number * Size)..Math.Min((number + 1) * Size, output.WrittenCount)];
            yield return new MessageChunk(id, number, count, manifest, bytes.ToArray());
        }
    }

    private static long BytesOf(object answer) => answer switch
    {
        InputBatch batch => batch.Inputs.Bytes,
        InputBlock block => block.Inputs.Bytes,
        MaskedBatch batch => batch.Inputs.Bytes,
        TargetBatch targets => targets.Values.LongLength,
        _ => 0,
    };
}

/// <summary>Puts the parts of answers together again. Used by one actor.</summary>
internal sealed class ChunkAssembly(ActorSystem system)
{
    /// <summary>Parts that a peer may announce for one answer: 1 GiB.</summary>
    private const int MaxParts = 2048;

    /// <summary>Unfinished answers that are kept; the oldest one goes first, and is asked for again.</summary>
    private const int MaxUnfinished = 64;

    private readonly Dictionary<long, byte[]?[]> _unfinished = [];
    private readonly List<long> _age = [];

    /// <summary>The whole answer when this was its last missing part, else null.</summary>
    public object? Add(MessageChunk chunk)
    {
        if (chunk.Count is < 1 or > MaxParts || chunk.Number < 0 || chunk.Number >= chunk.Count)
            return null;
        if (!_unfinished.TryGetValue(chunk.Id, out var parts))
        {
            _unfinished[chunk.Id] = parts = new byte[chunk.Count][];
            _age.Add(chunk.Id);
            if (_age.Count > MaxUnfinished)
            {
                _unfinished.Remove(_age[0]);
                _age.RemoveAt(0);
            }
        }
        if (parts.Length != chunk.Count)
            return null;
        parts[chunk.Number] = chunk.Bytes;
        if (parts.Any(part => part is null))
            return null;
        _unfinished.Remove(chunk.Id);
        _age.Remove(chunk.Id);
        var serializer = (MessageSerializer)((ExtendedActorSystem)system).Serialization.FindSerializerFor(chunk);
        var first = new Part(parts[0]!, null);
        var last = first;
        foreach (byte[]? bytes in parts.AsSpan(1))
            last = new Part(bytes!, last);
        return serializer.Read(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length), chunk.Manifest);
    }

    private sealed class Part : ReadOnlySequenceSegment<byte>
    {
        public Part(byte[] bytes, Part? before)
        {
            Memory = bytes;
            if (before is null)
                return;
            before.Next = this;
            RunningIndex = before.RunningIndex + before.Memory.Length;
        }
    }
}
