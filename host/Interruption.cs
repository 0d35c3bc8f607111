using System.Runtime.InteropServices;

namespace ActorTrain.Host;

/// <summary>Ctrl-C and SIGTERM: the first asks for an end in good order, the second ends the process at once.</summary>
public sealed partial class Interruption : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private readonly string _saying;
    private readonly bool _supervised;
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    /// <summary>Starts to listen.</summary>
    /// <param name="saying">What the first signal has it say.</param>
    /// <param name="supervised">
    /// Whether a supervisor is in charge. A terminal sends Ctrl-C, and a service manager SIGTERM, to the supervisor and to all that it
    /// supervises, so that one wish arrives several times: then Ctrl-C does nothing and a second SIGTERM no more than the first.
    /// </param>
    public Interruption(string saying = "Finishing the step and saving a checkpoint; once more ends at once.", bool supervised = false)
    {
        (_saying, _supervised) = (saying, supervised);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, supervised ? signal => signal.Cancel = true : Handle);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _cancel.Token;

    /// <summary>Does what has nothing to save, until it is done or interrupted.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> UnlessInterruptedAsync(Func<CancellationToken, Task> act)
    {
        using var interruption = new Interruption("Stopping; once more ends at once.");
        try
        {
            await act(interruption.Token);
            return 0;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return Failure.InterruptedExitCode;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _cancel.Dispose();
    }

    private void Handle(PosixSignalContext signal)
    {
        signal.Cancel = true;
        if (_cancel.IsCancellationRequested && _supervised)
            return;
        if (_cancel.IsCancellationRequested)
            EndAtOnce(Failure.InterruptedExitCode);
        Console.Error.WriteLine(_saying);
        _cancel.Cancel();
    }

    private static void EndAtOnce(int exitCode)
    {
        // The bars hide the cursor; those of a data set's opening are on standard error.
        if (!Console.IsErrorRedirected)
            Console.Error.Write("\e[?25h");
        else if (!Console.IsOutputRedirected)
            Console.Out.Write("\e[?25h");
        // Without exit handlers: these would take libtorch apart under the thread that still trains.
        ExitProcess(exitCode);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitProcess(int exitCode);
}
