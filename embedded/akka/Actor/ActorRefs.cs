using Akka.Dispatch.SysMsg;

namespace Akka.Actor;

public interface ICanTell
{
    void Tell(object message, IActorRef sender);
}

/// <summary>The only way to reach an actor. Stays valid for ever: what is told to a dead actor becomes a dead letter.</summary>
public interface IActorRef : ICanTell, IEquatable<IActorRef>
{
    ActorPath Path { get; }
}

/// <summary>What the library itself may do with a reference.</summary>
public interface IInternalActorRef : IActorRef
{
    bool IsLocal { get; }

    IInternalActorRef Parent { get; }

    IActorRefProvider Provider { get; }

    bool IsTerminated { get; }

    /// <summary>The actor below this one at that relative path, or nobody.</summary>
    IActorRef GetChild(IReadOnlyList<string> name);

    void Start();

    void Resume(Exception? causedByFailure = null);

    void Suspend();

    void Restart(Exception cause);

    void Stop();

    void SendSystemMessage(ISystemMessage message);
}

public static class ActorRefImplicitSenderExtensions
{
    /// <summary>Tells with the running actor as the sender, or with none outside of actors.</summary>
    public static void Tell(this IActorRef receiver, object message) => receiver.Tell(message, ActorCell.Current?.Self!);

    /// <summary>Passes the message on with its first sender.</summary>
    public static void Forward(this IActorRef receiver, object message) => receiver.Tell(message, ActorCell.Current?.Sender!);
}

public static class ActorRefs
{
    public static readonly Nobody Nobody = Nobody.Instance;

    /// <summary>No sender: null.</summary>
    public static readonly IActorRef NoSender = null!;
}

public static class ActorRefExtensions
{
    public static bool IsNobody(this IActorRef? actorRef) => actorRef is null or Actor.Nobody;
}

public abstract class ActorRefBase : IActorRef
{
    public abstract ActorPath Path { get; }

    /// <exception cref="ArgumentNullException">The message is null.</exception>
    public void Tell(object message, IActorRef sender)
    {
        ArgumentNullException.ThrowIfNull(message);
        TellInternal(message, sender);
    }

    protected abstract void TellInternal(object message, IActorRef sender);

    public bool Equals(IActorRef? other) => ReferenceEquals(this, other) || (other is not null && Path.Uid == other.Path.Uid && Path.Equals(other.Path));

    public override bool Equals(object? obj) => Equals(obj as IActorRef);

    public override int GetHashCode() => HashCode.Combine(Path.Name, Path.Uid);

    public override string ToString() => Path.Uid == 0 ? $"[{Path}]" : $"[{Path}#{Path.Uid}]";
}

/// <summary>A reference without an actor behind it; by default it takes everything and does nothing.</summary>
public abstract class MinimalActorRef : ActorRefBase, IInternalActorRef
{
    public abstract IActorRefProvider Provider { get; }

    public virtual IInternalActorRef Parent => ActorRefs.Nobody;

    public virtual bool IsTerminated => false;

    public virtual bool IsLocal => true;

    public virtual IActorRef GetChild(IReadOnlyList<string> name) => name.All(string.IsNullOrEmpty) ? this : ActorRefs.Nobody;

    public virtual void Start()
    {
    }

    public virtual void Resume(Exception? causedByFailure = null)
    {
    }

    public virtual void Suspend()
    {
    }

    public virtual void Restart(Exception cause)
    {
    }

    public virtual void Stop()
    {
    }

    public virtual void SendSystemMessage(ISystemMessage message)
    {
    }

    protected override void TellInternal(object message, IActorRef sender)
    {
    }
}

public sealed class Nobody : MinimalActorRef
{
    private Nobody()
    {
    }

    public static readonly Nobody Instance = new();

    public override ActorPath Path { get; } = new RootActorPath(Address.AllSystems, "/Nobody");

    public override IActorRefProvider Provider => throw new NotSupportedException("Nobody does not provide");
}

/// <summary>A path that leads to no actor: messages become dead letters, watchers learn at once that there is nobody.</summary>
internal class EmptyLocalActorRef(IActorRefProvider provider, ActorPath path) : MinimalActorRef
{
    public override ActorPath Path { get; } = path;

    public override IActorRefProvider Provider { get; } = provider;

    public override bool IsTerminated => true;

    public override void SendSystemMessage(ISystemMessage message)
    {
        if (message is Watch watch && !watch.Watcher.Equals(this))
            watch.Watcher.SendSystemMessage(new DeathWatchNotification(watch.Watchee, ExistenceConfirmed: false, AddressTerminated: false));
    }

    protected override void TellInternal(object message, IActorRef sender)
    {
        var unwrapped = message is ActorSelectionMessage selection ? selection.Message : message;
        if (unwrapped is Identify identify)
            sender?.Tell(new ActorIdentity(identify.MessageId, null), ActorRefs.NoSender);
        else
            Provider.PublishDeadLetter(unwrapped, sender, this);
    }
}

/// <summary>Where messages go that cannot be delivered: onto the event stream, as <see cref="Event.DeadLetter"/>.</summary>
internal sealed class DeadLetterActorRef(IActorRefProvider provider, ActorPath path) : EmptyLocalActorRef(provider, path)
{
    public override bool IsTerminated => false;

    protected override void TellInternal(object message, IActorRef sender)
    {
        if (message is Event.AllDeadLetters letter)
            Provider.Settings.System.EventStream.Publish(letter);
        else
            base.TellInternal(message, sender);
    }
}
