using System.Buffers;
using System.Reflection;
using System.Runtime.Serialization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Actors.Messages;
using ActorTrain.Tests;
using Akka.Actor;
using Akka.Serialization;
using FsCheck;
using FsCheck.Fluent;
using MessagePack;

namespace ActorTrain.Actors.Tests;

public sealed class MessageTests : IDisposable
{
    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    private static readonly Type[] Contracts =
        [.. typeof(BatchKey).Assembly.GetTypes().Where(type => type.IsDefined(typeof(MessagePackObjectAttribute)))];

    private readonly ActorSystem _system = ActorSystem.Create("messages", MessageSerializer.Configuration);
    private readonly SerializerWithStringManifest _serializer;

    public MessageTests() => _serializer = (SerializerWithStringManifest)((ExtendedActorSystem)_system).Serialization.FindSerializerFor(new CancelRun());

    public static TheoryData<Type> Messages() => [.. MessageSerializer.Types];

    public void Dispose() => _system.Dispose();

    [Fact]
    public void The_configuration_makes_it_the_serializer_of_every_message() => Assert.IsType<MessageSerializer>(_serializer);

    [Theory]
    [MemberData(nameof(Messages))]
    public void Every_message_survives_its_way_between_processes(Type type) =>
        Check.QuickThrowOnFailure(Prop.ForAll(ContractValues.Of(type).ToArbitrary(), value =>
        {
            byte[] bytes = _serializer.ToBinary(value!);
            object back = _serializer.FromBinary(bytes, _serializer.Manifest(value!));
            var output = new ArrayBufferWriter<byte>();
            ((MessageSerializer)_serializer).Write(value!, output);
            return JsonSerializer.Serialize(back, type, Json) == JsonSerializer.Serialize(value, type, Json) && output.WrittenSpan.SequenceEqual(bytes);
        }));

    [Fact]
    public void A_contract_that_is_no_part_of_another_can_be_sent()
    {
        var parts = Contracts.SelectMany(Members).ToHashSet();
        Assert.Empty(Contracts.Except(parts).Except(MessageSerializer.Types));
    }

    [Fact]
    public void Every_contract_is_public_because_the_package_reads_no_other() => Assert.All(Contracts, type => Assert.True(type.IsVisible, type.FullName));

    [Fact]
    public void Every_type_beside_the_messages_is_a_contract() =>
        Assert.All(typeof(BatchKey).Assembly.GetExportedTypes().Where(type =>
            type.Namespace == typeof(BatchKey).Namespace && !type.IsEnum && type != typeof(MessageSerializer)), type => Assert.Contains(type, Contracts));

    [Fact]
    public void What_is_not_listed_neither_leaves_nor_enters()
    {
        Assert.Contains("System.Version", Assert.Throws<SerializationException>(() => _serializer.ToBinary(new Version(1, 0))).Message, StringComparison.Ordinal);
        Assert.Contains("'no-such'", Assert.Throws<SerializationException>(() => _serializer.FromBinary([0x90], "no-such")).Message, StringComparison.Ordinal);
        Assert.Contains("'cancel-run'", Assert.Throws<SerializationException>(() => _serializer.FromBinary([0xc0], "cancel-run")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hundred_thousand_mutated_messages_are_read_or_refused_within_bounded_memory()
    {
        object[] messages = [.. MessageSerializer.Types.SelectMany(type => ContractValues.Of(type).Sample(8, new Rnd(1), 4))!];
        string[] manifests = [.. messages.Select(_serializer.Manifest)];
        int refused = 0;
        foreach ((int element, byte[] bytes) in Mutation.Of([.. messages.Select(_serializer.ToBinary)], 100_000, seed: 1))
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Assert.Equal(messages[element].GetType(), _serializer.FromBinary(bytes, manifests[element]).GetType());
            }
            catch (SerializationException)
            {
                refused++;
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated <= 16 * 1024 + 64 * bytes.Length, $"{bytes.Length} bytes of '{manifests[element]}' took {allocated}.");
        }
        Assert.InRange(refused, 10_000, 99_999);
    }

    private static IEnumerable<Type> Members(Type contract) => contract.GetProperties()
        .Where(property => property.IsDefined(typeof(KeyAttribute)))
        .Select(property => property.PropertyType.IsArray ? property.PropertyType.GetElementType()! : property.PropertyType);
}
