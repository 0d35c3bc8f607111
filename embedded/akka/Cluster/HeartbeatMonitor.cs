using Akka.Configuration;
using Akka.Remote;

namespace Akka.Cluster;

/// <summary>
/// Tells by their answers to heartbeats which members live. Who falls silent, or does not answer soon after its connection broke, is
/// unreachable until it answers again.
/// </summary>
internal sealed class HeartbeatMonitor
{
    private readonly Config _config;
    private readonly int _monitoredMembers;
    private readonly TimeSpan _longestTick;
    private readonly UniqueAddress _self;
    private readonly TimeProvider _time;
    private readonly SortedDictionary<UniqueAddress, PhiAccrualFailureDetector> _detectors = [];
    private readonly Dictionary<UniqueAddress, long> _probes = [];
    private readonly HashSet<UniqueAddress> _unreachable = [];
    private long _lastTick;

    public HeartbeatMonitor(ClusterSettings settings, UniqueAddress self, TimeProvider time)
    {
        _config = settings.FailureDetectorConfig;
        _monitoredMembers = settings.MonitoredByNrOfMembers;
        _longestTick = settings.HeartbeatInterval + _config.GetTimeSpan("acceptable-heartbeat-pause");
        _self = self;
        _time = time;
        _lastTick = time.GetTimestamp();
    }

    public IReadOnlySet<UniqueAddress> Unreachable => _unreachable;

    /// <summary>The number that the heartbeats carry until the next tick or probe.</summary>
    public long Sequence { get; private set; }

    /// <summary>Finds who has fallen silent. To be called once per heartbeat interval.</summary>
    /// <param name="others">All other members.</param>
    /// <returns>To whom to send a heartbeat.</returns>
    public IReadOnlyCollection<UniqueAddress> Tick(IReadOnlyCollection<UniqueAddress> others)
    {
        Sequence++;
        // A process that was stopped itself must not blame the others for the silence.
        if (_time.GetElapsedTime(_lastTick) > _longestTick)
            _detectors.Clear();
        _lastTick = _time.GetTimestamp();
        _unreachable.IntersectWith(others);
        var monitored = Monitored(others);
        foreach (var node in _detectors.Keys.Where(node => !monitored.Contains(node)).ToList())
            _detectors.Remove(node);
        foreach (var node in monitored)
        {
            if (!_detectors.TryGetValue(node, out var detector))
            {
                detector = _detectors[node] = new PhiAccrualFailureDetector(_config, _time);
                detector.Heartbeat();
            }
            if (!detector.IsAvailable)
                _unreachable.Add(node);
        }
        return monitored;
    }

    /// <summary>A heartbeat was answered.</summary>
    /// <returns>Whether the node had been unreachable.</returns>
    public bool Answered(UniqueAddress node, long sequence)
    {
        if (_detectors.TryGetValue(node, out var detector))
            detector.Heartbeat();
        // What was sent before the connection broke proves nothing.
        if (_probes.TryGetValue(node, out var probe) && sequence >= probe)
            _probes.Remove(node);
        return !_probes.ContainsKey(node) && _unreachable.Remove(node);
    }

    /// <summary>A node is suspected: the heartbeats from now on must be answered.</summary>
    /// <returns>False when it is suspected or unreachable already.</returns>
    public bool StartProbe(UniqueAddress node)
    {
        if (_unreachable.Contains(node) || !_probes.TryAdd(node, Sequence + 1))
            return false;
        Sequence++;
        return true;
    }

    public bool IsProbed(UniqueAddress node) => _probes.ContainsKey(node);

    /// <summary>The node is known to be dead, or has not answered its probe.</summary>
    public void Lost(UniqueAddress node)
    {
        _probes.Remove(node);
        _unreachable.Add(node);
    }

    /// <summary>The members that follow this one in the ring of all, and whoever has yet to come back.</summary>
    private HashSet<UniqueAddress> Monitored(IReadOnlyCollection<UniqueAddress> others)
    {
        var ring = others.Order().ToList();
        var next = ring.FindIndex(node => node.CompareTo(_self) > 0);
        return Enumerable.Range(0, Math.Min(_monitoredMembers, ring.Count))
            .Select(offset => ring[(Math.Max(next, 0) + offset) % ring.Count])
            .Concat(_unreachable)
            .ToHashSet();
    }
}
