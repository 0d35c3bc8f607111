using System.Diagnostics;
using ActorTrain.Actors;

namespace ActorTrain.Host.Cluster;

/// <summary>
/// This very program as a node in a process of its own. The node watches its standard input, which only this process can write:
/// when this process ends, however it does, the system closes the pipe, and the node ends too.
/// </summary>
internal sealed class NodeProcess : INodeProcess
{
    /// <summary>What a node's line ends with that says it is a member.</summary>
    public const string UpSaying = " is up";

    private const string ErrorSaying = "error: ";

    private readonly Process _process;
    private readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NodeProcess(Process process, StreamWriter log)
    {
        _process = process;
        Ended = FollowAsync(log);
    }

    public Task Up => _up.Task;

    public Task<NodeEnd> Ended { get; }

    /// <summary>Starts it.</summary>
    /// <exception cref="RunException">The log cannot be written or the process not be started.</exception>
    public static INodeProcess Start(NodeLaunch launch)
    {
        StreamWriter? log = null;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(launch.LogFile)!);
            log = new StreamWriter(new FileStream(launch.LogFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
            return new NodeProcess(Process.Start(StartInfo(launch.Arguments))!, log);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            log?.Dispose();
            throw new RunException($"{launch} cannot be started ({error.Message.TrimEnd('.')}); check the rights and the space of {Path.GetDirectoryName(launch.LogFile)}.", error);
        }
    }

    public void Send(Signal signal)
    {
        if (!Ended.IsCompleted)
            Signals.Send(_process.Id, signal);
    }

    public async ValueTask DisposeAsync()
    {
        Send(Signal.Kill);
        await Ended;
        _process.Dispose();
    }

    private static ProcessStartInfo StartInfo(IEnumerable<string> arguments)
    {
        string program = Environment.ProcessPath!;
        // Started as "dotnet actortrain.dll …", or as the program itself.
        string[] before = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        var start = new ProcessStartInfo(program, [.. before, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Nodes share the processors: threads that wait must not spin.
        start.Environment.TryAdd("OMP_WAIT_POLICY", "passive");
        return start;
    }

    private async Task<NodeEnd> FollowAsync(StreamWriter log)
    {
        string? error = null;
        var writing = new Lock();
        await Task.WhenAll(
            FollowAsync(_process.StandardOutput, line =>
            {
                if (line.EndsWith(UpSaying, StringComparison.Ordinal))
                    _up.TrySetResult();
            }),
            FollowAsync(_process.StandardError, line => error = line.StartsWith(ErrorSaying, StringComparison.Ordinal) ? line[ErrorSaying.Length..] : error));
        await _process.WaitForExitAsync();
        await log.DisposeAsync();
        _up.TrySetCanceled();
        return new NodeEnd(_process.ExitCode, error);

        async Task FollowAsync(StreamReader output, Action<string> look)
        {
            while (await output.ReadLineAsync() is { } line)
            {
                look(line);
                Write(line);
            }
        }

        void Write(string line)
        {
            try
            {
                lock (writing)
                    log.WriteLine(line);
            }
            catch (IOException)
            {
                // A full disk under the log must not hold the node up.
            }
        }
    }
}
