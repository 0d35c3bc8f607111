using System.Diagnostics.CodeAnalysis;

namespace Akka.Actor;

/// <summary>
/// The place of an actor in its system's tree. Paths compare without the uid, which tells the incarnations of one place apart.
/// </summary>
public abstract class ActorPath : IEquatable<ActorPath>
{
    public const string ValidSymbols = "\"-_.*$+:@&=,!~';()";

    private readonly string _pathText;

    private protected ActorPath(Address address, string name)
    {
        Address = address;
        Name = name;
        Parent = this;
        _pathText = "/";
    }

    private protected ActorPath(ActorPath parentPath, string name, long uid)
    {
        Address = parentPath.Address;
        Parent = parentPath;
        Name = name;
        Uid = uid;
        Depth = parentPath.Depth + 1;
        _pathText = parentPath.Depth == 0 ? "/" + name : parentPath._pathText + "/" + name;
    }

    public string Name { get; }

    public Address Address { get; }

    /// <summary>Tells one incarnation from the next under the same name; 0 when unknown.</summary>
    public long Uid { get; }

    public ActorPath Parent { get; }

    public int Depth { get; }

    public IReadOnlyList<string> Elements => Depth == 0 ? [""] : _pathText[1..].Split('/');

    public ActorPath Root => Depth == 0 ? this : Parent.Root;

    public static bool IsValidPathElement(string s)
    {
        if (string.IsNullOrEmpty(s) || s[0] == '$')
            return false;
        for (var index = 0; index < s.Length; index++)
        {
            var escaped = s[index] == '%' && index + 2 < s.Length && char.IsAsciiHexDigit(s[index + 1]) && char.IsAsciiHexDigit(s[index + 2]);
            if (escaped)
                index += 2;
            else if (!char.IsAsciiLetterOrDigit(s[index]) && !ValidSymbols.Contains(s[index]))
                return false;
        }
        return true;
    }

    /// <exception cref="UriFormatException">The text is no absolute actor path.</exception>
    public static ActorPath Parse(string path) => TryParse(path, out var result)
        ? result
        : throw new UriFormatException($"Can not parse an ActorPath: {path}");

    public static bool TryParse(string path, [NotNullWhen(true)] out ActorPath? actorPath)
    {
        actorPath = null;
        if (!Address.TryParse(path, out var address, out var elements))
            return false;
        var uid = 0L;
        var hash = elements.LastIndexOf('#');
        if (hash >= 0)
        {
            if (!long.TryParse(elements.AsSpan(hash + 1), out uid))
                return false;
            elements = elements[..hash];
        }
        actorPath = new RootActorPath(address) / elements.Split('/', StringSplitOptions.RemoveEmptyEntries);
        actorPath = actorPath.WithUid(uid);
        return true;
    }

    public ActorPath WithUid(long uid) => Depth == 0 || uid == Uid ? this : new ChildActorPath(Parent, Name, uid);

    /// <summary>The path inside the system: <c>/user/a</c>.</summary>
    public string ToStringWithoutAddress() => _pathText;

    public string ToStringWithUid() => Uid == 0 ? ToString() : $"{this}#{Uid}";

    public string ToSerializationFormat() => ToStringWithUid();

    /// <summary>The same path as seen from other systems: under <paramref name="address"/>, unless its own can be reached already.</summary>
    public string ToSerializationFormatWithAddress(Address address) => Address.HasGlobalScope
        ? ToSerializationFormat()
        : Uid == 0 ? address + _pathText : $"{address}{_pathText}#{Uid}";

    public bool Equals(ActorPath? other) => other is not null && (ReferenceEquals(this, other) || (_pathText == other._pathText && Address == other.Address));

    public override bool Equals(object? obj) => Equals(obj as ActorPath);

    public override int GetHashCode() => HashCode.Combine(Address, _pathText);

    public override string ToString() => Address + _pathText;

    public static ActorPath operator /(ActorPath path, string name)
    {
        var hash = name.IndexOf('#');
        return hash < 0 || !long.TryParse(name.AsSpan(hash + 1), out var uid)
            ? new ChildActorPath(path, name, 0)
            : new ChildActorPath(path, name[..hash], uid);
    }

    public static ActorPath operator /(ActorPath path, IEnumerable<string> name) => name.Aggregate(path, (parent, element) => parent / element);

    public static bool operator ==(ActorPath? left, ActorPath? right) => Equals(left, right);

    public static bool operator !=(ActorPath? left, ActorPath? right) => !Equals(left, right);
}

public sealed class RootActorPath(Address address, string name = "") : ActorPath(address, name);

public sealed class ChildActorPath(ActorPath parentPath, string name, long uid) : ActorPath(parentPath, name, uid);
