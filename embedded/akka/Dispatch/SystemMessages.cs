using Akka.Actor;

namespace Akka.Dispatch.SysMsg;

/// <summary>What the cells of parents, children and watchers tell each other; handled before any ordinary message.</summary>
public interface ISystemMessage;

/// <summary>An instance must never be sent twice: the mailbox links it through <see cref="Next"/>.</summary>
internal abstract record SystemMessage : ISystemMessage
{
    public SystemMessage? Next { get; set; }
}

internal sealed record Create : SystemMessage;

/// <summary>Restart.</summary>
internal sealed record Recreate(Exception Cause) : SystemMessage;

internal sealed record Suspend : SystemMessage;

internal sealed record Resume(Exception? CausedByFailure) : SystemMessage;

/// <summary>Stop.</summary>
internal sealed record Terminate : SystemMessage;

internal sealed record Watch(IInternalActorRef Watchee, IInternalActorRef Watcher) : SystemMessage;

internal sealed record Unwatch(IInternalActorRef Watchee, IInternalActorRef Watcher) : SystemMessage;

internal sealed record DeathWatchNotification(IActorRef Actor, bool ExistenceConfirmed, bool AddressTerminated) : SystemMessage;

/// <summary>A child tells its parent that it failed.</summary>
internal sealed record Failed(IActorRef Child, Exception Cause) : SystemMessage;

/// <summary>Continues an asynchronous message handler on the actor, as part of the message that it handles.</summary>
internal sealed record RunContinuation(ActorTaskScheduler Scheduler, Task Continuation) : SystemMessage;

/// <summary>An asynchronous message handler has ended.</summary>
internal sealed record HandlerCompleted(ActorTaskScheduler Scheduler, Task Handler) : SystemMessage;
