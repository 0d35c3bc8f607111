using System.Reflection;
using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using MessagePack;

namespace ActorTrain.Actors.Tests;

/// <summary>Random values of any contract.</summary>
internal static class ContractValues
{
    public static Gen<object?> Of(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Gen.OneOf(Gen.Constant<object?>(null), Of(underlying));
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
            return Of(type.GetElementType()!).ListOf().Select(items => (object?)ArrayOf(type.GetElementType()!, items));
        return Records(type);
    }

    private static Gen<object?> Records(Type type)
    {
        var members = type.GetProperties().Where(property => property.GetCustomAttribute<KeyAttribute>() is not null).ToList();
        return Gen.CollectToArray(members.Select(member => Of(member.PropertyType))).Select(values =>
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
