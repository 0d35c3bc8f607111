using System.Buffers.Binary;

namespace MessagePack.Formatters;

/// <summary>
/// Sequences as arrays. Numbers are read into an array of the announced length (which the reader compared with the bytes
/// left); of anything larger only what has really arrived is allocated, so that nested empty promises cost nothing.
/// </summary>
internal static class Elements
{
    private const int TrustedCount = 64;

    public static void Write<T>(ref MessagePackWriter writer, T[]? values, MessagePackSerializerOptions options)
    {
        if (values is null)
        {
            writer.WriteNil();
            return;
        }

        IMessagePackFormatter<T> element = Formatter.Of<T>();
        writer.WriteArrayHeader(values.Length);
        for (int i = 0; i < values.Length; i++)
        {
            writer.CancellationToken.ThrowIfCancellationRequested();
            element.Serialize(ref writer, values[i], options);
        }
    }

    public static List<T>? ReadList<T>(ref MessagePackReader reader, MessagePackSerializerOptions options)
    {
        if (reader.TryReadNil())
        {
            return null;
        }

        IMessagePackFormatter<T> element = Formatter.Of<T>();
        int count = reader.ReadArrayHeader();
        var values = new List<T>(Math.Min(count, TrustedCount));
        options.Security.DepthStep(ref reader);
        for (int i = 0; i < count; i++)
        {
            reader.CancellationToken.ThrowIfCancellationRequested();
            values.Add(element.Deserialize(ref reader, options));
        }

        reader.Depth--;
        return values;
    }

    public static T[]? ReadNumbers<T>(ref MessagePackReader reader, MessagePackSerializerOptions options)
    {
        if (reader.TryReadNil())
        {
            return null;
        }

        IMessagePackFormatter<T> element = Formatter.Of<T>();
        T[] values = GC.AllocateUninitializedArray<T>(reader.ReadArrayHeader());
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = element.Deserialize(ref reader, options);
        }

        return values;
    }
}

internal sealed class ArrayFormatter<T> : IMessagePackFormatter<T[]?>
{
    public void Serialize(ref MessagePackWriter writer, T[]? value, MessagePackSerializerOptions options) =>
        Elements.Write(ref writer, value, options);

    public T[]? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) =>
        typeof(T).IsPrimitive
            ? Elements.ReadNumbers<T>(ref reader, options)
            : Elements.ReadList<T>(ref reader, options)?.ToArray();
}

/// <summary>float[] without a call for each element: features and targets travel as these.</summary>
internal sealed class SingleArrayFormatter : IMessagePackFormatter<float[]?>
{
    private const int Token = 5;
    private const int ChunkLength = 16 * 1024;

    public void Serialize(ref MessagePackWriter writer, float[]? value, MessagePackSerializerOptions options)
    {
        if (value is null)
        {
            writer.WriteNil();
            return;
        }

        writer.WriteArrayHeader(value.Length);
        for (int start = 0; start < value.Length; start += ChunkLength)
        {
            ReadOnlySpan<float> chunk = value.AsSpan(start, Math.Min(ChunkLength, value.Length - start));
            Span<byte> tokens = writer.GetSpan(Token * chunk.Length);
            for (int i = 0; i < chunk.Length; i++)
            {
                Span<byte> token = tokens.Slice(Token * i, Token);
                token[0] = MessagePackCode.Float32;
                BinaryPrimitives.WriteSingleBigEndian(token[1..], chunk[i]);
            }

            writer.Advance(Token * chunk.Length);
        }
    }

    public float[]? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options)
    {
        if (reader.TryReadNil())
        {
            return null;
        }

        float[] values = GC.AllocateUninitializedArray<float>(reader.ReadArrayHeader());
        for (int i = 0; (i += reader.ReadSingles(values.AsSpan(i))) < values.Length; i++)
        {
            values[i] = reader.ReadSingle(); // of another form, or in two pieces
        }

        return values;
    }
}
