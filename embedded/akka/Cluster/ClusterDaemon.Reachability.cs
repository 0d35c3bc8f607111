using Akka.Actor;
using Akka.Remote;

namespace Akka.Cluster;

internal sealed partial class ClusterDaemon
{
    // Together well below the second within which the death of a process is to be noticed.
    private const int ProbesBeforeLost = 3;
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(150);

    private const int MostEncounters = 20;
    private static readonly TimeSpan EncounterInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan EncounterPeriod = TimeSpan.FromHours(1);

    private readonly HeartbeatMonitor _monitor;

    private sealed record HeartbeatTick;

    private sealed record EncounterTick;

    private sealed record Probe(UniqueAddress Node, int Attempt);

    private void ReceiveReachability()
    {
        Receive<HeartbeatTick>(_ => SendHeartbeats());
        Receive<Heartbeat>(heartbeat =>
        {
            if (!WasRemoved(heartbeat.From))
                Sender.Tell(new HeartbeatResponse(_self, heartbeat.Sequence), Self);
        });
        Receive<HeartbeatResponse>(response =>
        {
            if (_monitor.Answered(response.From, response.Sequence))
                Observe();
        });
        Receive<ConnectionLost>(lost =>
        {
            var node = new UniqueAddress(lost.Address, lost.Uid);
            if (_state.Gossip.Members.ContainsKey(node) && _monitor.StartProbe(node))
                SendProbe(new Probe(node, 1));
        });
        Receive<Probe>(SendProbe);
        Receive<EncounterTick>(_ => SeekOthers());
        Receive<Encounter>(Meet);
        Receive<ThisActorSystemQuarantinedEvent>(refused => WhenRefused(refused.RemoteAddress));
    }

    private void StartReachability()
    {
        Context.System.EventStream.Subscribe(Self, typeof(ConnectionLost));
        Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
        Timers.StartPeriodicTimer(nameof(HeartbeatTick), new HeartbeatTick(), _settings.HeartbeatInterval);
        Timers.StartPeriodicTimer(nameof(EncounterTick), new EncounterTick(), EncounterInterval);
    }

    private void SendHeartbeats()
    {
        foreach (var node in _monitor.Tick([.. _state.Gossip.Members.Keys.Where(node => node != _self)]))
            Peer(node.Address).Tell(new Heartbeat(_self, _monitor.Sequence), Self);
        Observe();
    }

    /// <summary>A process that died lost its connections; one that only lost a connection answers on the next one.</summary>
    private void SendProbe(Probe probe)
    {
        if (!_monitor.IsProbed(probe.Node))
            return;
        if (probe.Attempt > ProbesBeforeLost)
        {
            _monitor.Lost(probe.Node);
            Observe();
            return;
        }
        Peer(probe.Node.Address).Tell(new Heartbeat(_self, _monitor.Sequence), Self);
        Timers.StartSingleTimer(probe.Node, probe with { Attempt = probe.Attempt + 1 }, ProbeInterval);
    }

    private void Observe()
    {
        if (_state.SelfMember == null)
            return;
        var next = _state.Gossip.Observe(_self, _monitor.Unreachable);
        if (!ReferenceEquals(next, _state.Gossip))
            Update(next);
    }

    /// <summary>Whether a node was removed and does not know; it is told.</summary>
    private bool WasRemoved(UniqueAddress node)
    {
        if (!_state.Gossip.Removed.ContainsKey(node))
            return false;
        Introduce(node.Address, node.Uid, isAnswer: true);
        return true;
    }

    /// <summary>The leader looks for nodes that are alive though they were removed, as after a split, and for clusters that other seed nodes started.</summary>
    private void SeekOthers()
    {
        if (!_state.IsLeader)
            return;
        var since = (DateTimeOffset.UtcNow - EncounterPeriod).ToUnixTimeMilliseconds();
        var removed = _state.Gossip.Removed
            .Where(entry => entry.Value.WasDown && entry.Value.RemovedAt > since)
            .OrderByDescending(entry => entry.Value.RemovedAt)
            .Take(MostEncounters)
            .Select(entry => entry.Key);
        var seedNodes = _seedNodes.Select(address => new UniqueAddress(address, 0));
        foreach (var node in removed.Concat(seedNodes).DistinctBy(node => node.Address))
        {
            if (_state.Gossip.Members.Keys.All(member => member.Address != node.Address))
                Introduce(node.Address, node.Uid, isAnswer: false);
        }
    }

    private void Introduce(Address address, int removedUid, bool isAnswer)
    {
        if (_state.SelfMember != null)
            Peer(address).Tell(new Encounter(_self, _state.Gossip.Members.Count, _state.Gossip.Members.Keys.First(), removedUid, isAnswer), Self);
    }

    /// <summary>
    /// One of two clusters that meet gives way: the smaller one, or the one whose first address comes later. All its nodes learn that in the
    /// same way, and each ends, to begin anew in the other cluster; but only for one that hears it, for no other one can be joined.
    /// </summary>
    private void Meet(Encounter other)
    {
        if (_state.SelfMember == null)
            return;
        if (_state.Gossip.Members.ContainsKey(other.From))
        {
            // Whether it hears this node shows with the next heartbeat, which it answers in this way.
            if (other.RemovedUid == _self.Uid && other.IsAnswer)
                End($"it was removed, as {other.From.Address} says");
            return;
        }
        var first = _state.Gossip.Members.Keys.First();
        var stays = (_state.Gossip.Members.Count - other.Size, other.First.CompareTo(first), other.From.CompareTo(_self)).CompareTo(default) > 0;
        if (stays)
            Introduce(other.From.Address, other.From.Uid, isAnswer: true);
        else if (other.IsAnswer)
            End($"it gives way to the cluster of {other.From.Address}");
        else
            Introduce(other.From.Address, other.From.Uid, isAnswer: false);
    }

    /// <summary>A member that refuses this node has removed it; of two clusters that refuse each other the one whose first address comes later gives way.</summary>
    private void WhenRefused(Address remote)
    {
        if (_state.SelfMember == null)
            return;
        if (_state.Gossip.Members.Keys.Any(node => node.Address == remote) || Member.AddressOrdering.Compare(_state.Gossip.Members.Keys.First().Address, remote) > 0)
            End($"{remote} refuses it");
    }
}
