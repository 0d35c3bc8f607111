using Akka.Actor;
using Akka.Configuration.Hocon;

namespace Akka.Configuration;

public class ConfigurationException : AkkaException
{
    public ConfigurationException(string message)
        : base(message)
    {
    }

    public ConfigurationException(string message, Exception? exception)
        : base(message, exception)
    {
    }
}

public class ConfigurationFactory
{
    public static Config Empty => ParseString("");

    /// <exception cref="FormatException">The text is no HOCON; the message names line and column.</exception>
    public static Config ParseString(string hocon) => new(HoconParser.Parse(hocon));

    /// <summary>The settings of the actor system itself, below whatever the program configures.</summary>
    public static Config Default()
    {
        using var stream = typeof(ConfigurationFactory).Assembly.GetManifestResourceStream("Akka.Configuration.akka.conf")!;
        using var reader = new StreamReader(stream);
        return ParseString(reader.ReadToEnd());
    }
}
