namespace ActorTrain.Host.Cluster;

/// <summary>A node process that a supervisor keeps running.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Roles">What it does, separated by commas and blanks, for people.</param>
/// <param name="Arguments">The program's arguments.</param>
/// <param name="LogFile">Where its output goes.</param>
internal sealed record NodeLaunch(int Number, string Roles, IReadOnlyList<string> Arguments, string LogFile)
{
    /// <inheritdoc/>
    public override string ToString() => $"Node {Number} ({Roles})";
}

/// <summary>How a node process ended.</summary>
/// <param name="ExitCode">Its exit code; above 128 after a signal.</param>
/// <param name="Error">The sentence that it ended with, or null.</param>
internal sealed record NodeEnd(int ExitCode, string? Error)
{
    /// <summary>Whether it was killed from outside rather than ending by itself.</summary>
    public bool Killed => ExitCode > 128;

    /// <inheritdoc/>
    public override string ToString() => Error ?? (Killed ? $"killed by signal {ExitCode - 128}" : $"exit code {ExitCode}");
}

/// <summary>A node process that was started.</summary>
internal interface INodeProcess : IAsyncDisposable
{
    /// <summary>Done when the node has said that it is up; cancelled when it ends before.</summary>
    Task Up { get; }

    /// <summary>Done when the process has ended.</summary>
    Task<NodeEnd> Ended { get; }

    /// <summary>Sends a signal, unless it has ended.</summary>
    void Send(Signal signal);
}
