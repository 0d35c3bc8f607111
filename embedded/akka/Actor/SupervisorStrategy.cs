using Akka.Event;

namespace Akka.Actor;

/// <summary>What a supervisor does about a child's failure.</summary>
public enum Directive
{
    Resume,
    Restart,
    Escalate,
    Stop,
}

public static class DirectiveExtensions
{
    public static KeyValuePair<Type, Directive> When<TException>(this Directive self)
        where TException : Exception => new(typeof(TException), self);
}

public interface IDecider
{
    Directive Decide(Exception cause);
}

public static class Decider
{
    public static DeployableDecider From(Directive defaultDirective, params KeyValuePair<Type, Directive>[] pairs) => new(defaultDirective, pairs);

    public static LocalOnlyDecider From(Func<Exception, Directive> localOnlyDecider) => new(localOnlyDecider);
}

public class LocalOnlyDecider(Func<Exception, Directive> decider) : IDecider
{
    public Directive Decide(Exception cause) => decider(cause);
}

/// <summary>The directive of the first pair whose type the exception is.</summary>
public class DeployableDecider(Directive defaultDirective, params KeyValuePair<Type, Directive>[] pairs) : IDecider
{
    public Directive DefaultDirective { get; } = defaultDirective;

    public KeyValuePair<Type, Directive>[] Pairs { get; } = pairs;

    public Directive Decide(Exception cause)
    {
        foreach (var (type, directive) in Pairs)
        {
            if (type.IsInstanceOfType(cause))
                return directive;
        }
        return DefaultDirective;
    }
}

public abstract class SupervisorStrategy
{
    public static readonly IDecider DefaultDecider = Actor.Decider.From(
        Directive.Restart,
        Directive.Stop.When<ActorInitializationException>(),
        Directive.Stop.When<ActorKilledException>(),
        Directive.Stop.When<DeathPactException>());

    public static readonly SupervisorStrategy DefaultStrategy = new OneForOneStrategy(DefaultDecider);

    public static readonly OneForOneStrategy StoppingStrategy = new(_ => Directive.Stop);

    private protected SupervisorStrategy(int maxNrOfRetries, int withinTimeMilliseconds, IDecider decider, bool loggingEnabled)
    {
        MaxNumberOfRetries = maxNrOfRetries;
        WithinTimeRangeMilliseconds = withinTimeMilliseconds;
        Decider = decider;
        LoggingEnabled = loggingEnabled;
    }

    public IDecider Decider { get; }

    /// <summary>0 for none, negative for no limit.</summary>
    public int MaxNumberOfRetries { get; }

    /// <summary>The time within which restarts count together; negative for ever.</summary>
    public int WithinTimeRangeMilliseconds { get; }

    protected bool LoggingEnabled { get; set; }

    protected virtual Directive Handle(IActorRef child, Exception exception) => Decider.Decide(exception);

    protected virtual void LogFailure(IActorContext context, IActorRef child, Exception cause, Directive directive)
    {
        if (!LoggingEnabled || directive == Directive.Escalate)
            return;
        var message = cause is ActorInitializationException { InnerException: { } inner } ? inner.Message : cause.Message;
        var source = child.Path.ToString();
        context.System.EventStream.Publish(directive == Directive.Resume
            ? new Warning(cause, source, GetType(), message)
            : new Error(cause, source, GetType(), message));
    }

    /// <returns>False to make the supervisor itself fail with the cause.</returns>
    internal bool HandleFailure(ActorCell supervisor, IActorRef child, Exception cause, ChildRestartStats stats, IReadOnlyCollection<ChildRestartStats> children)
    {
        var directive = Handle(child, cause);
        LogFailure(supervisor, child, cause, directive);
        switch (directive)
        {
            case Directive.Resume:
                stats.Child.Resume(cause);
                return true;
            case Directive.Restart:
                ProcessFailure(supervisor, true, cause, stats, children);
                return true;
            case Directive.Stop:
                ProcessFailure(supervisor, false, cause, stats, children);
                return true;
            default:
                return false;
        }
    }

    private protected abstract void ProcessFailure(
        ActorCell supervisor, bool restart, Exception cause, ChildRestartStats failed, IReadOnlyCollection<ChildRestartStats> children);

    private protected bool MayRestart(ActorCell supervisor, ChildRestartStats child) => child.RequestRestartPermission(
        MaxNumberOfRetries, TimeSpan.FromMilliseconds(WithinTimeRangeMilliseconds), supervisor.System.Scheduler.Now);

    private protected static int Milliseconds(TimeSpan? window) => window is { } span && span != Timeout.InfiniteTimeSpan ? (int)span.TotalMilliseconds : -1;
}

/// <summary>Treats the failed child alone.</summary>
public class OneForOneStrategy : SupervisorStrategy
{
    public OneForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, Func<Exception, Directive> localOnlyDecider)
        : this(maxNrOfRetries ?? -1, Milliseconds(withinTimeRange), localOnlyDecider)
    {
    }

    public OneForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, IDecider decider)
        : this(maxNrOfRetries ?? -1, Milliseconds(withinTimeRange), decider)
    {
    }

    public OneForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, Func<Exception, Directive> localOnlyDecider, bool loggingEnabled = true)
        : this(maxNrOfRetries, withinTimeMilliseconds, Actor.Decider.From(localOnlyDecider), loggingEnabled)
    {
    }

    public OneForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, IDecider decider, bool loggingEnabled = true)
        : base(maxNrOfRetries, withinTimeMilliseconds, decider, loggingEnabled)
    {
    }

    public OneForOneStrategy(Func<Exception, Directive> localOnlyDecider)
        : this(-1, -1, localOnlyDecider)
    {
    }

    public OneForOneStrategy(IDecider decider)
        : this(-1, -1, decider)
    {
    }

    private protected override void ProcessFailure(
        ActorCell supervisor, bool restart, Exception cause, ChildRestartStats failed, IReadOnlyCollection<ChildRestartStats> children)
    {
        if (restart && MayRestart(supervisor, failed))
            failed.Child.Restart(cause);
        else
            supervisor.Stop(failed.Child);
    }
}

/// <summary>Treats all children as the failed one.</summary>
public class AllForOneStrategy : SupervisorStrategy
{
    public AllForOneStrategy(int? maxNrOfRetries, TimeSpan? withinTimeRange, Func<Exception, Directive> localOnlyDecider)
        : this(maxNrOfRetries ?? -1, Milliseconds(withinTimeRange), localOnlyDecider)
    {
    }

    public AllForOneStrategy(int maxNrOfRetries, int withinTimeMilliseconds, Func<Exception, Directive> localOnlyDecider, bool loggingEnabled = true)
        : base(maxNrOfRetries, withinTimeMilliseconds, Actor.Decider.From(localOnlyDecider), loggingEnabled)
    {
    }

    public AllForOneStrategy(Func<Exception, Directive> localOnlyDecider)
        : this(-1, -1, localOnlyDecider)
    {
    }

    private protected override void ProcessFailure(
        ActorCell supervisor, bool restart, Exception cause, ChildRestartStats failed, IReadOnlyCollection<ChildRestartStats> children)
    {
        var all = restart && children.All(child => MayRestart(supervisor, child));
        foreach (var child in children)
        {
            if (!all)
                supervisor.Stop(child.Child);
            else
            {
                // The failed child is suspended already.
                if (child != failed)
                    child.Child.Suspend();
                child.Child.Restart(cause);
            }
        }
    }
}
