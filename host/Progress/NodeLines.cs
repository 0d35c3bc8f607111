using ActorTrain.Actors;

namespace ActorTrain.Host.Progress;

/// <summary>Tells in plain lines what a node does: its events, and every few seconds how far its training is.</summary>
/// <param name="output">Where the lines go.</param>
/// <param name="time">The clock.</param>
public sealed class NodeLines(TextWriter output, TimeProvider time) : IProgress<RunEvent>
{
    private static readonly TimeSpan StepLineEvery = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private long? _told;

    /// <inheritdoc/>
    public void Report(RunEvent value)
    {
        lock (_lock)
        {
            if (ProgressDisplay.LineFor(value) is { } line)
            {
                output.WriteLine(line);
            }
            else if (value is StepDone step && (_told is not { } told || time.GetElapsedTime(told) >= StepLineEvery))
            {
                _told = time.GetTimestamp();
                output.WriteLine($"{step.Stage}: step {step.Step}/{step.Steps}, loss {step.Result.Loss:0.0000}");
            }
        }
    }
}
