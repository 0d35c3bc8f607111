using System.Collections.Concurrent;
using Akka.Configuration;

namespace Akka.Dispatch;

/// <summary>Runs mailboxes on the thread pool.</summary>
public sealed class MessageDispatcher
{
    internal MessageDispatcher(string id, int throughput)
    {
        Id = id;
        Throughput = throughput;
    }

    public string Id { get; }

    /// <summary>The most messages that an actor handles before another one gets the thread.</summary>
    public int Throughput { get; }

    // Not on the thread's own queue: two actors that keep each other busy would starve everybody else's work.
    internal void Execute(Mailbox mailbox) => ThreadPool.UnsafeQueueUserWorkItem(mailbox, preferLocal: false);
}

/// <summary>The dispatchers by the path of their configuration.</summary>
public sealed class Dispatchers
{
    public const string DefaultDispatcherId = "akka.actor.default-dispatcher";

    internal const string InternalDispatcherId = "akka.actor.internal-dispatcher";

    private readonly Config _config;
    private readonly ConcurrentDictionary<string, MessageDispatcher> _dispatchers = new();

    internal Dispatchers(Config config)
    {
        _config = config;
    }

    /// <exception cref="ConfigurationException">There is no such dispatcher, or its type is not ours.</exception>
    public MessageDispatcher Lookup(string dispatcherName) => _dispatchers.GetOrAdd(dispatcherName, Make);

    private MessageDispatcher Make(string name)
    {
        var config = _config.GetConfig(name) ?? throw new ConfigurationException($"Dispatcher {name} not configured.");
        var type = config.GetString("type", "Dispatcher");
        return type == "Dispatcher"
            ? new MessageDispatcher(name, config.GetInt("throughput", 30))
            : throw new ConfigurationException($"Dispatcher {name} has the type {type}, which is unknown here; use Dispatcher.");
    }
}
