using System.Collections.Concurrent;
using Akka.Configuration;

namespace Akka.Dispatch;

/// <summary>Runs mailboxes.</summary>
public abstract class MessageDispatcher
{
    private protected MessageDispatcher(string id, int throughput)
    {
        Id = id;
        Throughput = throughput;
    }

    public string Id { get; }

    /// <summary>The most messages that an actor handles before another one gets the thread.</summary>
    public int Throughput { get; }

    internal abstract void Execute(Mailbox mailbox);

    /// <summary>The actor that this dispatcher was given to has stopped.</summary>
    internal virtual void Detach()
    {
    }
}

/// <summary>Runs mailboxes on the thread pool.</summary>
public sealed class Dispatcher : MessageDispatcher
{
    internal Dispatcher(string id, int throughput)
        : base(id, throughput)
    {
    }

    // Not on the thread's own queue: two actors that keep each other busy would starve everybody else's work.
    internal override void Execute(Mailbox mailbox) => ThreadPool.UnsafeQueueUserWorkItem(mailbox, preferLocal: false);
}

/// <summary>Runs one actor on a thread of its own.</summary>
public sealed class PinnedDispatcher : MessageDispatcher
{
    private readonly BlockingCollection<Mailbox> _runs = [];

    internal PinnedDispatcher(string id, int throughput)
        : base(id, throughput)
    {
        new Thread(Run) { IsBackground = true, Name = id }.Start();
    }

    internal override void Execute(Mailbox mailbox) => _runs.Add(mailbox);

    internal override void Detach() => _runs.CompleteAdding();

    private void Run()
    {
        foreach (var mailbox in _runs.GetConsumingEnumerable())
            mailbox.Execute();
        _runs.Dispose();
    }
}

/// <summary>The dispatchers by the path of their configuration.</summary>
public sealed class Dispatchers
{
    public const string DefaultDispatcherId = "akka.actor.default-dispatcher";

    internal const string InternalDispatcherId = "akka.actor.internal-dispatcher";

    private readonly Config _config;
    private readonly ConcurrentDictionary<string, Dispatcher> _shared = new();

    internal Dispatchers(Config config)
    {
        _config = config;
    }

    public MessageDispatcher DefaultGlobalDispatcher => Lookup(DefaultDispatcherId);

    public bool HasDispatcher(string id) => _shared.ContainsKey(id) || _config.HasPath(id);

    /// <exception cref="ConfigurationException">There is no such dispatcher, or its type is none of ours.</exception>
    public MessageDispatcher Lookup(string dispatcherName)
    {
        if (_shared.TryGetValue(dispatcherName, out var known))
            return known;
        var config = _config.GetConfig(dispatcherName)
            ?? throw new ConfigurationException($"Dispatcher {dispatcherName} not configured.");
        var throughput = config.GetInt("throughput", 30);
        return config.GetString("type", "Dispatcher") switch
        {
            "Dispatcher" or "TaskDispatcher" => _shared.GetOrAdd(dispatcherName, new Dispatcher(dispatcherName, throughput)),
            "PinnedDispatcher" => new PinnedDispatcher(dispatcherName, throughput),
            var type => throw new ConfigurationException($"Dispatcher {dispatcherName} has the unknown type {type}; use Dispatcher or PinnedDispatcher."),
        };
    }
}
