using ActorTrain.DataPipeline;

namespace ActorTrain.Actors.Stages;

/// <summary>Tells the user every few seconds how far the opening of a stage's data sets is; nothing where it is done before.</summary>
internal sealed class OpeningNotices(string stage, IProgress<RunEvent> events, TimeProvider time) : IProgress<OpeningProgress>
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private readonly OpeningEstimate _estimate = new(time);
    private readonly Lock _lock = new();
    private long _told = time.GetTimestamp();

    public void Report(OpeningProgress value)
    {
        _estimate.Report(value);
        lock (_lock)
        {
            if (time.GetElapsedTime(_told) < Every)
                return;
            _told = time.GetTimestamp();
        }
        if (_estimate.View() is { } view)
            events.Report(new Notice($"{stage}: {view.Name}, {view.Status}"));
    }
}
