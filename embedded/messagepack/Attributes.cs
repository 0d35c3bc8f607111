namespace MessagePack;

/// <summary>Marks a type as a contract: an array on the wire, one element for each <see cref="KeyAttribute"/>.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, AllowMultiple = false, Inherited = true)]
public class MessagePackObjectAttribute : Attribute;

/// <summary>The place of a member in its contract's array. Places without a member hold nil.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field, AllowMultiple = false, Inherited = true)]
public class KeyAttribute(int x) : Attribute
{
    public int? IntKey { get; } = x;
}

/// <summary>Leaves a public member out of its contract.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field, AllowMultiple = false, Inherited = true)]
public class IgnoreMemberAttribute : Attribute;

/// <summary>The constructor that deserialization calls; without it, the one with most parameters that fits the keys.</summary>
[AttributeUsage(AttributeTargets.Constructor, AllowMultiple = false, Inherited = true)]
public class SerializationConstructorAttribute : Attribute;
