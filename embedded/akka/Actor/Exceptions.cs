namespace Akka.Actor;

public abstract class AkkaException : Exception
{
    protected AkkaException()
    {
    }

    protected AkkaException(string? message, Exception? cause = null)
        : base(message, cause)
    {
    }
}

public class InvalidActorNameException(string message) : AkkaException(message);

public class IllegalActorStateException(string message) : AkkaException(message);

public class AskTimeoutException(string message) : AkkaException(message);

public class SchedulerException(string message) : AkkaException(message);

public class ActorNotFoundException(string message, Exception? innerException = null) : AkkaException(message, innerException);

public class ActorKilledException(string message) : AkkaException(message);

/// <summary>An actor could not be made: its constructor or PreStart threw, which is the inner exception.</summary>
public class ActorInitializationException : AkkaException
{
    public ActorInitializationException(string message)
        : base(message)
    {
    }

    public ActorInitializationException(IActorRef? actor, string message, Exception? cause = null)
        : base(message, cause)
    {
        Actor = actor;
    }

    public IActorRef? Actor { get; }

    public override string ToString() => Actor == null ? base.ToString() : $"{Actor}: {base.ToString()}";
}

/// <summary>The hook that runs before a restart threw; the restart goes on.</summary>
public class PreRestartException(IActorRef actor, Exception restartException, Exception cause, object? optionalMessage)
    : ActorInitializationException(actor, $"Exception in PreRestart({cause?.GetType().Name ?? "null"}, {optionalMessage?.GetType().Name ?? "null"})", restartException)
{
    public Exception RestartException { get; } = restartException;

    public object? OptionalMessage { get; } = optionalMessage;
}

/// <summary>The new instance's constructor or PostRestart threw.</summary>
public class PostRestartException(IActorRef actor, Exception cause, Exception originalCause)
    : ActorInitializationException(actor, $"Exception in PostRestart ({originalCause?.GetType().Name ?? "null"})", cause)
{
    public Exception OriginalCause { get; } = originalCause;
}

/// <summary>An actor that was watched has died, and the watcher does not handle <see cref="Terminated"/>.</summary>
public class DeathPactException(IActorRef deadActor) : AkkaException($"Monitored actor [{deadActor}] terminated")
{
    public IActorRef DeadActor { get; } = deadActor;
}
