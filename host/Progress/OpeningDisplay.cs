using ActorTrain.DataPipeline;
using ActorTrain.Host.Results;
using Spectre.Console;

namespace ActorTrain.Host.Progress;

/// <summary>Shows how far the opening of a data set is, where listing or indexing it takes longer than a moment.</summary>
public sealed class OpeningDisplay : IProgress<OpeningProgress>, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly LiveDisplay _display;
    private OpeningProgress? _reached;
    private long _phaseStarted;

    /// <summary>Starts showing.</summary>
    /// <param name="terminal">The terminal to draw on; null to write plain lines.</param>
    /// <param name="output">Where plain lines go.</param>
    /// <param name="time">The clock.</param>
    public OpeningDisplay(IAnsiConsole? terminal, TextWriter output, TimeProvider time)
    {
        _time = time;
        _display = new LiveDisplay(terminal, output, time, Bars, Line);
    }

    /// <summary>Opens a data set and meanwhile shows on standard error how far that is; results belong on standard output.</summary>
    /// <inheritdoc cref="SampleSources.OpenAsync" path="/exception"/>
    public static async Task<ISampleSource> OpenAsync(SourceOptions options, CancellationToken cancel)
    {
        IAnsiConsole? terminal = Console.IsErrorRedirected ? null : AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await using var display = new OpeningDisplay(terminal, Console.Error, TimeProvider.System);
        return await SampleSources.OpenAsync(options with { Progress = display }, cancel);
    }

    /// <inheritdoc/>
    public void Report(OpeningProgress value)
    {
        lock (_lock)
        {
            if (_reached is not { } before || before.Phase != value.Phase)
                _phaseStarted = _time.GetTimestamp();
            // Reports of several threads may overtake each other.
            else if (value.Done <= before.Done)
                return;
            _reached = value;
        }
    }

    /// <summary>Stops showing.</summary>
    public ValueTask DisposeAsync() => _display.DisposeAsync();

    internal IReadOnlyList<Bar> Bars() => Reached() is var (now, elapsed)
        ? [new Bar($"{now.Key}: {Name(now.Phase)}", now.Done, now.Total ?? 0, Status(now, elapsed))]
        : [];

    private string? Line() => Reached() is var (now, elapsed) ? $"{now.Key}: {Name(now.Phase)}, {Status(now, elapsed)}" : null;

    private (OpeningProgress Now, TimeSpan Elapsed)? Reached()
    {
        lock (_lock)
            return _reached is { } reached ? (reached, _time.GetElapsedTime(_phaseStarted)) : null;
    }

    private static string Name(OpeningPhase phase) => phase switch
    {
        OpeningPhase.Listing => "listing files",
        OpeningPhase.LookingUpShards => "looking up shards",
        _ => "indexing shards",
    };

    private static string Status(OpeningProgress now, TimeSpan elapsed)
    {
        if (now.Total is not { } total)
            return $"{now.Done} so far";
        string left = now.Done > 0 ? $", {ResultTable.Duration(elapsed.TotalSeconds * (total - now.Done) / now.Done)} left" : "";
        return $"{(double)now.Done / Math.Max(1, total):0%}{left}";
    }
}
