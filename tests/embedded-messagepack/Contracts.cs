using MessagePack;

namespace ActorTrain.Embedded.MessagePack.Tests;

public enum Colour
{
    Red,
    Green = 300,
    Below = -2,
}

public enum Flag : byte
{
    Off,
    On,
}

[MessagePackObject]
public sealed record Point([property: Key(0)] int X, [property: Key(1)] int Y);

[MessagePackObject]
public readonly record struct Key3([property: Key(0)] long Step, [property: Key(1)] int Micro);

[MessagePackObject]
public sealed record Gap
{
    [Key(0)]
    public string? Name { get; set; }

    [Key(3)]
    public int Count { get; set; } = 7;

    [IgnoreMember]
    public int Length => Name?.Length ?? 0;
}

[MessagePackObject]
public sealed class Everything
{
    [Key(0)]
    public bool Bool { get; set; }

    [Key(1)]
    public int Int { get; set; }

    [Key(2)]
    public long Long { get; set; }

    [Key(3)]
    public ulong ULong { get; set; }

    [Key(4)]
    public float Float { get; set; }

    [Key(5)]
    public double Double { get; set; }

    [Key(6)]
    public string? Text { get; set; }

    [Key(7)]
    public byte[]? Bytes { get; set; }

    [Key(8)]
    public int[]? Ints { get; set; }

    [Key(9)]
    public long[]? Longs { get; set; }

    [Key(10)]
    public float[]? Floats { get; set; }

    [Key(11)]
    public string[]? Strings { get; set; }

    [Key(12)]
    public long? MaybeLong { get; set; }

    [Key(13)]
    public Point[]? Points { get; set; }

    [Key(14)]
    public Colour Colour { get; set; }

    [Key(15)]
    public double? Maybe { get; set; }

    [Key(16)]
    public Node? Tree { get; set; }

    [Key(17)]
    public Flag Flag { get; set; }

    [Key(18)]
    public int[][]? Table { get; set; }

    [Key(19)]
    public Key3 At { get; set; }
}

[MessagePackObject]
public sealed record Node([property: Key(0)] Node[]? Children);

[MessagePackObject]
public sealed class Checked
{
    [SerializationConstructor]
    public Checked(int value) => Value = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value));

    public Checked(int value, bool other)
        : this(value) => Other = other;

    [Key(0)]
    public int Value { get; }

    [Key(1)]
    public bool Other { get; set; }
}
