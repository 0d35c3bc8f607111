using System.Collections.Immutable;
using Akka.Actor;
using Akka.Configuration;
using Akka.Remote;

namespace Akka.Cluster;

/// <summary>A node's place in the cluster.</summary>
public class Cluster
{
    private readonly IActorRef _daemon;
    private readonly Lazy<IDowningProvider> _downingProvider;
    private readonly Lock _callbackLock = new();
    private Func<Task>? _exitTasks;
    private Action? _onRemoved;
    private volatile ClusterEvent.CurrentClusterState _state = new();
    private volatile MembershipState _membership;
    private volatile bool _isTerminated;

    internal Cluster(ActorSystemImpl system)
    {
        System = system;
        if (system.Settings.ProviderName != "cluster")
            throw new ConfigurationException($"ActorSystem {system} is not part of a cluster: set akka.actor.provider = cluster.");
        var remoting = ((RemoteActorRefProvider)system.Provider).Remoting;
        Settings = new ClusterSettings(system.Settings.Config, system.Name);
        SelfUniqueAddress = new UniqueAddress(remoting.LocalAddress, remoting.Uid);
        _membership = new MembershipState(Gossip.Empty, SelfUniqueAddress);
        _downingProvider = new Lazy<IDowningProvider>(() => (IDowningProvider)Activator.CreateInstance(Settings.DowningProviderType, system, this)!);
        _daemon = system.SystemActorOf(
            Props.Create(() => new ClusterDaemon(this, remoting)).WithDispatcher(Dispatch.Dispatchers.InternalDispatcherId), "cluster");
    }

    public ExtendedActorSystem System { get; }

    public ClusterSettings Settings { get; }

    public UniqueAddress SelfUniqueAddress { get; }

    public Address SelfAddress => SelfUniqueAddress.Address;

    public ImmutableHashSet<string> SelfRoles => Settings.Roles;

    /// <summary>What this node knows now. Changes before the events of the change are sent.</summary>
    public ClusterEvent.CurrentClusterState State => _state;

    public Member SelfMember => State.Members.FirstOrDefault(member => member.UniqueAddress.Equals(SelfUniqueAddress))
        ?? new Member(SelfUniqueAddress, int.MaxValue, MemberStatus.Removed, SelfRoles);

    public bool IsUp => SelfMember.Status == MemberStatus.Up;

    /// <summary>Whether this node has left for good, was downed or removed.</summary>
    public bool IsTerminated => _isTerminated;

    public IDowningProvider DowningProvider => _downingProvider.Value;

    /// <exception cref="ConfigurationException">The system is not configured to be part of a cluster.</exception>
    public static Cluster Get(ActorSystem system) => ((ActorSystemImpl)system).Cluster;

    public void Subscribe(IActorRef subscriber, params Type[] to) =>
        Subscribe(subscriber, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsSnapshot, to);

    /// <exception cref="ArgumentException">A type is no event of the cluster, or there is none.</exception>
    public void Subscribe(IActorRef subscriber, ClusterEvent.SubscriptionInitialStateMode initialStateMode, params Type[] to)
    {
        if (to.Length == 0)
            throw new ArgumentException("At least one `IClusterDomainEvent` class is required", nameof(to));
        if (!Array.TrueForAll(to, type => type.IsAssignableTo(typeof(ClusterEvent.IClusterDomainEvent))))
            throw new ArgumentException($"Subscribe to `IClusterDomainEvent` or subclasses, was [{string.Join(", ", to.Select(type => type.Name))}]", nameof(to));
        _daemon.Tell(new ClusterDaemon.Subscribe(subscriber, initialStateMode, to));
    }

    public void Unsubscribe(IActorRef subscriber) => Unsubscribe(subscriber, null!);

    public void Unsubscribe(IActorRef subscriber, Type to) => _daemon.Tell(new ClusterDaemon.Unsubscribe(subscriber, to));

    /// <summary>Sends a <see cref="ClusterEvent.CurrentClusterState"/>.</summary>
    public void SendCurrentClusterState(IActorRef receiver) => receiver.Tell(State);

    /// <summary>Joins the cluster of the node at that address; a node that joins itself starts a cluster.</summary>
    public void Join(Address address) => _daemon.Tell(new ClusterDaemon.JoinSeedNodes([address]));

    /// <summary>Joins the cluster of whichever of these nodes answers; the first of them starts one if none does.</summary>
    public void JoinSeedNodes(IEnumerable<Address> seedNodes) => _daemon.Tell(new ClusterDaemon.JoinSeedNodes([.. seedNodes]));

    /// <summary>Lets a member leave: it hands over its singletons, is removed, and ends its actor system.</summary>
    public void Leave(Address address) => _daemon.Tell(new ClusterDaemon.Move(address, MemberStatus.Leaving));

    /// <summary>Leaves, and waits until this node is removed.</summary>
    public Task LeaveAsync()
    {
        var removed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        RegisterOnMemberRemoved(removed.SetResult);
        Leave(SelfAddress);
        return removed.Task;
    }

    public Task LeaveAsync(CancellationToken cancellationToken) => LeaveAsync().WaitAsync(cancellationToken);

    /// <summary>Declares a member dead.</summary>
    public void Down(Address address) => _daemon.Tell(new ClusterDaemon.Move(address, MemberStatus.Down));

    /// <summary>Runs code when this node is Up; at once if it is.</summary>
    public void RegisterOnMemberUp(Action callback) => _daemon.Tell(new ClusterDaemon.OnMemberUp(callback));

    /// <summary>Runs code when this node has left, was downed or removed, or its actor system ends; at once if that has happened.</summary>
    public void RegisterOnMemberRemoved(Action callback)
    {
        lock (_callbackLock)
        {
            if (!IsTerminated)
            {
                _onRemoved += callback;
                return;
            }
        }
        callback();
    }

    /// <summary>What has to end before this node may say that it is gone.</summary>
    internal void AddExitTask(Func<Task> task)
    {
        lock (_callbackLock)
            _exitTasks += task;
    }

    internal void RemoveExitTask(Func<Task> task)
    {
        lock (_callbackLock)
            _exitTasks -= task;
    }

    internal Task RunExitTasks()
    {
        lock (_callbackLock)
        {
            var running = new List<Task>();
            foreach (var task in Delegate.EnumerateInvocationList(_exitTasks))
                running.Add(task());
            return Task.WhenAll(running);
        }
    }

    /// <summary>The same as <see cref="State"/>, and who observes what.</summary>
    internal MembershipState Membership => _membership;

    internal void Publish(MembershipState state)
    {
        _membership = state;
        _state = new ClusterEvent.CurrentClusterState(state);
    }

    /// <returns>What the program wants to run now.</returns>
    internal Action? Terminate()
    {
        lock (_callbackLock)
        {
            _isTerminated = true;
            return Interlocked.Exchange(ref _onRemoved, null);
        }
    }
}
