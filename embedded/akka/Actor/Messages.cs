using Akka.Event;

namespace Akka.Actor;

/// <summary>A message that the cell handles itself, in its place among the other messages.</summary>
public interface IAutoReceivedMessage;

/// <summary>A message that does not put off the receive timeout.</summary>
public interface INotInfluenceReceiveTimeout;

/// <summary>A message that carries another.</summary>
public interface IWrappedMessage
{
    object Message { get; }
}

public readonly struct Envelope(object message, IActorRef sender)
{
    public IActorRef Sender { get; } = sender;

    public object Message { get; } = message;

    public override string ToString() => $"<{Message ?? "null"}> from {Sender?.ToString() ?? "NoSender"}";
}

/// <summary>A watched actor is dead.</summary>
public sealed class Terminated(IActorRef actorRef, bool existenceConfirmed, bool addressTerminated)
    : IAutoReceivedMessage, IDeadLetterSuppression
{
    public IActorRef ActorRef { get; } = actorRef;

    /// <summary>Whether the actor's whole node is gone.</summary>
    public bool AddressTerminated { get; } = addressTerminated;

    /// <summary>Whether the actor was seen alive; false when it was dead already when it was watched.</summary>
    public bool ExistenceConfirmed { get; } = existenceConfirmed;

    public override string ToString() => $"<Terminated>: {ActorRef} - ExistenceConfirmed={ExistenceConfirmed}";
}

/// <summary>Asks an actor for its reference; the cell answers with <see cref="ActorIdentity"/>.</summary>
public sealed class Identify(object? messageId) : IAutoReceivedMessage, INotInfluenceReceiveTimeout
{
    public object MessageId { get; } = messageId!;

    public override string ToString() => $"<Identify>: {MessageId}";
}

/// <summary>The answer to <see cref="Identify"/>; <see cref="Subject"/> is null when there is no such actor.</summary>
public sealed class ActorIdentity(object? messageId, IActorRef? subject)
{
    public object MessageId { get; } = messageId!;

    public IActorRef Subject { get; } = subject!;

    public override string ToString() => $"<ActorIdentity>: {Subject} - MessageId={MessageId}";
}

/// <summary>Stops the actor once the messages before it are handled.</summary>
public sealed class PoisonPill : IAutoReceivedMessage, IDeadLetterSuppression
{
    private PoisonPill()
    {
    }

    public static PoisonPill Instance { get; } = new();

    public override string ToString() => "<PoisonPill>";
}

/// <summary>Makes the actor fail with <see cref="ActorKilledException"/>.</summary>
public sealed class Kill : IAutoReceivedMessage
{
    private Kill()
    {
    }

    public static Kill Instance { get; } = new();

    public override string ToString() => "<Kill>";
}

/// <summary>No message came for as long as <see cref="IActorContext.SetReceiveTimeout"/> said.</summary>
public class ReceiveTimeout
{
    private ReceiveTimeout()
    {
    }

    public static ReceiveTimeout Instance { get; } = new();
}

public abstract class Status
{
    public sealed class Success(object? status) : Status
    {
        public static readonly Success Instance = new(null);

        public readonly object Status = status!;

        public override string ToString() => Status is null ? "Success" : $"Success: {Status}";
    }

    public sealed class Failure : Status
    {
        public readonly Exception Cause;
        public readonly object State;

        public Failure(Exception cause)
            : this(cause, null)
        {
        }

        public Failure(Exception cause, object? state)
        {
            Cause = cause;
            State = state!;
        }

        public override string ToString() => $"Failure: {Cause}";
    }
}
