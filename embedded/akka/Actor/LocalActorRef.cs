using Akka.Dispatch.SysMsg;

namespace Akka.Actor;

/// <summary>A reference to an actor in this process.</summary>
internal class LocalActorRef : ActorRefBase, IInternalActorRef
{
    public LocalActorRef(ActorSystemImpl system, Props props, IInternalActorRef parent, ActorPath path)
    {
        Path = path;
        Parent = parent;
        Cell = new ActorCell(system, this, props);
    }

    public ActorCell Cell { get; }

    public override ActorPath Path { get; }

    public IInternalActorRef Parent { get; }

    public virtual IActorRefProvider Provider => Cell.SystemImpl.Provider;

    public bool IsTerminated => Cell.Mailbox.IsClosed;

    public bool IsLocal => true;

    protected override void TellInternal(object message, IActorRef sender) => Cell.Mailbox.Enqueue(new Envelope(message, sender));

    public void SendSystemMessage(ISystemMessage message) => Cell.Mailbox.EnqueueSystem((SystemMessage)message);

    public void Start() => SendSystemMessage(new Create());

    public void Resume(Exception? causedByFailure = null) => SendSystemMessage(new Resume(causedByFailure));

    public void Suspend() => SendSystemMessage(new Suspend());

    public void Restart(Exception cause) => SendSystemMessage(new Recreate(cause));

    public void Stop() => SendSystemMessage(new Terminate());

    public virtual IInternalActorRef GetSingleChild(string name) => Cell.GetSingleChild(name);

    public IActorRef GetChild(IReadOnlyList<string> name)
    {
        IInternalActorRef current = this;
        for (var index = 0; index < name.Count; index++)
        {
            if (current is not LocalActorRef local)
                return current.GetChild(name.Skip(index).ToList());
            current = name[index] switch
            {
                "" => current,
                ".." => current.Parent,
                var child => local.GetSingleChild(child),
            };
        }
        return current;
    }
}
