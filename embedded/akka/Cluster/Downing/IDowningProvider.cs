using Akka.Actor;

namespace Akka.Cluster;

/// <summary>Decides when an unreachable member counts as dead. Made with the actor system and the cluster.</summary>
public interface IDowningProvider
{
    /// <summary>How long after a removal the work of the removed node may be taken over.</summary>
    TimeSpan DownRemovalMargin { get; }

    /// <summary>The actor that decides; null for none.</summary>
    Props? DowningActorProps { get; }
}

/// <summary>Leaves the decision to people.</summary>
public sealed class NoDowning : IDowningProvider
{
    public NoDowning(ActorSystem system, Cluster cluster) => DownRemovalMargin = cluster.Settings.DownRemovalMargin;

    public TimeSpan DownRemovalMargin { get; }

    public Props? DowningActorProps => null;
}
