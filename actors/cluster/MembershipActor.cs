using ActorTrain.Actors.Messages;
using Akka.Actor;
using Akka.Cluster;

namespace ActorTrain.Actors.Cluster;

/// <summary>Keeps a node's <see cref="NodeMap"/> as the cluster's membership is, and tells others of it.</summary>
internal sealed class MembershipActor : ReceiveActor
{
    public const string Name = "membership";
    public const string Path = "/user/" + Name;

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly Dictionary<UniqueAddress, Member> _members = [];
    private readonly HashSet<UniqueAddress> _unreachable = [];
    private readonly NodeMap _nodes;

    public MembershipActor(NodeMap nodes)
    {
        _nodes = nodes;
        Receive<ClusterEvent.MemberRemoved>(removed =>
        {
            _members.Remove(removed.Member.UniqueAddress);
            _unreachable.Remove(removed.Member.UniqueAddress);
            Publish();
        });
        Receive<ClusterEvent.IMemberEvent>(changed =>
        {
            _members[changed.Member.UniqueAddress] = changed.Member;
            Publish();
        });
        Receive<ClusterEvent.UnreachableMember>(unreachable =>
        {
            _unreachable.Add(unreachable.Member.UniqueAddress);
            Publish();
        });
        Receive<ClusterEvent.ReachableMember>(reachable =>
        {
            _unreachable.Remove(reachable.Member.UniqueAddress);
            Publish();
        });
        Receive<MembersRequest>(_ => Sender.Tell(new MembersAnswer([.. _nodes.All.Where(node => node.Reachable).Select(node => node.Address)])));
    }

    protected override void PreStart() => _cluster.Subscribe(Self, ClusterEvent.InitialStateAsEvents,
        typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private void Publish()
    {
        _nodes.All = [.. _members.Values.Where(member => member.Status is MemberStatus.Up or MemberStatus.Leaving).Select(NodeOf)];
        if (_unreachable.Count == 0 && _cluster.IsUp)
            _nodes.Whole = [.. _nodes.All.Select(node => node.Address)];
    }

    private MemberNode NodeOf(Member member)
    {
        bool self = member.UniqueAddress.Equals(_cluster.SelfUniqueAddress);
        string address = ClusterConfiguration.AddressOf(member.Address);
        // Its own actors a node reaches without the network.
        return new MemberNode(address, self ? "" : ClusterConfiguration.RootOf(address), [.. member.Roles],
            member.Status == MemberStatus.Up && !_unreachable.Contains(member.UniqueAddress));
    }
}
