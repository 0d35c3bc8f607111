using Akka.Actor;

namespace Akka.Event;

/// <summary>The first message to a logger actor, which answers with <see cref="LoggerInitialized"/>.</summary>
public class InitializeLogger(LoggingBus loggingBus)
{
    public LoggingBus LoggingBus { get; } = loggingBus;
}

public class LoggerInitialized : IDeadLetterSuppression;

/// <summary>A logger that works without an actor: while the system starts, and while it ends.</summary>
public abstract class MinimalLogger : MinimalActorRef
{
    public sealed override ActorPath Path { get; } = new RootActorPath(Address.AllSystems, "/StandardOutLogger");

    public sealed override IActorRefProvider Provider => throw new NotSupportedException("This logger does not provide.");

    protected sealed override void TellInternal(object message, IActorRef sender) => Log(message);

    protected abstract void Log(object message);
}

public class StandardOutLogger : MinimalLogger
{
    protected override void Log(object message) => Print(message);

    internal static void Print(object message)
    {
        try
        {
            Console.WriteLine(message);
        }
        catch (FormatException failure) when (message is LogEvent { Message: LogMessage text } logEvent)
        {
            Console.WriteLine($"[ERROR][{logEvent.LogSource}] The log message '{text.Format}' does not fit its arguments: {failure.Message}");
        }
    }
}

/// <summary>Writes the log to the standard output.</summary>
public class DefaultLogger : ActorBase
{
    protected override bool Receive(object message)
    {
        switch (message)
        {
            case InitializeLogger:
                Sender.Tell(new LoggerInitialized());
                return true;
            case LogEvent logEvent:
                Print(logEvent);
                return true;
            default:
                return false;
        }
    }

    protected virtual void Print(LogEvent logEvent) => StandardOutLogger.Print(logEvent);
}
