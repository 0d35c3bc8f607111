using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Configuration;

namespace Akka.Event;

/// <summary>The part of the event stream that is the log.</summary>
public class LoggingBus
{
    private readonly Lock _lock = new();
    private readonly List<(IActorRef Subscriber, Type Channel)> _subscriptions = [];
    private readonly List<IActorRef> _loggers = [];
    private ConcurrentDictionary<Type, IActorRef[]> _subscribers = new();

    private protected LoggingBus()
    {
    }

    /// <summary>The least level that anybody reads.</summary>
    public LogLevel LogLevel { get; private set; }

    /// <summary>Sends events of a type, and of the types that derive from it, to an actor.</summary>
    /// <returns>False when it was so before.</returns>
    public virtual bool Subscribe(IActorRef subscriber, Type classifier)
    {
        ArgumentNullException.ThrowIfNull(subscriber);
        lock (_lock)
        {
            if (_subscriptions.Contains((subscriber, classifier)))
                return false;
            _subscriptions.Add((subscriber, classifier));
            _subscribers = new();
            return true;
        }
    }

    public virtual bool Unsubscribe(IActorRef subscriber, Type classifier) => Remove(entry => entry.Subscriber.Equals(subscriber) && entry.Channel == classifier);

    public virtual bool Unsubscribe(IActorRef subscriber) => Remove(entry => entry.Subscriber.Equals(subscriber));

    public virtual void Publish(object @event)
    {
        ArgumentNullException.ThrowIfNull(@event);
        var subscribers = _subscribers;
        if (!subscribers.TryGetValue(@event.GetType(), out var interested))
            interested = Find(subscribers, @event.GetType());
        foreach (var subscriber in interested)
        {
            // An actor that stops without unsubscribing is forgotten with the first event that it misses.
            if (subscriber is IInternalActorRef { IsTerminated: true })
                Unsubscribe(subscriber);
            else
                subscriber.Tell(@event, ActorRefs.NoSender);
        }
    }

    /// <summary>Writes the log from now on to the standard output, until the loggers of the configuration run.</summary>
    public void StartStdoutLogger(Settings config) => SubscribeFrom(Logging.LogLevelFor(config.StdoutLogLevel), config.StdoutLogger);

    internal void StartDefaultLoggers(ActorSystemImpl system)
    {
        var level = Logging.LogLevelFor(system.Settings.LogLevel);
        foreach (var name in system.Settings.Loggers)
        {
            var type = Type.GetType(name) ?? throw new ConfigurationException($"Logger specified in config cannot be found: \"{name}\"");
            var logger = system.SystemActorOf(Props.Create(type), $"log{_loggers.Count + 1}-{type.Name}");
            // The first message that it gets, before any event.
            logger.Tell(new InitializeLogger(this), ActorRefs.Nobody);
            _loggers.Add(logger);
            SubscribeFrom(level, logger);
        }
        Unsubscribe(system.Settings.StdoutLogger);
        LogLevel = level;
    }

    /// <summary>Goes back to the standard output.</summary>
    /// <returns>The loggers, which get no more events.</returns>
    internal IReadOnlyList<IActorRef> StopDefaultLoggers(Settings settings)
    {
        StartStdoutLogger(settings);
        foreach (var logger in _loggers)
            Unsubscribe(logger);
        return _loggers;
    }

    private void SubscribeFrom(LogLevel level, IActorRef logger)
    {
        LogLevel = level;
        foreach (var above in Enum.GetValues<LogLevel>().Where(candidate => candidate >= level))
            Subscribe(logger, above.ClassFor());
    }

    private bool Remove(Predicate<(IActorRef Subscriber, Type Channel)> match)
    {
        lock (_lock)
        {
            if (_subscriptions.RemoveAll(match) == 0)
                return false;
            _subscribers = new();
            return true;
        }
    }

    // Into the cache that was read before: if a subscription came meanwhile, that cache is out of use.
    private IActorRef[] Find(ConcurrentDictionary<Type, IActorRef[]> cache, Type type)
    {
        lock (_lock)
        {
            return cache[type] = _subscriptions
                .Where(entry => entry.Channel.IsAssignableFrom(type))
                .Select(entry => entry.Subscriber)
                .Distinct()
                .ToArray();
        }
    }
}

/// <summary>Events for whoever subscribes: the log, dead letters, unhandled messages, and what the program publishes.</summary>
public class EventStream : LoggingBus
{
    internal EventStream()
    {
    }
}

public static class EventStreamExtensions
{
    public static bool Subscribe<TChannel>(this EventStream eventStream, IActorRef subscriber) => eventStream.Subscribe(subscriber, typeof(TChannel));

    public static bool Unsubscribe<TChannel>(this EventStream eventStream, IActorRef subscriber) => eventStream.Unsubscribe(subscriber, typeof(TChannel));
}
