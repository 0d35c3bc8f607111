using System.CommandLine;
using System.CommandLine.Invocation;
using ActorTrain.Host.Commands;

namespace ActorTrain.Host;

/// <summary>The program <c>actortrain</c>.</summary>
public static class Program
{
    /// <summary>Runs a command line; every failure ends in a sentence on standard error and a non-zero exit code.</summary>
    public static async Task<int> Main(string[] args)
    {
        RootCommand root = CommandTree.Build();
        ParseResult parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
        if (parsed.Action is ParseErrorAction)
        {
            foreach (System.CommandLine.Parsing.ParseError error in parsed.Errors)
                await Console.Error.WriteLineAsync($"error: {error.Message}");
            await Console.Error.WriteLineAsync("See actortrain --help, or --help after a command.");
            return Failure.ExitCode;
        }
        try
        {
            // Signals are Interruption's: System.CommandLine would end the process after two seconds.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception error)
        {
            return Failure.Report(error, Path.GetTempPath());
        }
    }
}
