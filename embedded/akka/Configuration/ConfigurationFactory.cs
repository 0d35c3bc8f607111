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

    public static Config ParseString(string hocon) => ParseString(hocon, null!);

    /// <param name="hocon">The text.</param>
    /// <param name="includeCallback">Gives the parsed file for the name in <c>include "name"</c>.</param>
    public static Config ParseString(string hocon, Func<string, HoconRoot> includeCallback) => new(Parser.Parse(hocon, includeCallback));

    /// <summary>The settings of the actor system itself, below whatever the program configures.</summary>
    public static Config Default()
    {
        using var stream = typeof(ConfigurationFactory).Assembly.GetManifestResourceStream("Akka.Configuration.akka.conf")!;
        using var reader = new StreamReader(stream);
        return ParseString(reader.ReadToEnd());
    }
}
