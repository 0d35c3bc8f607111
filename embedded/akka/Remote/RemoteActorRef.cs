using Akka.Actor;
using Akka.Dispatch.SysMsg;

namespace Akka.Remote;

/// <summary>A reference to an actor in another system. Whether there is one is known there only.</summary>
internal sealed class RemoteActorRef(RemoteActorRefProvider provider, ActorPath path) : MinimalActorRef
{
    private Association? _association;

    public override ActorPath Path { get; } = path;

    public override IActorRefProvider Provider => provider;

    public override bool IsLocal => false;

    /// <summary>The way to the actor's system.</summary>
    public Association Association => _association ??= provider.Remoting.AssociationWith(Path.Address);

    public override void SendSystemMessage(ISystemMessage message)
    {
        switch (message)
        {
            case Watch watch:
                provider.Remoting.Watcher.Watch(watch);
                break;
            case Unwatch unwatch:
                provider.Remoting.Watcher.Unwatch(unwatch);
                break;
            default:
                Association.Send(message, null, this);
                break;
        }
    }

    protected override void TellInternal(object message, IActorRef sender) => Association.Send(message, sender, this);
}
