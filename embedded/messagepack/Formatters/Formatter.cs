using System.Reflection;

namespace MessagePack.Formatters;

/// <summary>Writes and reads the values of one type.</summary>
internal interface IMessagePackFormatter<T>
{
    void Serialize(ref MessagePackWriter writer, T value, MessagePackSerializerOptions options);

    T Deserialize(ref MessagePackReader reader, MessagePackSerializerOptions options);
}

/// <summary>The formatter of each type, made when it is first asked for. Two threads may make it twice; both are good.</summary>
internal static class Formatter
{
    private static readonly Dictionary<Type, object> BuiltIn = PrimitiveFormatters.All();

    public static IMessagePackFormatter<T> Of<T>() => Cache<T>.Instance ??= (IMessagePackFormatter<T>)Make(typeof(T));

    private static object Make(Type type)
    {
        if (BuiltIn.TryGetValue(type, out object? builtIn))
        {
            return builtIn;
        }

        if (type.IsEnum)
        {
            return Make(typeof(EnumFormatter<,>), type, Enum.GetUnderlyingType(type));
        }

        if (type.IsSZArray)
        {
            return Make(typeof(ArrayFormatter<>), type.GetElementType()!);
        }

        if (Nullable.GetUnderlyingType(type) is Type underlying)
        {
            return Make(typeof(NullableFormatter<>), underlying);
        }

        return type.IsDefined(typeof(MessagePackObjectAttribute), inherit: true)
            ? Make(typeof(ObjectFormatter<>), type)
            : throw new MessagePackSerializationException(
                $"{type.FullName} is no MessagePack contract: mark it [MessagePackObject], or use a type that has a formatter.");
    }

    private static object Make(Type definition, params Type[] arguments) =>
        Activator.CreateInstance(
            definition.MakeGenericType(arguments), BindingFlags.Instance | BindingFlags.Public | BindingFlags.DoNotWrapExceptions, null, null, null)!;

    private static class Cache<T>
    {
        public static IMessagePackFormatter<T>? Instance { get; set; }
    }
}
