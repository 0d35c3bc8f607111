using System.Collections.Concurrent;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ActorTrain.Host.Progress;

/// <summary>A bar of a live display.</summary>
/// <param name="Name">What it stands for.</param>
/// <param name="Value">How much is done.</param>
/// <param name="Maximum">How much there is; 0 where nobody knows yet.</param>
/// <param name="Status">The text beside it.</param>
internal sealed record Bar(string Name, double Value, double Maximum, string Status);

/// <summary>Shows something while it goes on: live bars or a picture on a terminal, a plain line every five seconds elsewhere.</summary>
internal sealed class LiveDisplay : IAsyncDisposable
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RedrawEvery = TimeSpan.FromMilliseconds(250);

    private readonly IAnsiConsole? _terminal;
    private readonly TextWriter _output;
    private readonly TimeProvider _time;
    private readonly Lock _writing = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _showing;

    /// <summary>Starts showing bars.</summary>
    /// <param name="terminal">The terminal to draw on; null to write plain lines.</param>
    /// <param name="output">Where plain lines go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="bars">The bars of the moment; those that are not among them any more stay as they were.</param>
    /// <param name="line">The plain line of the moment; null when there is nothing to tell.</param>
    public LiveDisplay(IAnsiConsole? terminal, TextWriter output, TimeProvider time, Func<IReadOnlyList<Bar>> bars, Func<string?> line)
    {
        (_terminal, _output, _time) = (terminal, output, time);
        _showing = terminal is null ? WriteLinesAsync(line) : DrawAsync(terminal, bars);
    }

    /// <summary>Starts showing a picture.</summary>
    /// <param name="terminal">The terminal to draw on; null to write plain lines.</param>
    /// <param name="output">Where plain lines go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="picture">The picture of the moment; of one that is too high the lower part is shown.</param>
    /// <param name="line">The plain line of the moment; null when there is nothing to tell.</param>
    public LiveDisplay(IAnsiConsole? terminal, TextWriter output, TimeProvider time, Func<IRenderable> picture, Func<string?> line)
    {
        (_terminal, _output, _time) = (terminal, output, time);
        _showing = terminal is null ? WriteLinesAsync(line) : DrawAsync(terminal, picture);
    }

    /// <summary>Writes a line that stays.</summary>
    public void WriteLine(string line)
    {
        // Lines of the caller's threads and of the ticker must not run into each other.
        lock (_writing)
        {
            if (_terminal is null)
                _output.WriteLine(line);
            else
                _terminal.WriteLine(line);
        }
    }

    /// <summary>Stops showing; lines stay, bars go.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _showing;
        _stop.Dispose();
    }

    private async Task WriteLinesAsync(Func<string?> line)
    {
        using var ticks = new PeriodicTimer(LineEvery, _time);
        while (await TickAsync(ticks))
        {
            if (line() is { } text)
                WriteLine(text);
        }
    }

    private async Task DrawAsync(IAnsiConsole terminal, Func<IReadOnlyList<Bar>> bars)
    {
        using var ticks = new PeriodicTimer(RedrawEvery, _time);
        // What is over at once draws nothing.
        if (!await TickAsync(ticks))
            return;
        var status = new StatusColumn();
        await terminal.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 20 }, status)
            .StartAsync(async context =>
            {
                List<ProgressTask> tasks = [];
                do
                {
                    Redraw(bars(), context, tasks, status);
                }
                while (await TickAsync(ticks));
            });
    }

    private async Task DrawAsync(IAnsiConsole terminal, Func<IRenderable> picture)
    {
        using var ticks = new PeriodicTimer(RedrawEvery, _time);
        if (!await TickAsync(ticks))
            return;
        await terminal.Live(picture()).AutoClear(true).Overflow(VerticalOverflow.Crop).Cropping(VerticalOverflowCropping.Top).StartAsync(async context =>
        {
            while (await TickAsync(ticks))
                context.UpdateTarget(picture());
        });
    }

    private static void Redraw(IReadOnlyList<Bar> bars, ProgressContext context, List<ProgressTask> tasks, StatusColumn status)
    {
        for (int index = 0; index < bars.Count; index++)
        {
            Bar bar = bars[index];
            if (index == tasks.Count)
                tasks.Add(context.AddTask("…"));
            ProgressTask task = tasks[index];
            status.Texts[task.Id] = bar.Status;
            task.Description = Markup.Escape(bar.Name);
            task.IsIndeterminate = bar.Maximum == 0;
            task.MaxValue = Math.Max(1, bar.Maximum);
            task.Value = bar.Maximum == 0 ? 0 : bar.Value;
        }
    }

    private async ValueTask<bool> TickAsync(PeriodicTimer ticks)
    {
        try
        {
            return await ticks.WaitForNextTickAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>The text beside a bar; written by the ticker and read by Spectre's drawing thread.</summary>
    private sealed class StatusColumn : ProgressColumn
    {
        public ConcurrentDictionary<int, string> Texts { get; } = [];

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(Texts.GetValueOrDefault(task.Id, ""));
    }
}
