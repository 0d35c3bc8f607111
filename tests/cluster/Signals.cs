using System.Runtime.InteropServices;

namespace ActorTrain.Cluster.Tests;

/// <summary>A POSIX signal, by its number on Linux.</summary>
internal enum Signal
{
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

internal static partial class Signals
{
    public static void Send(int process, Signal signal) => Assert.Equal(0, SendSignal(process, (int)signal));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
