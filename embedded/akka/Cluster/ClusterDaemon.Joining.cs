using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster;

internal sealed partial class ClusterDaemon
{
    // Until one answers, then until that one's cluster lets this node in, and then until it is Up.
    private const int AttemptsPerTimeout = 5;

    // By address: nodes that join where an older process was, until that one is removed.
    private readonly Dictionary<Address, Join> _waiting = [];
    private readonly HashSet<Address> _refusals = [];

    // Also afterwards, for a cluster of theirs beside this node's.
    private List<Address> _seedNodes = [];
    private Address? _contact;

    internal sealed record JoinSeedNodes(IReadOnlyList<Address> Nodes);

    private sealed record JoinAttempt;

    private sealed record JoinTimeout;

    private void ReceiveJoining()
    {
        Receive<JoinSeedNodes>(request => StartJoining(request.Nodes));
        Receive<JoinAttempt>(_ => AttemptToJoin());
        Receive<JoinTimeout>(_ => GiveUpContact());
        Receive<InitJoin>(_ => Sender.Tell(_state.SelfMember?.Status < MemberStatus.Exiting ? new InitJoinAck(_self) : new InitJoinNack(_self), Self));
        Receive<InitJoinAck>(ack => FollowUp(ack.From));
        Receive<InitJoinNack>(nack =>
        {
            if (IsJoining && _contact == null && _refusals.Add(nack.From.Address) && IsFirstSeedNode && OtherSeedNodes.All(_refusals.Contains))
                StartCluster();
        });
        Receive<Join>(Admit);
        Receive<Welcome>(EnterCluster);
    }

    private bool IsJoining => _seedNodes.Count > 0 && _state.SelfMember == null;

    private bool IsFirstSeedNode => _seedNodes[0] == _self.Address;

    private IEnumerable<Address> OtherSeedNodes => _seedNodes.Where(node => node != _self.Address);

    private void StartJoining(IReadOnlyList<Address> nodes)
    {
        if (_state.SelfMember != null || nodes.Count == 0)
            return;
        // An address from a path inside this process is this node's.
        _seedNodes = [.. nodes.Select(node => node.HasLocalScope ? _self.Address : node)];
        _contact = null;
        _refusals.Clear();
        if (!OtherSeedNodes.Any())
        {
            StartCluster();
            return;
        }
        Timers.StartPeriodicTimer(nameof(JoinAttempt), new JoinAttempt(), TimeSpan.Zero, _settings.SeedNodeTimeout / AttemptsPerTimeout);
        Timers.StartPeriodicTimer(nameof(JoinTimeout), new JoinTimeout(), _settings.SeedNodeTimeout);
    }

    private void AttemptToJoin()
    {
        if (_state.SelfMember is { Status: not MemberStatus.Joining })
        {
            Timers.Cancel(nameof(JoinAttempt));
            return;
        }
        if (_state.SelfMember != null)
        {
            // Who let this node in may have been removed by the others, which then know nothing of it.
            foreach (var node in _state.Gossip.Members.Keys.Where(node => CanTell(node) && !_state.Gossip.SeenBy.Contains(node)))
                AskToJoin(node.Address);
            return;
        }
        if (_contact != null)
        {
            AskToJoin(_contact);
            return;
        }
        foreach (var node in OtherSeedNodes)
            Peer(node).Tell(new InitJoin(), Self);
    }

    private void AskToJoin(Address member) => Peer(member).Tell(new Join(_self, _settings.Roles), Self);

    private void FollowUp(UniqueAddress contact)
    {
        if (!IsJoining || _contact != null)
            return;
        _contact = contact.Address;
        Timers.StartPeriodicTimer(nameof(JoinTimeout), new JoinTimeout(), _settings.SeedNodeTimeout);
        AttemptToJoin();
    }

    private void GiveUpContact()
    {
        if (_contact == null && IsFirstSeedNode)
            StartCluster();
        _contact = null;
    }

    private void StartCluster()
    {
        Timers.Cancel(nameof(JoinAttempt));
        Timers.Cancel(nameof(JoinTimeout));
        Update(Gossip.Empty.With(new Member(_self, int.MaxValue, MemberStatus.Joining, _settings.Roles), _self));
    }

    private void EnterCluster(Welcome welcome)
    {
        if (!IsJoining || !welcome.Gossip.Members.ContainsKey(_self))
            return;
        Timers.Cancel(nameof(JoinTimeout));
        Update(welcome.Gossip, welcome.From);
        Tell([welcome.From]);
    }

    private void Admit(Join join)
    {
        var node = join.Node;
        if (_state.SelfMember is not { Status: < MemberStatus.Exiting } || WasRemoved(node))
            return;
        if (_state.Gossip.Members.ContainsKey(node))
        {
            Peer(node.Address).Tell(new Welcome(_self, _state.Gossip), Self);
            return;
        }
        if (node.Address.System != _self.Address.System || node.Address.Protocol != _self.Address.Protocol)
        {
            _log.Warning("{0} may not join: it belongs to another actor system than {1}", node.Address, _self.Address);
            return;
        }
        if (_state.Gossip.Members.Keys.FirstOrDefault(member => member.Address == node.Address) is { } predecessor)
        {
            // There is a new process, so the one before it is dead.
            _waiting[node.Address] = join;
            _monitor.Lost(predecessor);
            Update(_state.Gossip.With(predecessor, MemberStatus.Down, _self).Observe(_self, _monitor.Unreachable));
            return;
        }
        Update(_state.Gossip.With(new Member(node, int.MaxValue, MemberStatus.Joining, join.Roles), _self));
        Peer(node.Address).Tell(new Welcome(_self, _state.Gossip), Self);
    }

    private void AdmitWaiting()
    {
        foreach (var join in _waiting.Values.Where(join => _state.Gossip.Members.Keys.All(member => member.Address != join.Node.Address)).ToList())
        {
            _waiting.Remove(join.Node.Address);
            Admit(join);
        }
    }
}
