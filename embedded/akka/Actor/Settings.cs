using Akka.Configuration;
using Akka.Event;

namespace Akka.Actor;

/// <summary>The system's configuration, and what the library reads from it.</summary>
public class Settings
{
    public Settings(ActorSystem system, Config config)
    {
        System = system;
        Config = config.WithFallback(ConfigurationFactory.Default());
        ProviderName = Config.GetString("akka.actor.provider");
        AskTimeout = Config.GetTimeSpan("akka.actor.ask-timeout");
        Loggers = Config.GetStringList("akka.loggers");
        LogLevel = Config.GetString("akka.loglevel");
        StdoutLogLevel = Config.GetString("akka.stdout-loglevel");
        LogDeadLetters = Config.GetString("akka.log-dead-letters").ToLowerInvariant() switch
        {
            "on" or "true" => int.MaxValue,
            "off" or "false" => 0,
            _ => Config.GetInt("akka.log-dead-letters"),
        };
        LogDeadLettersDuringShutdown = Config.GetBoolean("akka.log-dead-letters-during-shutdown");
        LogDeadLettersSuspendDuration = Config.GetTimeSpan("akka.log-dead-letters-suspend-duration");
    }

    public ActorSystem System { get; }

    public Config Config { get; }

    /// <summary>local, remote or cluster.</summary>
    internal string ProviderName { get; }

    public TimeSpan AskTimeout { get; }

    public IList<string> Loggers { get; }

    public string LogLevel { get; }

    public string StdoutLogLevel { get; }

    public MinimalLogger StdoutLogger { get; } = new StandardOutLogger();

    public int LogDeadLetters { get; }

    public bool LogDeadLettersDuringShutdown { get; }

    public TimeSpan LogDeadLettersSuspendDuration { get; }
}
