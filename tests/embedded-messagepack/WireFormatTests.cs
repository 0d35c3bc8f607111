using System.Buffers;
using MessagePack;

namespace ActorTrain.Embedded.MessagePack.Tests;

/// <summary>The bytes here were written by hand from the specification (https://github.com/msgpack/msgpack/blob/master/spec.md).</summary>
public class WireFormatTests
{
    [Theory]
    [InlineData(0, "00")]
    [InlineData(127, "7F")]
    [InlineData(128, "CC80")]
    [InlineData(255, "CCFF")]
    [InlineData(256, "CD0100")]
    [InlineData(65535, "CDFFFF")]
    [InlineData(65536, "CE00010000")]
    [InlineData(4294967295, "CEFFFFFFFF")]
    [InlineData(4294967296, "CF0000000100000000")]
    [InlineData(-1, "FF")]
    [InlineData(-32, "E0")]
    [InlineData(-33, "D0DF")]
    [InlineData(-128, "D080")]
    [InlineData(-129, "D1FF7F")]
    [InlineData(-32769, "D2FFFF7FFF")]
    [InlineData(long.MinValue, "D38000000000000000")]
    public void Integers_take_their_shortest_form(long value, string bytes) => AssertWire(value, bytes);

    [Fact]
    public void Scalars()
    {
        AssertWire(true, "C3");
        AssertWire(false, "C2");
        AssertWire(1.5f, "CA3FC00000");
        AssertWire(-2.0, "CBC000000000000000");
        AssertWire(ulong.MaxValue, "CFFFFFFFFFFFFFFFFF");
        AssertWire<string?>(null, "C0");
        AssertWire("", "A0");
        AssertWire("aé", "A361C3A9");
        AssertWire(Colour.Green, "CD012C");
        AssertWire(Colour.Below, "FE");
        AssertWire(Flag.On, "01");
        AssertWire<int?>(null, "C0");
        AssertWire<int?>(5, "05");
    }

    [Fact]
    public void Lengths_choose_the_header()
    {
        Assert.Equal("BF", Start(new string('x', 31), 1));
        Assert.Equal("D920", Start(new string('x', 32), 2));
        Assert.Equal("DA0100", Start(new string('x', 256), 3));
        Assert.Equal("DB00010000", Start(new string('x', 65536), 5));
        Assert.Equal("C4FF", Start(new byte[255], 2));
        Assert.Equal("C50100", Start(new byte[256], 3));
        Assert.Equal("C600010000", Start(new byte[65536], 5));
        Assert.Equal("9F", Start(new int[15], 1));
        Assert.Equal("DC0010", Start(new int[16], 3));
        Assert.Equal("DD00010000", Start(new float[65536], 5));
    }

    [Fact]
    public void Containers()
    {
        AssertWire(new byte[] { 1, 2 }, "C4020102");
        AssertWire(new[] { 1, -1 }, "9201FF");
        AssertWire(new[] { 1f }, "91CA3F800000");
        AssertWire(new[] { "a" }, "91A161");
        AssertWire(new[] { new[] { 1 }, [] }, "92910190");
    }

    [Fact]
    public void Objects_are_arrays_by_key_with_nil_in_the_gaps()
    {
        AssertWire(new Point(1, 300), "9201CD012C");
        AssertWire(new Key3(4, 5), "920405");
        AssertWire(new Gap { Name = "a", Count = 2 }, "94A161C0C002");
        AssertWire<Point?>(null, "C0");
    }

    [Fact]
    public void A_shorter_array_leaves_members_at_their_initial_values()
    {
        Assert.Equal(new Gap { Name = "a" }, Read<Gap>("91A161"));
        Assert.Equal(new Point(9, 0), Read<Point>("9109"));
    }

    [Fact]
    public void A_longer_array_and_filled_gaps_are_passed_over() =>
        Assert.Equal(new Gap { Name = "a", Count = 2 }, Read<Gap>("97A16181A16BC091920102" + "02" + "D40501C4020102C70305010203"));

    [Fact]
    public void Numbers_are_read_from_every_form()
    {
        Assert.Equal(5, Read<int>("D30000000000000005"));
        Assert.Equal(5u, Read<uint>("D005"));
        Assert.Equal(5f, Read<float>("05"));
        Assert.Equal(1.5, Read<double>("CA3FC00000"));
        Assert.Equal([1f, 2f], Read<float[]>("92CA3F80000002"));
    }

    [Fact]
    public void The_serialization_constructor_is_called()
    {
        Checked read = Read<Checked>("9203C3");
        Assert.Equal((3, true), (read.Value, read.Other));
        Assert.Throws<MessagePackSerializationException>(() => Read<Checked>("92FFC3"));
    }

    [Fact]
    public void By_type_and_by_buffer_writer_the_bytes_are_the_same()
    {
        var buffer = new ArrayBufferWriter<byte>();
        MessagePackSerializer.Serialize(buffer, new Point(1, 2));
        Assert.Equal("920102", Convert.ToHexString(buffer.WrittenSpan));
        Type type = typeof(Point);
        Assert.Equal("920102", Convert.ToHexString(MessagePackSerializer.Serialize(type, new Point(1, 2))));
        Assert.Equal(new Point(1, 2), MessagePackSerializer.Deserialize(type, buffer.WrittenMemory));
    }

    [Fact]
    public void A_type_without_contract_is_refused_by_name() => Assert.Contains(
        nameof(NoContract),
        Assert.Throws<MessagePackSerializationException>(() => MessagePackSerializer.Serialize(new NoContract())).ToString(),
        StringComparison.Ordinal);

    private static T Read<T>(string bytes) => MessagePackSerializer.Deserialize<T>(Convert.FromHexString(bytes));

    private static string Start<T>(T value, int count) => Convert.ToHexString(MessagePackSerializer.Serialize(value).AsSpan(0, count));

    private static void AssertWire<T>(T value, string bytes)
    {
        Assert.Equal(bytes, Convert.ToHexString(MessagePackSerializer.Serialize(value)));
        Assert.Equal(value, Read<T>(bytes));
    }

    private sealed class NoContract;
}
