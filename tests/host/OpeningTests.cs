using ActorTrain.DataPipeline;
using ActorTrain.Host.Progress;
using Spectre.Console;

namespace ActorTrain.Host.Tests;

public class OpeningTests
{
    [Fact]
    public async Task Without_a_terminal_a_line_every_five_seconds_tells_how_far_it_is_and_what_is_left()
    {
        var time = new ManualTime();
        var output = new LineWriter();
        await using var display = new OpeningDisplay(terminal: null, output, time);
        Assert.Equal(TimeSpan.FromSeconds(5), time.Period);
        display.Report(new OpeningProgress("data.train", OpeningPhase.Listing, 1200, null));
        time.Tick();
        Assert.Equal("data.train: listing files, 1200 so far", await output.NextAsync());

        time.Advance(TimeSpan.FromMinutes(10));
        display.Report(new OpeningProgress("data.train", OpeningPhase.Indexing, 0, 4000));
        time.Advance(TimeSpan.FromSeconds(20));
        display.Report(new OpeningProgress("data.train", OpeningPhase.Indexing, 1000, 4000));
        time.Tick();
        Assert.Equal("data.train: indexing shards, 25%, 0:01:00 left", await output.NextAsync());
    }

    [Fact]
    public async Task On_a_terminal_a_bar_shows()
    {
        var time = new ManualTime();
        var output = new ScreenWriter("location: indexing shards");
        IAnsiConsole terminal = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(output),
        });
        terminal.Profile.Width = 100;
        await using var display = new OpeningDisplay(terminal, TextWriter.Null, time);
        display.Report(new OpeningProgress("location", OpeningPhase.Indexing, 1, 4));
        time.Tick();
        await output.Shown.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Tells when a text has been written.</summary>
    private sealed class ScreenWriter(string awaited) : StringWriter
    {
        private readonly TaskCompletionSource _shown = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Shown => _shown.Task;

        public override void Write(string? value)
        {
            base.Write(value);
            if (ToString().Contains(awaited, StringComparison.Ordinal))
                _shown.TrySetResult();
        }
    }
}
