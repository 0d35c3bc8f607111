using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster;

/// <summary>A member only ever moves on to a later status, though it may leave some out.</summary>
public enum MemberStatus
{
    Joining = 0,
    Up = 1,
    Leaving = 2,
    Exiting = 3,
    Down = 4,
    Removed = 5,
}

/// <summary>An address, and which of the processes that were ever there.</summary>
public class UniqueAddress : IComparable<UniqueAddress>, IEquatable<UniqueAddress>, IComparable
{
    public UniqueAddress(Address address, int uid)
    {
        Address = address;
        Uid = uid;
    }

    public Address Address { get; }

    public int Uid { get; }

    public bool Equals(UniqueAddress? other) => other is not null && Uid == other.Uid && Address.Equals(other.Address);

    public override bool Equals(object? obj) => Equals(obj as UniqueAddress);

    public override int GetHashCode() => Uid;

    public int CompareTo(UniqueAddress? uniqueAddress)
    {
        ArgumentNullException.ThrowIfNull(uniqueAddress);
        var result = Member.AddressOrdering.Compare(Address, uniqueAddress.Address);
        return result == 0 ? Uid.CompareTo(uniqueAddress.Uid) : result;
    }

    int IComparable.CompareTo(object? obj) => CompareTo(obj as UniqueAddress);

    public override string ToString() => $"UniqueAddress: ({Address}, {Uid})";

    public static bool operator ==(UniqueAddress? left, UniqueAddress? right) => Equals(left, right);

    public static bool operator !=(UniqueAddress? left, UniqueAddress? right) => !Equals(left, right);
}

/// <summary>A process of the cluster. Members are equal when they are the same process, whatever is known about it.</summary>
public class Member : IComparable<Member>, IComparable
{
    public static readonly IComparer<Address> AddressOrdering = Comparer<Address>.Create((left, right) =>
    {
        var result = string.CompareOrdinal(left.Host ?? "", right.Host ?? "");
        return result == 0 ? Nullable.Compare(left.Port, right.Port) : result;
    });

    /// <summary>The oldest first.</summary>
    public static readonly IComparer<Member> AgeOrdering =
        Comparer<Member>.Create((left, right) => left.Equals(right) ? 0 : left.IsOlderThan(right) ? -1 : 1);

    internal Member(UniqueAddress uniqueAddress, int upNumber, MemberStatus status, ImmutableHashSet<string> roles)
    {
        UniqueAddress = uniqueAddress;
        UpNumber = upNumber;
        Status = status;
        Roles = roles;
    }

    public UniqueAddress UniqueAddress { get; }

    public Address Address => UniqueAddress.Address;

    public MemberStatus Status { get; }

    public ImmutableHashSet<string> Roles { get; }

    /// <summary>Counts the members in the order in which they became Up; the largest number before that.</summary>
    internal int UpNumber { get; }

    public bool HasRole(string role) => Roles.Contains(role);

    public bool IsOlderThan(Member other) => UpNumber == other.UpNumber
        ? AddressOrdering.Compare(Address, other.Address) < 0
        : UpNumber < other.UpNumber;

    public Member Copy(MemberStatus status) => status == Status ? this : status > Status
        ? new Member(UniqueAddress, UpNumber, status, Roles)
        : throw new InvalidOperationException($"Invalid member status transition {Status} -> {status}");

    public Member CopyUp(int upNumber) => new Member(UniqueAddress, upNumber, Status, Roles).Copy(MemberStatus.Up);

    public int CompareTo(Member? other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return UniqueAddress.CompareTo(other.UniqueAddress);
    }

    int IComparable.CompareTo(object? obj) => CompareTo(obj as Member);

    public override bool Equals(object? obj) => obj is Member other && UniqueAddress.Equals(other.UniqueAddress);

    public override int GetHashCode() => UniqueAddress.GetHashCode();

    public override string ToString() =>
        $"Member(address = {Address}, Uid={UniqueAddress.Uid} status = {Status}, role=[{string.Join(",", Roles)}], upNumber={UpNumber})";

    /// <summary>What two nodes know about one member, taken together.</summary>
    internal static Member Merge(Member left, Member right)
    {
        var status = left.Status > right.Status ? left.Status : right.Status;
        var upNumber = Math.Min(left.UpNumber, right.UpNumber);
        return left.Status == status && left.UpNumber == upNumber ? left : new Member(left.UniqueAddress, upNumber, status, left.Roles);
    }
}
