using System.Globalization;

namespace Akka.Event;

public enum LogLevel
{
    DebugLevel,
    InfoLevel,
    WarningLevel,
    ErrorLevel,
}

/// <summary>A line of the log, on its way through the event stream.</summary>
public abstract class LogEvent
{
    private protected LogEvent(Exception? cause, string logSource, Type logClass, object message)
    {
        Cause = cause!;
        LogSource = logSource;
        LogClass = logClass;
        Message = message;
    }

    /// <summary>The exception, or null.</summary>
    public Exception Cause { get; }

    public DateTime Timestamp { get; } = DateTime.UtcNow;

    public Thread Thread { get; } = Thread.CurrentThread;

    public string LogSource { get; }

    public Type LogClass { get; }

    public object Message { get; }

    public abstract LogLevel LogLevel();

    public override string ToString()
    {
        var level = LogLevel().StringFor();
        var line = $"[{level}][{Timestamp:MM/dd/yyyy HH:mm:ss.fffK}][Thread {Thread.ManagedThreadId:0000}][{LogSource}] {Message}";
        return Cause == null ? line : $"{line}{Environment.NewLine}Cause: {Cause}";
    }
}

public class Debug : LogEvent
{
    public Debug(string logSource, Type logClass, object message)
        : this(null, logSource, logClass, message)
    {
    }

    public Debug(Exception? cause, string logSource, Type logClass, object message)
        : base(cause, logSource, logClass, message)
    {
    }

    public override LogLevel LogLevel() => Event.LogLevel.DebugLevel;
}

public class Info : LogEvent
{
    public Info(string logSource, Type logClass, object message)
        : this(null, logSource, logClass, message)
    {
    }

    public Info(Exception? cause, string logSource, Type logClass, object message)
        : base(cause, logSource, logClass, message)
    {
    }

    public override LogLevel LogLevel() => Event.LogLevel.InfoLevel;
}

public class Warning : LogEvent
{
    public Warning(string logSource, Type logClass, object message)
        : this(null, logSource, logClass, message)
    {
    }

    public Warning(Exception? cause, string logSource, Type logClass, object message)
        : base(cause, logSource, logClass, message)
    {
    }

    public override LogLevel LogLevel() => Event.LogLevel.WarningLevel;
}

public class Error(Exception? cause, string logSource, Type logClass, object message) : LogEvent(cause, logSource, logClass, message)
{
    public override LogLevel LogLevel() => Event.LogLevel.ErrorLevel;
}

/// <summary>A text with its arguments, put together only if somebody prints it.</summary>
public abstract class LogMessage(string format)
{
    public string Format { get; } = format;

    public abstract IEnumerable<object> Parameters();
}

internal sealed class FormattedMessage(string format, object?[] arguments) : LogMessage(format)
{
    public override IEnumerable<object> Parameters() => arguments!;

    public override string ToString() => string.Format(CultureInfo.InvariantCulture, Format, arguments);
}
