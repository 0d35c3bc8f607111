using System.Runtime.InteropServices;

namespace ActorTrain.Host.Cluster;

/// <summary>A POSIX signal, by its number on Linux.</summary>
internal enum Signal
{
    /// <summary>Ends the process at once.</summary>
    Kill = 9,
    /// <summary>Asks it to end.</summary>
    Terminate = 15,
    /// <summary>Lets it go on.</summary>
    Continue = 18,
    /// <summary>Stops it until it is told to go on.</summary>
    Stop = 19,
}

/// <summary>Sends signals to processes.</summary>
internal static partial class Signals
{
    /// <summary>Sends it; a process that is gone gets none.</summary>
    public static void Send(int process, Signal signal) => _ = SendSignal(process, (int)signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
