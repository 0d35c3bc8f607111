using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Actors.Messages;
using FsCheck;
using FsCheck.Fluent;
using MessagePack;

namespace ActorTrain.Actors.Tests;

public class MessageTests
{
    private static readonly JsonSerializerOptions Json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    public static TheoryData<Type> Contracts() =>
        [.. typeof(BatchKey).Assembly.GetExportedTypes().Where(type => type.GetCustomAttribute<MessagePackObjectAttribute>() is not null)];

    [Theory]
    [MemberData(nameof(Contracts))]
    public void Every_contract_survives_its_serialisation(Type contract) =>
        Check.QuickThrowOnFailure(Prop.ForAll(Values(contract).ToArbitrary(), value =>
        {
            byte[] bytes = MessagePackSerializer.Serialize(contract, value);
            object back = MessagePackSerializer.Deserialize(contract, bytes)!;
            return JsonSerializer.Serialize(back, contract, Json) == JsonSerializer.Serialize(value, contract, Json);
        }));

    [Fact]
    public void Every_message_is_a_contract() =>
        Assert.All(typeof(BatchKey).Assembly.GetExportedTypes().Where(type => type.Namespace == typeof(BatchKey).Namespace && !type.IsEnum),
            type => Assert.NotNull(type.GetCustomAttribute<MessagePackObjectAttribute>()));

    private static Gen<object?> Values(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Gen.OneOf(Gen.Constant<object?>(null), Values(underlying));
        if (type.IsEnum)
            return Gen.Elements(Enum.GetValues(type).Cast<object?>().ToArray());
        if (type == typeof(string))
            return Gen.Elements<object?>("", "a", "stage:source", "Straße 1 → 2");
        if (type == typeof(bool))
            return Gen.Elements<object?>(false, true);
        if (type == typeof(int))
            return ArbMap.Default.GeneratorFor<int>().Select(value => (object?)value);
        if (type == typeof(long))
            return ArbMap.Default.GeneratorFor<long>().Select(value => (object?)value);
        if (type == typeof(ulong))
            return ArbMap.Default.GeneratorFor<ulong>().Select(value => (object?)value);
        if (type == typeof(double))
            return ArbMap.Default.GeneratorFor<double>().Select(value => (object?)value);
        if (type == typeof(float))
            return ArbMap.Default.GeneratorFor<float>().Select(value => (object?)value);
        if (type == typeof(byte))
            return ArbMap.Default.GeneratorFor<byte>().Select(value => (object?)value);
        if (type.IsArray)
            return Values(type.GetElementType()!).ListOf().Select(items => (object?)ArrayOf(type.GetElementType()!, items));
        return Records(type);
    }

    private static Gen<object?> Records(Type type)
    {
        var members = type.GetProperties().Where(property => property.GetCustomAttribute<KeyAttribute>() is not null).ToList();
        return Gen.CollectToArray(members.Select(member => Values(member.PropertyType))).Select(values =>
        {
            object record = RuntimeHelpers.GetUninitializedObject(type);
            for (int i = 0; i < members.Count; i++)
                members[i].SetValue(record, values[i]);
            return (object?)record;
        });
    }

    private static Array ArrayOf(Type element, List<object?> items)
    {
        var array = Array.CreateInstance(element, items.Count);
        for (int i = 0; i < items.Count; i++)
            array.SetValue(items[i], i);
        return array;
    }
}
