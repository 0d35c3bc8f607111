using System.Collections.Concurrent;
using Akka.Dispatch;
using Akka.Dispatch.SysMsg;
using Akka.Event;

namespace Akka.Actor;

/// <summary>Makes references, and finds them by path.</summary>
public interface IActorRefProvider
{
    Settings Settings { get; }

    ActorPath RootPath { get; }

    Address DefaultAddress { get; }

    IActorRef DeadLetters { get; }

    /// <summary>Ends when the last actor has.</summary>
    Task TerminationTask { get; }

    /// <summary>The actor at an absolute path; when there is none, a reference that leads to the dead letters.</summary>
    IActorRef ResolveActorRef(string path);

    IActorRef ResolveActorRef(ActorPath actorPath);

    /// <summary>A fresh path for a reference that lives for one answer.</summary>
    ActorPath TempPath();

    void RegisterTempActor(IInternalActorRef actorRef, ActorPath path);

    void UnregisterTempActor(ActorPath path);

    internal LocalActorRef RootGuardian { get; }

    internal LocalActorRef Guardian { get; }

    internal LocalActorRef SystemGuardian { get; }

    internal void Init(ActorSystemImpl system);

    /// <summary>Makes an actor, which lives once it is started.</summary>
    internal LocalActorRef ActorOf(ActorSystemImpl system, Props props, IInternalActorRef supervisor, string name);

    internal void PublishDeadLetter(object message, IActorRef? sender, IActorRef recipient);
}

/// <summary>The provider of a system whose actors all are in this process.</summary>
internal class LocalActorRefProvider : IActorRefProvider
{
    private readonly TaskCompletionSource _terminated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<string, IInternalActorRef> _temporary = new();
    private readonly ActorPath _tempPath;
    private long _lastTemporary;

    public LocalActorRefProvider(string systemName, Settings settings)
    {
        Settings = settings;
        RootPath = new RootActorPath(new Address("akka", systemName));
        _tempPath = RootPath / "temp";
        DeadLetters = new DeadLetterActorRef(this, RootPath / "deadLetters");
    }

    public Settings Settings { get; }

    public ActorPath RootPath { get; }

    public virtual Address DefaultAddress => RootPath.Address;

    public IActorRef DeadLetters { get; }

    public virtual Task TerminationTask => _terminated.Task;

    public LocalActorRef RootGuardian { get; private set; } = null!;

    public LocalActorRef Guardian { get; private set; } = null!;

    public LocalActorRef SystemGuardian { get; private set; } = null!;

    public virtual void Init(ActorSystemImpl system)
    {
        var internals = Props.Create<RootGuardianActor>().WithDispatcher(Dispatchers.InternalDispatcherId);
        RootGuardian = new RootGuardianRef(system, internals, new AboveTheRoot(this, _terminated), this);
        RootGuardian.Start();
        Guardian = (LocalActorRef)RootGuardian.Cell.ActorOf(
            Props.Create<GuardianActor>().WithDispatcher(Dispatchers.InternalDispatcherId), "user");
        SystemGuardian = (LocalActorRef)RootGuardian.Cell.ActorOf(
            Props.Create<SystemGuardianActor>(Guardian).WithDispatcher(Dispatchers.InternalDispatcherId), "system");
        RootGuardian.Tell(new RootGuardianActor.Watching(SystemGuardian), ActorRefs.NoSender);
    }

    public LocalActorRef ActorOf(ActorSystemImpl system, Props props, IInternalActorRef supervisor, string name) =>
        new(system, props, supervisor, new ChildActorPath(supervisor.Path, name, Random.Shared.NextInt64(1, int.MaxValue)));

    public IActorRef ResolveActorRef(string path) => ActorPath.TryParse(path, out var parsed) ? ResolveActorRef(parsed) : DeadLetters;

    public virtual IActorRef ResolveActorRef(ActorPath actorPath)
    {
        if (HasAddress(actorPath.Address))
        {
            var elements = actorPath.Elements.ToArray();
            if (actorPath.Uid != 0)
                elements[^1] += $"#{actorPath.Uid}";
            var found = RootGuardian.GetChild(elements);
            if (!found.IsNobody())
                return found;
        }
        return new EmptyLocalActorRef(this, actorPath);
    }

    public ActorPath TempPath() => new ChildActorPath(_tempPath, ActorCell.RandomName("$", Interlocked.Increment(ref _lastTemporary)), 0);

    public void RegisterTempActor(IInternalActorRef actorRef, ActorPath path) => _temporary[path.Name] = actorRef;

    public void UnregisterTempActor(ActorPath path) => _temporary.TryRemove(path.Name, out _);

    public void PublishDeadLetter(object message, IActorRef? sender, IActorRef recipient)
    {
        // What was published as a dead letter already must not come back as one.
        if (message is AllDeadLetters)
            return;
        sender ??= DeadLetters;
        Settings.System.EventStream.Publish(message is IDeadLetterSuppression suppressed
            ? new SuppressedDeadLetter(suppressed, sender, recipient)
            : new DeadLetter(message, sender, recipient));
    }

    /// <summary>Whether actors at that address are this system's.</summary>
    protected virtual bool HasAddress(Address address) => address == RootPath.Address;

    private sealed class RootGuardianRef(ActorSystemImpl system, Props props, IInternalActorRef parent, LocalActorRefProvider provider)
        : LocalActorRef(system, props, parent, provider.RootPath)
    {
        public override IActorRefProvider Provider => provider;

        public override IInternalActorRef GetSingleChild(string name) => name switch
        {
            "temp" => new TemporaryActors(provider),
            "deadLetters" => (IInternalActorRef)provider.DeadLetters,
            _ => base.GetSingleChild(name),
        };
    }

    private sealed class TemporaryActors(LocalActorRefProvider provider) : MinimalActorRef
    {
        public override ActorPath Path => provider._tempPath;

        public override IActorRefProvider Provider => provider;

        public override IInternalActorRef Parent => provider.RootGuardian;

        public override IActorRef GetChild(IReadOnlyList<string> name) =>
            name.Count == 1 && provider._temporary.TryGetValue(name[0], out var found) ? found : ActorRefs.Nobody;
    }

    /// <summary>The root guardian's supervisor: all it knows is that the root has ended, or has failed and must end.</summary>
    private sealed class AboveTheRoot(LocalActorRefProvider provider, TaskCompletionSource terminated) : MinimalActorRef
    {
        public override ActorPath Path { get; } = provider.RootPath / "_Root-guardian-supervisor";

        public override IActorRefProvider Provider => provider;

        public override void SendSystemMessage(ISystemMessage message)
        {
            if (message is DeathWatchNotification)
                terminated.TrySetResult();
            else if (message is Failed failed)
                ((IInternalActorRef)failed.Child).Stop();
        }
    }
}
