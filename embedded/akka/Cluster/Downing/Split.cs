namespace Akka.Cluster;

/// <summary>
/// A cluster that falls apart, as one member sees it: who is still connected with it, directly or through others, and who of these go on
/// together. Connected members tell each other what they observe, so they come to the same result.
/// </summary>
internal sealed class Split
{
    private readonly HashSet<(UniqueAddress, UniqueAddress)> _broken = [];

    public Split(MembershipState state)
    {
        var members = state.Members.Where(member => member.Status < MemberStatus.Down).ToList();
        var nodes = members.Select(member => member.UniqueAddress).ToHashSet();
        var silent = new HashSet<UniqueAddress>();
        var observers = new HashSet<UniqueAddress>();
        foreach (var (observer, observation) in state.Gossip.Observations.Where(entry => nodes.Contains(entry.Key)))
        {
            foreach (var node in observation.Unreachable.Where(nodes.Contains))
            {
                // A heartbeat is answered, so a way that is blocked in one direction only is of no use to either side.
                _broken.Add((observer, node));
                _broken.Add((node, observer));
                observers.Add(observer);
                silent.Add(node);
            }
        }
        // Somebody misses it, and it misses nobody: it is dead, or on the other side of a clean cut. This node is no exception, or it would
        // come to another result than the others: it then has no side until it misses somebody itself.
        silent.ExceptWith(observers);
        Side = ConnectedWith(state.Self, [.. members.Where(member => !silent.Contains(member.UniqueAddress))]);
        Core = WhoReachEachOther(Side);
        Others = [.. members.Except(Side)];
        Lost = [.. members.Except(Core)];
    }

    /// <summary>Who is connected with this member, itself among them, in the order of addresses like all members; nobody while it is silent.</summary>
    public IReadOnlyList<Member> Side { get; }

    /// <summary>Those of this side that all reach each other.</summary>
    public IReadOnlyList<Member> Core { get; }

    /// <summary>The members that are not of this side.</summary>
    public IReadOnlyList<Member> Others { get; }

    /// <summary>The members that are not of the core.</summary>
    public IReadOnlyList<Member> Lost { get; }

    /// <summary>Who acts for these members: the first one, rather one that neither has yet to join nor exits.</summary>
    public static UniqueAddress? SpeakerOf(IEnumerable<Member> members) => members.OrderBy(JoinsOrExits).FirstOrDefault()?.UniqueAddress;

    private static bool JoinsOrExits(Member member) => member.Status is MemberStatus.Joining or MemberStatus.Exiting;

    private bool Broken(Member left, Member right) => _broken.Contains((left.UniqueAddress, right.UniqueAddress));

    private List<Member> ConnectedWith(UniqueAddress self, List<Member> candidates)
    {
        var side = candidates.Where(member => member.UniqueAddress == self).ToList();
        // Grows while it is walked through.
        for (var next = 0; next < side.Count; next++)
            side.AddRange(candidates.Except(side).Where(member => !Broken(side[next], member)).ToList());
        return [.. side.Order()];
    }

    /// <summary>Leaves out, one after the other, whoever fails to reach the most others; of several one that has yet to join or exits, or else the last.</summary>
    private List<Member> WhoReachEachOther(IReadOnlyList<Member> side)
    {
        var core = side.ToList();
        while (core.Exists(member => core.Exists(other => Broken(member, other))))
        {
            core.Remove(core
                .OrderBy(member => core.Count(other => Broken(member, other)))
                .ThenBy(JoinsOrExits)
                .ThenBy(member => member)
                .Last());
        }
        return core;
    }
}
