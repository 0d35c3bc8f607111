using System.Buffers;
using System.Runtime.InteropServices;
using ActorTrain.Tests;
using FsCheck;
using FsCheck.Fluent;
using MessagePack;

namespace ActorTrain.Embedded.MessagePack.Tests;

public class UntrustedInputTests
{
    private static readonly MessagePackSerializerOptions Untrusted =
        MessagePackSerializerOptions.Standard.WithSecurity(MessagePackSecurity.UntrustedData.WithMaximumObjectGraphDepth(32));

    [Fact]
    public void Whatever_is_written_is_read_back() => Check.QuickThrowOnFailure(Prop.ForAll(Values(), value =>
    {
        byte[] bytes = MessagePackSerializer.Serialize(value);
        byte[] again = MessagePackSerializer.Serialize(MessagePackSerializer.Deserialize<Everything>(bytes, Untrusted));
        byte[] inPieces = MessagePackSerializer.Serialize(MessagePackSerializer.Deserialize<Everything>(Pieces(bytes, 1), Untrusted));
        return bytes.AsSpan().SequenceEqual(again) && bytes.AsSpan().SequenceEqual(inPieces);
    }));

    [Fact]
    public void Floats_keep_their_bits() => Check.QuickThrowOnFailure(Prop.ForAll<float[], PositiveInt>((values, length) =>
    {
        byte[] bytes = MessagePackSerializer.Serialize(values);
        return Bits(MessagePackSerializer.Deserialize<float[]>(bytes)).SequenceEqual(Bits(values))
            && Bits(MessagePackSerializer.Deserialize<float[]>(Pieces(bytes, length.Get))).SequenceEqual(Bits(values));
    }));

