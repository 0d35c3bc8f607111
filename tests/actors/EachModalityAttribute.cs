using System.Reflection;
using Xunit.Sdk;

namespace ActorTrain.Actors.Tests;

/// <summary>What the samples of a run are.</summary>
public enum Modality
{
    Images,
    Text,
}

/// <summary>A row of a theory for each <see cref="Modality"/>, which is its first argument: what holds for a run holds for every kind of data.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class EachModalityAttribute(params object[] rest) : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) =>
        Enum.GetValues<Modality>().Select(modality => (object[])[modality, .. rest]);
}
