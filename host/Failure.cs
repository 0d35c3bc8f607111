using ActorTrain.Actors;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Configuration;
using ActorTrain.Model;

namespace ActorTrain.Host;

/// <summary>How a failed command ends: one sentence on standard error, never a stack trace.</summary>
public static class Failure
{
    /// <summary>Exit code of a failure that its sentence explains.</summary>
    public const int ExitCode = 1;

    /// <summary>Exit code of an unexpected failure (BSD's EX_SOFTWARE).</summary>
    public const int UnexpectedExitCode = 70;

    /// <summary>Exit code after Ctrl-C (128 + SIGINT).</summary>
    public const int InterruptedExitCode = 130;

    /// <summary>Says what went wrong.</summary>
    /// <param name="error">The exception.</param>
    /// <param name="folder">Where the details of an unexpected failure are kept; where it cannot be written, they go to the temporary folder.</param>
    /// <returns>The exit code.</returns>
    public static int Report(Exception error, string folder)
    {
        if (Explained(error) is { } sentence)
        {
            Console.Error.WriteLine($"error: {sentence}");
            return ExitCode;
        }
        string details = $"{DateTimeOffset.UtcNow:O}\n{Environment.CommandLine}\n{error}\n\n";
        string? log = Append(folder, details) ?? Append(Path.GetTempPath(), details);
        Console.Error.WriteLine(log is null
            ? $"error: Something unexpected failed ({OneLine(error.Message)}), and its details could not be written anywhere."
            : $"error: Something unexpected failed ({OneLine(error.Message)}); its details are in {log}.");
        return UnexpectedExitCode;
    }

    /// <summary>The sentence of the outermost exception that was made for the user, or null.</summary>
    private static string? Explained(Exception error)
    {
        for (Exception? current = error; current is not null; current = current.InnerException)
        {
            switch (current)
            {
                case ConfigurationException or DataException or ModelException or RunException:
                    return OneLine(current.Message);
                case UnauthorizedAccessException or IOException:
                    return $"A file could not be read or written ({OneLine(current.Message).TrimEnd('.')}); check its path, its permissions and the room on its disk.";
            }
        }
        return null;
    }

    private static string? Append(string folder, string details)
    {
        string log = Path.Combine(folder, "actortrain-failure.log");
        try
        {
            File.AppendAllText(log, details);
            return log;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string OneLine(string message) => string.Join(' ', message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
}
