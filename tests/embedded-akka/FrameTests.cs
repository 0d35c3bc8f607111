using System.Buffers;
using System.Runtime.Serialization;
using ActorTrain.Tests;
using Akka.Actor;
using Akka.Configuration;
using Akka.Remote;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Embedded.Akka.Tests;

public sealed class FrameTests : IDisposable
{
    private const int MaximumFrame = 300_000;

    private readonly ActorSystem _system = ActorSystem.Create("frames", ConfigurationFactory.ParseString("akka.loglevel = OFF, akka.stdout-loglevel = OFF"));
    private readonly SendBuffer _buffer = new(MaximumFrame, new SegmentPool());
    private readonly FrameWriter _writer;

    public FrameTests() => _writer = new FrameWriter(_buffer);

    public void Dispose() => _system.Dispose();

    [Fact]
    public void Messages_come_back_in_order_however_the_bytes_are_cut() => Prop.ForAll(
        ArbMap.Default.ArbFor<Letter[]>(), ArbMap.Default.ArbFor<PositiveInt>(), (letters, piece) =>
        {
            var writer = new FrameWriter(_buffer);
            var sent = letters.Select(letter => (Text: new string('x', 40 * letter.Length), From: Actor(letter.From), To: Actor(letter.To))).ToList();
            foreach (var (text, from, to) in sent)
                Assert.True(writer.TryWrite(text, from, to, _system.Serialization));
            Assert.Equal(sent.Select(message => (message.Text, message.From.Path, message.To.Path)), Read(TakeAll(), piece.Get));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void More_actors_than_there_are_numbers_are_still_told_apart()
    {
        for (int round = 0; round < 3; round++)
        {
            for (int number = 0; number < ReferenceCode.Numbers + 300; number++)
                Assert.True(_writer.TryWrite("x", Actor(number), Actor(-number), _system.Serialization));
        }
        var paths = Read(TakeAll(), 100_000).Select(message => (message.From, message.To)).ToList();
        Assert.Equal(3 * (ReferenceCode.Numbers + 300), paths.Count);
        for (int index = 0; index < paths.Count; index++)
        {
            int number = index % (ReferenceCode.Numbers + 300);
            Assert.Equal((Actor(number).Path, Actor(-number).Path), paths[index]);
        }
    }

    [Fact]
    public void A_known_path_takes_no_room()
    {
        IActorRef actor = Actor(1);
        _writer.TryWrite("x", actor, actor, _system.Serialization);
        long first = _buffer.Queued;
        _writer.TryWrite("x", actor, actor, _system.Serialization);
        Assert.InRange(_buffer.Queued - first, 1, 40);
    }

    [Theory]
    [InlineData(MaximumFrame)]
    [InlineData(3_000_000)]
    public void A_message_that_is_too_long_or_fails_leaves_no_trace(int length)
    {
        Assert.True(_writer.TryWrite("before", Actor(1), Actor(2), _system.Serialization));
        long queued = _buffer.Queued;
        Assert.False(_writer.TryWrite(new string('x', length), Actor(3), Actor(2), _system.Serialization));
        Assert.InRange(_buffer.FrameLength, length, length + 200);
        Assert.Throws<SerializationException>(() => _writer.TryWrite(new Version(1, 2), Actor(4), Actor(2), _system.Serialization));
        Assert.Equal(queued, _buffer.Queued);
        Assert.True(_writer.TryWrite("after", Actor(3), Actor(4), _system.Serialization));
        Assert.Equal(
            [("before", Actor(1).Path, Actor(2).Path), ("after", Actor(3).Path, Actor(4).Path)],
            Read(TakeAll(), 7));
    }

    [Fact]
    public void Sent_segments_are_used_again()
    {
        byte[] First()
        {
            for (int message = 0; message < 3; message++)
                _writer.TryWrite(new string('x', 100_000), null, Actor(1), _system.Serialization);
            List<Segment> segments = _buffer.Take([]);
            foreach (Segment segment in segments)
                _buffer.Return(segment);
            Assert.Equal(0, _buffer.Queued);
            return segments[0].Bytes;
        }
        byte[] segment = First();
        HashSet<byte[]> seen = [segment];
        for (int round = 0; round < 100; round++)
            seen.Add(First());
        Assert.InRange(seen.Count, 1, 5);
    }

    [Fact]
    public void Four_hundred_thousand_mutated_streams_of_frames_are_read_or_refused_within_bounded_memory()
    {
        const int Rounds = 400_000;
        for (int number = 0; number < 6; number++)
            _writer.TryWrite(number % 3 == 0 ? new Identify(number) : new string('y', number), Actor(number % 4), Actor(number % 5), _system.Serialization);
        _writer.Write(FrameKind.Heartbeat);
        int whole = 0, refused = 0;
        foreach ((_, byte[] bytes) in Mutation.Of([TakeAll()], Rounds, seed: 11))
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            var reader = new FrameReader(MaximumFrame, Resolve);
            var rest = new ReadOnlySequence<byte>(bytes);
            try
            {
                while (reader.TryRead(ref rest, out Frame frame))
                {
                    if (frame.Kind == FrameKind.Message)
                        _ = _system.Serialization.Read(frame.Payload);
                    whole++;
                }
            }
            catch (SerializationException)
            {
                refused++;
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= 64 * 1024 + 64 * bytes.Length, $"{Convert.ToHexString(bytes)} took {allocated} bytes.");
        }
        Assert.True(whole > Rounds, $"{whole} frames were read.");
        Assert.InRange(refused, Rounds / 10, Rounds - 1);
    }

    /// <summary>Reads as from a connection that delivers so many bytes at a time.</summary>
    private List<(string Text, ActorPath From, ActorPath To)> Read(byte[] bytes, int piece)
    {
        var messages = new List<(string, ActorPath, ActorPath)>();
        var reader = new FrameReader(MaximumFrame, Resolve);
        var rest = ReadOnlySequence<byte>.Empty;
        for (int start = 0; start < bytes.Length; start += piece)
        {
            rest = new ReadOnlySequence<byte>([.. rest.ToArray(), .. bytes.AsSpan(start, Math.Min(piece, bytes.Length - start))]);
            while (reader.TryRead(ref rest, out Frame frame))
                messages.Add(((string)_system.Serialization.Read(frame.Payload), frame.Sender!.Path, frame.Recipient.Path));
        }
        Assert.True(rest.IsEmpty);
        return messages;
    }

    private Named Actor(int number) => Resolve($"akka.tcp://far@host:1/user/a{number}#{Math.Abs((long)number) + 1}");

    private Named Resolve(string path) => new(path, ((ExtendedActorSystem)_system).Provider);

    private byte[] TakeAll()
    {
        List<Segment> segments = _buffer.Take([]);
        byte[] bytes = [.. segments.SelectMany(segment => segment.Bytes[..segment.Used])];
        segments.ForEach(_buffer.Return);
        return bytes;
    }

    private sealed record Letter(byte Length, byte From, byte To);

    /// <summary>A reference that is nothing but its path.</summary>
    private sealed class Named(string path, IActorRefProvider provider) : MinimalActorRef
    {
        public override ActorPath Path { get; } = ActorPath.TryParse(path, out ActorPath? parsed) ? parsed : new RootActorPath(Address.AllSystems);

        public override IActorRefProvider Provider { get; } = provider;
    }
}
