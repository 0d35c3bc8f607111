using Akka.Configuration;
using Akka.Event;

namespace Akka.Actor;

public sealed class CoordinatedShutdownExtension : ExtensionIdProvider<CoordinatedShutdown>
{
    public override CoordinatedShutdown CreateExtension(ExtendedActorSystem system) => new(system);
}

/// <summary>Ends a system in phases: all tasks of one phase, within its time, before the first of the next.</summary>
public sealed class CoordinatedShutdown : IExtension
{
    public const string PhaseBeforeServiceUnbind = "before-service-unbind";
    public const string PhaseServiceUnbind = "service-unbind";
    public const string PhaseServiceRequestsDone = "service-requests-done";
    public const string PhaseServiceStop = "service-stop";
    public const string PhaseBeforeClusterShutdown = "before-cluster-shutdown";
    public const string PhaseClusterShardingShutdownRegion = "cluster-sharding-shutdown-region";
    public const string PhaseClusterLeave = "cluster-leave";
    public const string PhaseClusterExiting = "cluster-exiting";
    public const string PhaseClusterExitingDone = "cluster-exiting-done";
    public const string PhaseClusterShutdown = "cluster-shutdown";
    public const string PhaseBeforeActorSystemTerminate = "before-actor-system-terminate";
    public const string PhaseActorSystemTerminate = "actor-system-terminate";

    private readonly List<Phase> _phases;
    private readonly ILoggingAdapter _log;
    private readonly Lock _lock = new();
    private Task<Done>? _run;

    internal CoordinatedShutdown(ExtendedActorSystem system)
    {
        System = system;
        _log = Logging.GetLogger(system, "CoordinatedShutdown");
        _phases = InOrder(system.Settings.Config.GetConfig("akka.coordinated-shutdown"));
        if (system.Settings.CoordinatedShutdownTerminateActorSystem)
        {
            AddTask(PhaseActorSystemTerminate, "terminate-system", async () =>
            {
                await ((ActorSystemImpl)system).StopActors();
                return Done.Instance;
            });
        }
    }

    public ExtendedActorSystem System { get; }

    /// <summary>Why the shutdown runs; null while it does not.</summary>
    public Reason? ShutdownReason { get; private set; }

    public TimeSpan TotalTimeout => _phases.Where(phase => phase.Tasks.Count > 0).Aggregate(TimeSpan.Zero, (sum, phase) => sum + phase.Timeout);

    public static CoordinatedShutdown Get(ActorSystem sys) => sys.WithExtension<CoordinatedShutdown, CoordinatedShutdownExtension>();

    /// <exception cref="ConfigurationException">There is no such phase.</exception>
    public void AddTask(string phase, string taskName, Func<Task<Done>> task)
    {
        lock (_lock)
            Find(phase).Tasks.Add((taskName, task));
    }

    /// <summary>Runs the phases, once; later calls get the task of the first.</summary>
    public Task<Done> Run(Reason reason, string? fromPhase = null)
    {
        lock (_lock)
        {
            if (_run != null)
                return _run;
            var first = fromPhase == null ? 0 : _phases.IndexOf(Find(fromPhase));
            ShutdownReason = reason;
            return _run = RunFrom(first);
        }
    }

    private async Task<Done> RunFrom(int first)
    {
        // The caller holds the lock, and a task may ask for it.
        await Task.Yield();
        foreach (var phase in _phases.Skip(first))
        {
            List<(string Name, Func<Task<Done>> Task)> tasks;
            lock (_lock)
                tasks = [.. phase.Tasks];
            if (tasks.Count > 0)
                await RunPhase(phase, tasks);
        }
        return Done.Instance;
    }

    private async Task RunPhase(Phase phase, List<(string Name, Func<Task<Done>> Task)> tasks)
    {
        _log.Debug("Performing phase [{0}] with [{1}] tasks", phase.Name, tasks.Count);
        try
        {
            await Task.WhenAll(tasks.Select(task => RunTask(phase, task.Name, task.Task))).WaitAsync(phase.Timeout);
        }
        catch (TimeoutException) when (phase.Recover)
        {
            _log.Warning("Coordinated shutdown phase [{0}] timed out after {1}", phase.Name, phase.Timeout);
        }
    }

    private async Task RunTask(Phase phase, string name, Func<Task<Done>> task)
    {
        try
        {
            await task();
        }
        catch (Exception failure) when (phase.Recover)
        {
            _log.Warning("Task [{0}] failed in phase [{1}]: {2}", name, phase.Name, failure.Message);
        }
    }

    private Phase Find(string name) => _phases.Find(phase => phase.Name == name)
        ?? throw new ConfigurationException(
            $"Unknown phase [{name}], known phases [{string.Join(",", _phases.Select(phase => phase.Name))}]. All phases must be defined in configuration.");

    // Each phase after those that it depends on.
    private static List<Phase> InOrder(Config config)
    {
        var phases = config.GetConfig("phases");
        var ordered = new List<Phase>();
        var visiting = new HashSet<string>();
        foreach (var (name, _) in phases.AsEnumerable())
            Visit(name);
        return ordered;

        void Visit(string name)
        {
            if (ordered.Exists(phase => phase.Name == name))
                return;
            if (!visiting.Add(name))
                throw new ConfigurationException($"The phases of the coordinated shutdown depend on each other in a circle, at [{name}].");
            var phase = phases.GetConfig(name) ?? Config.Empty;
            foreach (var dependency in phase.GetStringList("depends-on"))
                Visit(dependency);
            ordered.Add(new Phase(
                name, phase.GetTimeSpan("timeout", config.GetTimeSpan("default-phase-timeout")), phase.GetBoolean("recover", true), []));
        }
    }

    private sealed record Phase(string Name, TimeSpan Timeout, bool Recover, List<(string Name, Func<Task<Done>> Task)> Tasks);

    public class Reason
    {
        protected Reason()
        {
        }
    }

    public class UnknownReason : Reason
    {
        public static readonly Reason Instance = new UnknownReason();

        private UnknownReason()
        {
        }
    }

    public class ActorSystemTerminateReason : Reason
    {
        public static readonly Reason Instance = new ActorSystemTerminateReason();

        private ActorSystemTerminateReason()
        {
        }
    }
}
