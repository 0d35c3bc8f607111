using System.Reflection;

namespace MessagePack.Formatters;

/// <summary>An abstract contract as [key, value]. As in the package, an unknown type is written, and an unknown key read, as nothing.</summary>
internal sealed class UnionFormatter<T> : IMessagePackFormatter<T?>
    where T : class
{
    private readonly Dictionary<Type, Case> byType = [];
    private readonly Dictionary<int, Case> byKey = [];

    public UnionFormatter()
    {
        foreach (UnionAttribute union in typeof(T).GetCustomAttributes<UnionAttribute>(inherit: false))
        {
            var one = (Case)Activator.CreateInstance(typeof(Case<>).MakeGenericType(typeof(T), union.SubType), union.Key)!;
            byType.Add(union.SubType, one);
            byKey.Add(union.Key, one);
        }
    }

    public void Serialize(ref MessagePackWriter writer, T? value, MessagePackSerializerOptions options)
    {
        if (value is null || !byType.TryGetValue(value.GetType(), out Case? one))
        {
            writer.WriteNil();
            return;
        }

        writer.WriteArrayHeader(2);
        writer.Write(one.Key);
        one.Serialize(ref writer, value, options);
    }

    public T? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options)
    {
        if (reader.TryReadNil())
        {
            return null;
        }

        if (reader.ReadArrayHeader() != 2)
        {
            throw new MessagePackSerializationException($"A {typeof(T).FullName} must be an array of a key and a value.");
        }

        options.Security.DepthStep(ref reader);
        T? value = null;
        if (byKey.TryGetValue(reader.ReadInt32(), out Case? one))
        {
            value = one.Deserialize(ref reader, options);
        }
        else
        {
            reader.Skip();
        }

        reader.Depth--;
        return value;
    }

    private abstract class Case(int key)
    {
        public int Key { get; } = key;

        public abstract void Serialize(ref MessagePackWriter writer, T value, MessagePackSerializerOptions options);

        public abstract T? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options);
    }

    private sealed class Case<TCase>(int key) : Case(key)
        where TCase : class, T
    {
        public override void Serialize(ref MessagePackWriter writer, T value, MessagePackSerializerOptions options) =>
            Formatter.Of<TCase>().Serialize(ref writer, (TCase)value, options);

        public override T? Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options) =>
            Formatter.Of<TCase>().Deserialize(ref reader, options);
    }
}
