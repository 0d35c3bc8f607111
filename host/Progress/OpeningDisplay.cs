using ActorTrain.DataPipeline;
using Spectre.Console;

namespace ActorTrain.Host.Progress;

/// <summary>Shows how far the opening of a data set is, where listing or indexing it takes longer than a moment.</summary>
public sealed class OpeningDisplay : IProgress<OpeningProgress>, IAsyncDisposable
{
    private readonly OpeningEstimate _estimate;
    private readonly LiveDisplay _display;

    /// <summary>Starts showing.</summary>
    /// <param name="terminal">The terminal to draw on; null to write plain lines.</param>
    /// <param name="output">Where plain lines go.</param>
    /// <param name="time">The clock.</param>
    public OpeningDisplay(IAnsiConsole? terminal, TextWriter output, TimeProvider time)
    {
        _estimate = new OpeningEstimate(time);
        _display = new LiveDisplay(terminal, output, time, Bars, Line);
    }

    /// <summary>Opens a data set and meanwhile shows on standard error how far that is; results belong on standard output.</summary>
    /// <param name="options">What to open.</param>
    /// <param name="open">Opens it with options that are told how far it is.</param>
    public static async Task<T> ShowAsync<T>(SourceOptions options, Func<SourceOptions, Task<T>> open)
    {
        IAnsiConsole? terminal = Console.IsErrorRedirected ? null : AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await using var display = new OpeningDisplay(terminal, Console.Error, TimeProvider.System);
        return await open(options with { Progress = display });
    }

    /// <inheritdoc/>
    public void Report(OpeningProgress value) => _estimate.Report(value);

    /// <summary>Stops showing.</summary>
    public ValueTask DisposeAsync() => _display.DisposeAsync();

    private IReadOnlyList<Bar> Bars() => _estimate.View() is { } view ? [new Bar(view.Name, view.Done, view.Total ?? 0, view.Status)] : [];

    private string? Line() => _estimate.View() is { } view ? $"{view.Name}, {view.Status}" : null;
}
