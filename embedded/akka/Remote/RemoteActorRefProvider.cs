using Akka.Actor;
using Akka.Configuration;

namespace Akka.Remote;

/// <summary>The provider of a system that other systems can reach: its own actors, and references to those of others.</summary>
internal sealed class RemoteActorRefProvider(string systemName, Settings settings) : LocalActorRefProvider(systemName, settings)
{
    private Task _terminated = Task.CompletedTask;

    /// <summary>The connections to other systems.</summary>
    public Remoting Remoting { get; private set; } = null!;

    /// <summary>Where other systems find this one.</summary>
    public override Address DefaultAddress => Remoting.LocalAddress;

    public override Task TerminationTask => _terminated;

    /// <exception cref="RemoteTransportException">The configured port cannot be had.</exception>
    /// <exception cref="ConfigurationException">A setting of akka.remote is wrong.</exception>
    public override void Init(ActorSystemImpl system)
    {
        Remoting = new Remoting(system, this, new RemoteSettings(Settings.Config));
        base.Init(system);
        _terminated = ShutDownAfterTheLastActor();
        Remoting.Start();
    }

    public override IActorRef ResolveActorRef(ActorPath actorPath) =>
        actorPath.Address.HasLocalScope || actorPath.Address == DefaultAddress
            ? base.ResolveActorRef(actorPath)
            : new RemoteActorRef(this, actorPath);

    protected override bool HasAddress(Address address) => base.HasAddress(address) || address == DefaultAddress;

    private async Task ShutDownAfterTheLastActor()
    {
        await base.TerminationTask;
        await Remoting.DisposeAsync();
    }
}
