using System.Text.RegularExpressions;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;
using Akka.Remote;

namespace Akka.Actor;

/// <summary>A tree of actors, and what they share.</summary>
public abstract class ActorSystem : IActorRefFactory, IDisposable
{
    public abstract string Name { get; }

    public abstract Settings Settings { get; }

    public abstract EventStream EventStream { get; }

    public abstract IActorRef DeadLetters { get; }

    public abstract Dispatchers Dispatchers { get; }

    public abstract Serialization.Serialization Serialization { get; }

    public abstract IScheduler Scheduler { get; }

    public abstract ILoggingAdapter Log { get; }

    /// <summary>Ends when the last actor has.</summary>
    public abstract Task WhenTerminated { get; }

    public static ActorSystem Create(string name) => Create(name, Config.Empty);

    /// <exception cref="ArgumentException">The name has other characters than letters, digits, '-' and '_'.</exception>
    public static ActorSystem Create(string name, Config config)
    {
        var system = new ActorSystemImpl(name, config);
        system.Start();
        return system;
    }

    public abstract IActorRef ActorOf(Props props, string? name = null);

    public abstract ActorSelection ActorSelection(ActorPath actorPath);

    public abstract ActorSelection ActorSelection(string actorPath);

    public abstract void Stop(IActorRef actor);

    /// <summary>Stops all actors.</summary>
    public abstract Task Terminate();

    /// <summary>Runs code when the last actor has ended.</summary>
    public abstract void RegisterOnTermination(Action code);

    /// <summary>Terminates the system, and comes back when it has.</summary>
    public void Dispose()
    {
        using var terminated = new ManualResetEventSlim();
        _ = Terminate().ContinueWith(_ => terminated.Set(), TaskScheduler.Default);
        terminated.Wait();
        GC.SuppressFinalize(this);
    }
}

public abstract class ExtendedActorSystem : ActorSystem
{
    public abstract IActorRefProvider Provider { get; }

    public abstract IInternalActorRef Guardian { get; }

    public abstract IInternalActorRef SystemGuardian { get; }

    /// <summary>Makes an actor below /system.</summary>
    public abstract IActorRef SystemActorOf(Props props, string? name = null);

    public abstract IActorRef SystemActorOf<TActor>(string? name = null)
        where TActor : ActorBase, new();
}

internal sealed partial class ActorSystemImpl : ExtendedActorSystem
{
    private readonly SystemScheduler _scheduler;
    private readonly Lazy<Cluster.Cluster> _cluster;
    private readonly TaskCompletionSource _terminated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _terminationLock = new();
    private Action? _onTermination;
    private IActorRef? _deadLetterListener;

    public ActorSystemImpl(string name, Config config)
    {
        if (!ValidName().IsMatch(name))
            throw new ArgumentException($"Invalid ActorSystem name [{name}], must contain only word characters (i.e. [a-zA-Z0-9] plus non-leading '-')", nameof(name));
        ArgumentNullException.ThrowIfNull(config);
        Name = name;
        Settings = new Settings(this, config);
        EventStream = new EventStream();
        EventStream.StartStdoutLogger(Settings);
        Log = new BusLogging(EventStream, $"ActorSystem({name})", GetType());
        _scheduler = new SystemScheduler(failure => Log.Error(failure, "DedicatedThreadScheduler faulted"));
        Dispatchers = new Dispatchers(Settings.Config);
        Provider = Settings.ProviderName switch
        {
            "local" => new LocalActorRefProvider(name, Settings),
            "remote" or "cluster" => new RemoteActorRefProvider(name, Settings),
            var other => throw new ConfigurationException($"akka.actor.provider is '{other}'; it must be local, remote or cluster."),
        };
        Serialization = new Serialization.Serialization(this);
        _cluster = new Lazy<Cluster.Cluster>(() => new Cluster.Cluster(this));
    }

    public override string Name { get; }

    public override Settings Settings { get; }

    public override EventStream EventStream { get; }

    public override Dispatchers Dispatchers { get; }

    public override Serialization.Serialization Serialization { get; }

    public override IScheduler Scheduler => _scheduler;

    public override ILoggingAdapter Log { get; }

    public override IActorRefProvider Provider { get; }

    public override IActorRef DeadLetters => Provider.DeadLetters;

    public override IInternalActorRef Guardian => Provider.Guardian;

    public override IInternalActorRef SystemGuardian => Provider.SystemGuardian;

    public override Task WhenTerminated => _terminated.Task;

    public Cluster.Cluster Cluster => _cluster.Value;

    public void Start()
    {
        Provider.Init(this);
        _ = FinishTermination();
        EventStream.StartDefaultLoggers(this);
        if (Settings.LogDeadLetters > 0)
            _deadLetterListener = SystemActorOf(Props.Create<DeadLetterListener>().WithDispatcher(Dispatchers.InternalDispatcherId), "deadLetterListener");
        if (Settings.ProviderName == "cluster")
            _ = Cluster;
    }

    public override IActorRef ActorOf(Props props, string? name = null) => Provider.Guardian.Cell.ActorOf(props, name);

    public override IActorRef SystemActorOf(Props props, string? name = null) => Provider.SystemGuardian.Cell.ActorOf(props, name);

    public override IActorRef SystemActorOf<TActor>(string? name = null) => SystemActorOf(Props.Create<TActor>(), name);

    public override ActorSelection ActorSelection(ActorPath actorPath) => new(Provider.ResolveActorRef(actorPath.Root), actorPath.Elements);

    public override ActorSelection ActorSelection(string actorPath) => Select(actorPath, Provider.RootGuardian);

    /// <summary>Selects by an absolute path, or by one that starts from <paramref name="anchor"/>.</summary>
    public ActorSelection Select(string path, IActorRef anchor)
    {
        if (ActorPath.TryParse(path, out var absolute))
            return ActorSelection(absolute);
        return new ActorSelection(path.StartsWith('/') ? Provider.RootGuardian : anchor, path);
    }

    public override void Stop(IActorRef actor)
    {
        var parent = actor.Path.Parent;
        if (parent == Guardian.Path)
            Guardian.Tell(new StopChild(actor));
        else if (parent == SystemGuardian.Path)
            SystemGuardian.Tell(new StopChild(actor));
        else
            ((IInternalActorRef)actor).Stop();
    }

    public override Task Terminate()
    {
        if (!Settings.LogDeadLettersDuringShutdown && _deadLetterListener != null)
            EventStream.Unsubscribe(_deadLetterListener);
        Provider.Guardian.Stop();
        return WhenTerminated;
    }

    public override void RegisterOnTermination(Action code)
    {
        lock (_terminationLock)
        {
            if (WhenTerminated.IsCompleted)
                throw new InvalidOperationException("ActorSystem already terminated.");
            _onTermination = code + _onTermination;
        }
    }

    public override string ToString() => Provider.RootPath.Address.ToString();

    private async Task FinishTermination()
    {
        await Provider.TerminationTask;
        _scheduler.Dispose();
        Action? callbacks;
        lock (_terminationLock)
            callbacks = _onTermination;
        try
        {
            callbacks?.Invoke();
        }
        catch (Exception failure)
        {
            Log.Error(failure, "A termination callback failed");
        }
        finally
        {
            _terminated.TrySetResult();
        }
    }

    [GeneratedRegex("^[a-zA-Z0-9][a-zA-Z0-9_-]*$")]
    private static partial Regex ValidName();
}
