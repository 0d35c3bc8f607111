using Akka.Actor;

namespace Akka.Remote;

/// <summary>Remoting cannot start, or is used when it does not run.</summary>
public class RemoteTransportException(string message, Exception? cause = null) : AkkaException(message, cause);

/// <summary>What remoting tells the event stream.</summary>
public abstract class RemotingLifecycleEvent;

/// <summary>The other system refuses this one for good: it has to begin anew, under a new uid.</summary>
public sealed class ThisActorSystemQuarantinedEvent(Address localAddress, Address remoteAddress) : RemotingLifecycleEvent
{
    public Address LocalAddress { get; } = localAddress;

    public Address RemoteAddress { get; } = remoteAddress;

    public override string ToString() => $"The remote system {RemoteAddress} has quarantined this system {LocalAddress}.";
}

/// <summary>A message that travels on the connection for heartbeats and gossip, never behind a large one.</summary>
internal interface IControlMessage;

/// <summary>A connection to or from a known system ended without a goodbye: a reason to suspect its death at once.</summary>
internal sealed record ConnectionLost(Address Address, int Uid);