    [Fact]
    public void Every_truncation_is_refused()
    {
        byte[] bytes = MessagePackSerializer.Serialize(Sample());
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Deserialize<Everything>(bytes.AsMemory(0, length), Untrusted));
        }
    }

    [Fact]
    public void Four_hundred_and_fifty_thousand_mutated_inputs_are_read_or_refused_within_bounded_memory()
    {
        byte[][] corpus = [MessagePackSerializer.Serialize(Sample()), MessagePackSerializer.Serialize(new Everything { Strings = [], Points = [] })];
        int refused = 0;
        foreach ((_, byte[] bytes) in Mutation.Of(corpus, 450_000, seed: 1))
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                MessagePackSerializer.Deserialize<Everything>(bytes, Untrusted);
            }
            catch (MessagePackSerializationException)
            {
                refused++;
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= (16 * 1024) + (64 * bytes.Length), $"{Convert.ToHexString(bytes)} took {allocated} bytes.");
        }

        Assert.InRange(refused, 45_000, 449_999);
    }

    [Theory]
    [InlineData("DDFFFFFFFF")]
    [InlineData("DD7FFFFFFF01")]
    [InlineData("DC0002C0")]
    public void A_promised_length_is_checked_before_it_is_allocated(string bytes)
    {
        byte[] input = Convert.FromHexString(bytes);
        MessagePackSerializer.Deserialize<long[]>((byte[])[0xc0], Untrusted); // what a type costs once is not counted
        MessagePackSerializer.Deserialize<string[]>((byte[])[0xc0], Untrusted);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Deserialize<long[]>(input, Untrusted));
        Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Deserialize<string[]>(input, Untrusted));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData("C6FFFFFFFF00")]
    [InlineData("DBFFFFFFFF00")]
    public void A_string_longer_than_the_input_is_refused(string bytes)
    {
        byte[] input = Convert.FromHexString(bytes);
        Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Deserialize<byte[]>(input, Untrusted));
        Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Deserialize<string>(input, Untrusted));
        Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Deserialize<Point>((byte[])[0x93, 1, 1, .. input], Untrusted));
    }

    [Fact]
    public void Nesting_is_bounded()
    {
        byte[] shallow = [.. Enumerable.Repeat((byte)0x91, 20), 0xc0];
        Assert.NotNull(MessagePackSerializer.Deserialize<Node>(shallow, Untrusted));
        byte[] deep = [.. Enumerable.Repeat((byte)0x91, 100_000), 0xc0];
        Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Deserialize<Node>(deep, Untrusted));
    }

    [StricterThanPackageFact]
    public void Nested_empty_promises_cost_no_memory()
    {
        byte[] promise = [0xdd, 0x00, 0x07, 0x00, 0x00]; // an array of 458,752 elements, in fewer than a megabyte
        byte[] input = [.. Enumerable.Repeat(promise, 30).SelectMany(bytes => bytes.Prepend((byte)0x91)), .. new byte[500_000]];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Deserialize<Node>(input, Untrusted));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [StricterThanPackageFact]
    public void A_byte_is_not_enough_for_an_object_of_any_size()
    {
        byte[] empty = [0xdd, 0x00, 0x10, 0x00, 0x00, .. Enumerable.Repeat((byte)0x90, 1 << 20)]; // a million contracts without a member
        MessagePackSerializer.Deserialize<Everything[]>((byte[])[0x91, 0x90], Untrusted); // what a type costs once is not counted
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Deserialize<Everything[]>(empty, Untrusted));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [StricterThanPackageFact]
    public void What_is_passed_over_may_be_nested_without_end()
    {
        byte[] extra = [0x93, 1, 2, .. Enumerable.Repeat((byte)0x91, 1_000_000), 0xc0];
        Assert.Equal(new Point(1, 2), MessagePackSerializer.Deserialize<Point>(extra, Untrusted));
    }

    [Theory]
    [InlineData("CF8000000000000000")]
    [InlineData("D2FFFFFFFF")]
    [InlineData("CE00010000")]
    [InlineData("CA3FC00000")]
    [InlineData("C1")]
    public void A_number_outside_the_type_is_refused(string bytes) =>
        Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Deserialize<ushort>(Convert.FromHexString(bytes), Untrusted));

    [Fact]
    public void A_cancelled_token_ends_the_reading()
    {
        byte[] bytes = MessagePackSerializer.Serialize(Sample());
        var exception = Assert.Throws<MessagePackSerializationException>(
            () => MessagePackSerializer.Deserialize<Everything>(bytes, Untrusted, new CancellationToken(canceled: true)));
        Assert.IsType<OperationCanceledException>(exception.InnerException);
    }

    private static ReadOnlySpan<int> Bits(float[] values) => MemoryMarshal.Cast<float, int>(values);

    private static Everything Sample() => new()
    {
        Bool = true,
        Int = -70_000,
        Long = long.MinValue,
        ULong = ulong.MaxValue,
        Float = 1.25f,
        Double = Math.PI,
        Text = "grüße",
        Bytes = [1, 2, 3],
        Ints = [1, 1000, -5],
        Longs = [long.MaxValue],
        Floats = [1, 2, 3],
        Strings = ["a", "b"],
        MaybeLong = 5,
        Points = [new(1, 2), new(3, 4)],
        Colour = Colour.Green,
        Maybe = 0.5,
        Tree = new([new(null), new([])]),
        Flag = Flag.On,
        Table = [[1, 2], []],
        At = new(1, 2),
    };

    private static Arbitrary<Everything> Values()
    {
        Gen<Everything> values =
            from integer in ArbMap.Default.GeneratorFor<long>()
            from real in ArbMap.Default.GeneratorFor<double>()
            from text in ArbMap.Default.GeneratorFor<string?>()
            from bytes in ArbMap.Default.GeneratorFor<byte[]?>()
            from ints in ArbMap.Default.GeneratorFor<int[]?>()
            from floats in ArbMap.Default.GeneratorFor<float[]?>()
            from flag in ArbMap.Default.GeneratorFor<bool>()
            from strings in ArbMap.Default.GeneratorFor<string[]>()
            select new Everything
            {
                Bool = flag,
                Int = (int)integer,
                Long = integer << 20,
                ULong = (ulong)integer,
                Float = (float)real,
                Double = real,
                Text = text,
                Bytes = bytes,
                Ints = ints,
                Longs = ints?.Select(value => value * 5_000_000_000).ToArray(),
                Floats = floats,
                Strings = strings,
                MaybeLong = flag ? null : integer,
                Points = ints?.Select(value => new Point(value, -value)).ToArray(),
                Colour = flag ? Colour.Green : Colour.Below,
                Maybe = flag ? real : null,
                Tree = ints is null ? null : new Node([.. ints.Select(value => new Node(null))]),
                Flag = flag ? Flag.On : Flag.Off,
                Table = ints?.Select(value => new[] { value }).ToArray(),
                At = new Key3(integer, 1),
            };
        return values.ToArbitrary();
    }

    private static ReadOnlySequence<byte> Pieces(byte[] bytes, int length)
    {
        Piece? first = null;
        Piece? last = null;
        for (int start = 0; start < bytes.Length; start += length)
        {
            last = new Piece(bytes.AsMemory(start, Math.Min(length, bytes.Length - start)), last);
            first ??= last;
        }

        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}

/// <summary>Attacks that the embedded library withstands and the package (3.1.4) does not: there they are skipped by name.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StricterThanPackageFactAttribute : FactAttribute
{
    public StricterThanPackageFactAttribute()
    {
        if (typeof(MessagePackSerializer).Assembly.GetName().Name == "MessagePack")
        {
            Skip = "the MessagePack package does not bound this";
        }
    }
}
