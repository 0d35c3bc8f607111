using ActorTrain.Actors.Cluster;
using Akka.Actor;

namespace ActorTrain.Actors.Compute;

/// <summary>
/// Requests to whichever nodes have a role: each goes to the node that should answer first, and again to another one when its answer
/// is late or the node is gone. Used by one actor.
/// </summary>
internal sealed class ServiceRequests<TKey>(IActorContext context, NodeMap nodes, string role, string path, TimeProvider time) where TKey : notnull
{
    private readonly HedgedRequests<TKey> _waiting = new(time);
    private readonly Dictionary<TKey, Asked> _asked = [];
    private readonly Dictionary<string, Load> _loads = [];
    private readonly IActorRef _self = context.Self;
    private readonly ActorSystem _system = context.System;

    /// <summary>Requests without an answer.</summary>
    public int Count => _waiting.Count;

    public void Ask(TKey key, object request)
    {
        _waiting.Sent(key);
        var asked = _asked[key] = new Asked(request);
        Send(asked);
    }

    /// <summary>False for an answer that nobody waits for (any more).</summary>
    public bool Answered(TKey key)
    {
        if (!_waiting.Answered(key))
            return false;
        _asked.Remove(key, out var asked);
        // Who of several answered is not known, but none took less: a fast one that was asked late is not blamed for a slow one.
        foreach (var (node, at) in asked!.Nodes)
            _loads.GetValueOrDefault(node)?.Answered(time.GetElapsedTime(at).TotalSeconds);
        return true;
    }

    /// <summary>Asks again for what is late, what no node could be asked for, and what was asked of nodes that are gone.</summary>
    public void AskAgain()
    {
        var there = nodes.With(role).ToHashSet();
        // A node that was gone and comes back is not judged by the time of its absence.
        foreach (string gone in _loads.Keys.Where(node => !there.Contains(node)).ToList())
        {
            _loads.Remove(gone);
            foreach (var asked in _asked.Values)
                asked.Nodes.Remove(gone);
        }
        var late = _waiting.Overdue();
        foreach (var key in late)
            Send(_asked[key]);
        foreach (var (_, asked) in _asked.Where(pair => !pair.Value.Nodes.Keys.Any(there.Contains)))
            Send(asked);
    }

    private void Send(Asked asked)
    {
        string? best = null;
        double shortest = double.PositiveInfinity;
        foreach (string node in nodes.With(role))
        {
            // One that was asked before comes last.
            double wait = LoadOf(node).ExpectedWait + (asked.Nodes.ContainsKey(node) ? 1e6 : 0);
            if (wait < shortest)
                (best, shortest) = (node, wait);
        }
        if (best is null)
            return;
        if (asked.Nodes.TryAdd(best, time.GetTimestamp()))
            LoadOf(best).Waiting++;
        LoadOf(best).Actor.Tell(asked.Request, _self);
    }

    private Load LoadOf(string node) => _loads.TryGetValue(node, out var load) ? load : _loads[node] = new Load(_system.ActorSelection(node + path));

    private sealed record Asked(object Request)
    {
        /// <summary>Who was asked, and when first.</summary>
        public Dictionary<string, long> Nodes { get; } = [];
    }

    private sealed class Load(ActorSelection actor)
    {
        private const double Smoothing = 0.2;
        private const double FirstGuessSeconds = 0.01;
        private double _latency = FirstGuessSeconds;

        public ActorSelection Actor { get; } = actor;

        public int Waiting { get; set; }

        public double ExpectedWait => (Waiting + 1) * _latency;

        public void Answered(double seconds)
        {
            Waiting--;
            _latency += Smoothing * (seconds - _latency);
        }
    }
}
