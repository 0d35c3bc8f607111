using Akka.Event;

namespace Akka.Actor;

/// <summary>Tells a guardian to stop one of its children, which only it may do.</summary>
internal sealed record StopChild(IActorRef Child);

/// <summary>The top of the tree: stops when /system has.</summary>
internal sealed class RootGuardianActor : UntypedActor
{
    public sealed record Watching(IActorRef SystemGuardian);

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    protected override void OnReceive(object message)
    {
        if (message is Watching watching)
            Context.Watch(watching.SystemGuardian);
        else if (message is Terminated)
            Context.Stop(Self);
    }
}

/// <summary>/user, the parent of the program's own actors.</summary>
internal sealed class GuardianActor : UntypedActor
{
    protected override void PreRestart(Exception reason, object message)
    {
        // A guardian keeps its children.
    }

    protected override void OnReceive(object message)
    {
        if (message is StopChild stop)
            Context.Stop(stop.Child);
        else
            Context.System.DeadLetters.Tell(new DeadLetter(message, Sender, Self), Sender);
    }
}

/// <summary>/system, the parent of the library's actors: stops after /user, its loggers last.</summary>
internal sealed class SystemGuardianActor(IActorRef userGuardian) : UntypedActor
{
    private readonly HashSet<IActorRef> _loggers = [];

    protected override void PreStart() => Context.Watch(userGuardian);

    protected override void PreRestart(Exception reason, object message)
    {
        // A guardian keeps its children.
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case StopChild stop:
                Context.Stop(stop.Child);
                break;
            case Terminated terminated when terminated.ActorRef.Equals(userGuardian):
                // Behind what they have still to print.
                foreach (var logger in Context.System.EventStream.StopDefaultLoggers(Context.System.Settings))
                {
                    _loggers.Add(Context.Watch(logger));
                    logger.Tell(PoisonPill.Instance);
                }
                StopWithoutLoggers();
                break;
            case Terminated terminated:
                _loggers.Remove(terminated.ActorRef);
                StopWithoutLoggers();
                break;
            default:
                Context.System.DeadLetters.Tell(new DeadLetter(message, Sender, Self), Sender);
                break;
        }
    }

    private void StopWithoutLoggers()
    {
        if (_loggers.Count == 0)
            Context.Stop(Self);
    }
}
