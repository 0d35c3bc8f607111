using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Event;

namespace Akka.Serialization;

/// <summary>
/// Finds the serializer of each message: the library's own for its own messages, and those of <c>akka.actor.serializers</c> for the
/// types of <c>akka.actor.serialization-bindings</c>. A type without a binding cannot leave the process.
/// </summary>
public class Serialization
{
    private readonly Dictionary<int, Wired> _byId = [];
    private readonly ConcurrentDictionary<Type, Wired?> _byType = new();

    public Serialization(ExtendedActorSystem system)
    {
        System = system;
        var own = Add(new InternalMessageSerializer(system, this));
        foreach (var type in InternalMessageSerializer.Types)
            _byType[type] = own;
        var config = system.Settings.Config;
        var byName = new Dictionary<string, Wired>();
        foreach (var (name, value) in config.GetConfig("akka.actor.serializers").AsEnumerable())
        {
            var serializerType = value.GetString();
            if (Type.GetType(serializerType) is { } type)
                byName[name] = Add((SerializerWithStringManifest)Activator.CreateInstance(type, system)!);
            else
                system.Log.Warning("The type name for serializer '{0}' did not resolve to an actual Type: '{1}'", name, serializerType);
        }
        foreach (var (typeName, value) in config.GetConfig("akka.actor.serialization-bindings").AsEnumerable())
        {
            var name = value.GetString();
            if (Type.GetType(typeName) is not { } type)
                system.Log.Warning("The type name for message/serializer binding '{0}' did not resolve to an actual Type: '{1}'", name, typeName);
            else if (!byName.TryGetValue(name, out var serializer))
                system.Log.Warning("Serialization binding to non existing serializer: '{0}'", name);
            else
                _byType[type] = serializer;
        }
    }

    public ExtendedActorSystem System { get; }

    /// <summary>The reference's path with its system's address and the actor's uid, which any process can resolve; empty for no sender.</summary>
    public static string SerializedActorPath(IActorRef actorRef) => actorRef switch
    {
        null => "",
        IInternalActorRef internalRef and not Nobody => internalRef.Path.ToSerializationFormatWithAddress(internalRef.Provider.DefaultAddress),
        _ => actorRef.Path.ToSerializationFormat(),
    };

    public IActorRef DeserializeActorRef(string path) => System.Provider.ResolveActorRef(path);

    /// <exception cref="SerializationException">Nothing is bound to the message's type.</exception>
    public Serializer FindSerializerFor(object obj) => Find(obj.GetType()).Serializer;

    /// <exception cref="SerializationException">Unknown serializer or manifest, or bytes that are not what they say.</exception>
    public object Deserialize(byte[] bytes, int serializerId, string manifest) =>
        Read(new ReadOnlySequence<byte>(bytes), serializerId, manifest);

    /// <summary>Writes serializer, manifest and bytes, straight into the output where the serializer can. They have no end of their own.</summary>
    /// <exception cref="SerializationException">Nothing is bound to the message's type, or its serializer refuses it.</exception>
    internal void Write(object message, IBufferWriter<byte> output)
    {
        var wired = Find(message.GetType());
        output.WriteInt32(wired.Serializer.Identifier);
        output.WriteText(wired.Serializer.Manifest(message));
        wired.Write(message, output);
    }

    /// <summary>Reads what <see cref="Write"/> wrote, up to the end of the bytes; they need not be trusted.</summary>
    /// <exception cref="SerializationException">Unknown serializer or manifest, or bytes that are not what they say.</exception>
    internal object Read(ReadOnlySequence<byte> payload)
    {
        var input = new SequenceReader<byte>(payload);
        var serializerId = input.ReadInt32();
        var manifest = input.ReadText();
        return Read(input.UnreadSequence, serializerId, manifest);
    }

    internal object Read(ReadOnlySequence<byte> bytes, int serializerId, string manifest) => _byId.TryGetValue(serializerId, out var found)
        ? found.Read(bytes, manifest)
        : throw new SerializationException(
            $"Cannot find serializer with id [{serializerId}] (manifest [{manifest}]). The most probable reason is that the configuration entry"
            + " 'akka.actor.serializers' is not in sync between the two systems.");

    private Wired Find(Type type) => _byType.GetOrAdd(type, FindByBase)
        ?? throw new SerializationException($"Serializer not found for type {type.FullName}: bind it in akka.actor.serialization-bindings.");

    /// <summary>The serializer of a type that the type extends; that of <see cref="object"/> only when there is no other.</summary>
    private Wired? FindByBase(Type type) =>
        _byType.FirstOrDefault(binding => binding.Value != null && binding.Key != typeof(object) && binding.Key.IsAssignableFrom(type)).Value
        ?? _byType.GetValueOrDefault(typeof(object));

    private Wired Add(SerializerWithStringManifest serializer) => _byId[serializer.Identifier] = new Wired(serializer);

    /// <summary>
    /// A serializer and the shortest way through it. One that has the public methods <c>Write(object, IBufferWriter&lt;byte&gt;)</c> and
    /// <c>Read(ReadOnlySequence&lt;byte&gt;, string)</c> needs no array of its own for each message.
    /// </summary>
    private sealed class Wired(SerializerWithStringManifest serializer)
    {
        public SerializerWithStringManifest Serializer { get; } = serializer;

        public Action<object, IBufferWriter<byte>> Write { get; } =
            Method<Action<object, IBufferWriter<byte>>>(serializer, nameof(Write), typeof(object), typeof(IBufferWriter<byte>))
            ?? ((message, output) => output.Write(serializer.ToBinary(message)));

        public Func<ReadOnlySequence<byte>, string, object> Read { get; } =
            Method<Func<ReadOnlySequence<byte>, string, object>>(serializer, nameof(Read), typeof(ReadOnlySequence<byte>), typeof(string))
            ?? ((bytes, manifest) => serializer.FromBinary(bytes.ToArray(), manifest));

        private static T? Method<T>(Serializer serializer, string name, params Type[] parameters)
            where T : Delegate => serializer.GetType().GetMethod(name, parameters)?.CreateDelegate<T>(serializer);
    }
}
