using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace ActorTrain.Host.Tests;

/// <summary>How a command ended.</summary>
public sealed record Ending(int ExitCode, string Output, string Error)
{
    /// <summary>It failed with one sentence, without a stack trace, that names all of these.</summary>
    public void AssertSentence(IEnumerable<string> named)
    {
        Assert.True(ExitCode == 1, $"exit code {ExitCode}: {Output}{Error}");
        string sentence = Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("error: ", sentence);
        Assert.All(named, name => Assert.Contains(name, sentence));
        Assert.DoesNotContain("   at ", Output + Error);
    }

    /// <summary>It went well.</summary>
    public Ending AssertSuccess()
    {
        Assert.True(ExitCode == 0, Output + Error);
        return this;
    }
}

/// <summary>The real program in a process of its own.</summary>
public sealed partial class CommandLineProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>Has every step of a training wait, so that a signal sent after an early one arrives long before the last.</summary>
    public static IReadOnlyDictionary<string, string> SlowSteps { get; } = Armed("student-steps=200ms");

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Task<string> _error;

    private CommandLineProcess(Process process)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Has a training stand still for ever after these steps of a stage, so that whatever is done to it then, it is done to it there.</summary>
    public static IReadOnlyDictionary<string, string> HaltAfter(int steps) => Armed($"student-halts={steps}:never");

    public static CommandLineProcess Start(string workingFolder, params string[] arguments) =>
        Start(workingFolder, new Dictionary<string, string>(), arguments);

    public static CommandLineProcess Start(string workingFolder, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "actortrain.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            WorkingDirectory = workingFolder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // One thread of several tests at a time is faster than several that spin against each other.
        start.Environment["OMP_WAIT_POLICY"] = "passive";
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return new CommandLineProcess(Process.Start(start)!);
    }

    public static Task<Ending> RunAsync(string workingFolder, params string[] arguments) =>
        RunAsync(workingFolder, new Dictionary<string, string>(), arguments);

    public static async Task<Ending> RunAsync(string workingFolder, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        await using CommandLineProcess process = Start(workingFolder, environment, arguments);
        return await process.EndAsync();
    }

    /// <summary>Reads the output up to a line that contains a text.</summary>
    public async Task WaitForAsync(string text)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            _output.AppendLine(line);
            if (line.Contains(text, StringComparison.Ordinal))
                return;
        }
        throw new InvalidOperationException($"The program ended without '{text}':\n{_output}\n{await _error}");
    }

    /// <summary>kill -9.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Ctrl-C.</summary>
    public void Interrupt()
    {
        const int SIGINT = 2;
        Assert.Equal(0, SendSignal(_process.Id, SIGINT));
    }

    public async Task<Ending> EndAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        _output.Append(await _process.StandardOutput.ReadToEndAsync(limit.Token));
        await _process.WaitForExitAsync(limit.Token);
        return new Ending(_process.ExitCode, _output.ToString(), await _error);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }

    private static Dictionary<string, string> Armed(string faults) => new() { ["ACTORTRAIN_FAULTS"] = faults };

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
