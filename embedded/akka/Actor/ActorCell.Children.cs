namespace Akka.Actor;

/// <summary>A child, and how often it was restarted.</summary>
internal sealed class ChildRestartStats(LocalActorRef child)
{
    private int _retries;
    private DateTimeOffset? _windowStart;

    public LocalActorRef Child { get; } = child;

    /// <param name="maxNumberOfRetries">0 for never; negative for no limit.</param>
    /// <param name="window">The time within which retries count together; zero or less for ever.</param>
    /// <param name="now">The present.</param>
    public bool RequestRestartPermission(int maxNumberOfRetries, TimeSpan window, DateTimeOffset now)
    {
        if (maxNumberOfRetries == 0)
            return false;
        if (window <= TimeSpan.Zero)
            return maxNumberOfRetries < 0 || ++_retries <= maxNumberOfRetries;
        // With a window but no number, one restart in each window.
        var limit = Math.Max(maxNumberOfRetries, 1);
        if (_windowStart is not { } start || now - start > window)
        {
            _windowStart = now;
            _retries = 1;
            return true;
        }
        return ++_retries <= limit;
    }
}

internal sealed partial class ActorCell
{
    /// <summary>What goes on once the last of the dying children is gone.</summary>
    private enum Afterwards
    {
        Nothing,
        Create,
        Restart,
        Terminate,
    }

    // Guarded by the lock on itself: the guardians' children are made from any thread, and selections look children up from any thread.
    private readonly Dictionary<string, ChildRestartStats> _children = [];
    private readonly HashSet<IActorRef> _dying = [];
    private Afterwards _afterwards;
    private bool _terminating;
    private long _lastRandomName;

    private bool IsWaitingForChildren => _afterwards is Afterwards.Create or Afterwards.Restart;

    public IActorRef ActorOf(Props props, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(props);
        if (name != null)
            CheckName(name);
        var child = SystemImpl.Provider.ActorOf(SystemImpl, props, Self, name ?? NextRandomName());
        lock (_children)
        {
            if (_terminating)
                throw new InvalidOperationException($"Cannot create the child {child.Path.Name}: {Self} is terminating or terminated.");
            if (!_children.TryAdd(child.Path.Name, new ChildRestartStats(child)))
                throw new InvalidActorNameException($"Actor name \"{child.Path.Name}\" is not unique!");
        }
        child.Start();
        return child;
    }

    public IActorRef Child(string name) => GetSingleChild(name);

    public IEnumerable<IActorRef> GetChildren() => Children();

    /// <summary>The child of that name (and uid, behind a '#'), or nobody. From any thread.</summary>
    public IInternalActorRef GetSingleChild(string name)
    {
        var path = Self.Path / name;
        lock (_children)
        {
            return _children.TryGetValue(path.Name, out var stats) && (path.Uid == 0 || path.Uid == stats.Child.Path.Uid)
                ? stats.Child
                : ActorRefs.Nobody;
        }
    }

    public void Stop(IActorRef child)
    {
        lock (_children)
        {
            if (StatsOf(child) != null)
                _dying.Add(child);
        }
        ((IInternalActorRef)child).Stop();
    }

    private List<LocalActorRef> Children()
    {
        lock (_children)
            return _children.Values.Select(stats => stats.Child).ToList();
    }

    private List<ChildRestartStats> AllStats()
    {
        lock (_children)
            return [.. _children.Values];
    }

    private ChildRestartStats? StatsOf(IActorRef child)
    {
        lock (_children)
            return _children.TryGetValue(child.Path.Name, out var stats) && stats.Child.Equals(child) ? stats : null;
    }

    private void StopChildren()
    {
        foreach (var child in Children())
            Stop(child);
    }

    private void SuspendChildren(IActorRef? except = null)
    {
        foreach (var child in Children().Where(child => !child.Equals(except)))
            child.Suspend();
    }

    // False when no child is dying: then there is nothing to wait for.
    private bool WaitForDyingChildren(Afterwards afterwards)
    {
        lock (_children)
        {
            if (_dying.Count == 0)
                return false;
            _afterwards = afterwards;
            return true;
        }
    }

    private Afterwards RemoveChild(IActorRef child)
    {
        lock (_children)
        {
            if (StatsOf(child) == null)
                return Afterwards.Nothing;
            _children.Remove(child.Path.Name);
            _dying.Remove(child);
            if (_dying.Count > 0)
                return Afterwards.Nothing;
            var afterwards = _afterwards;
            _afterwards = Afterwards.Nothing;
            return afterwards;
        }
    }

    private static void CheckName(string name)
    {
        if (name.Length == 0)
            throw new InvalidActorNameException("Actor name must not be empty.");
        if (!ActorPath.IsValidPathElement(name))
        {
            throw new InvalidActorNameException(
                $"Illegal actor name [{name}]. Actor paths MUST: not start with `$`, include only ASCII letters and can only contain these special characters: ${ActorPath.ValidSymbols}.");
        }
    }

    private string NextRandomName() => RandomName("$", Interlocked.Increment(ref _lastRandomName) - 1);

    /// <summary>$a, $b, …: names that no caller can choose.</summary>
    internal static string RandomName(string prefix, long number)
    {
        const string Digits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+~";
        do
        {
            prefix += Digits[(int)(number & 63)];
            number >>= 6;
        }
        while (number != 0);
        return prefix;
    }
}
