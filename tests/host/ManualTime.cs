namespace ActorTrain.Host.Tests;

/// <summary>A clock with one timer, moved and fired by hand.</summary>
internal sealed class ManualTime : TimeProvider
{
    private TimerCallback? _callback;
    private object? _state;
    private long _now;

    public TimeSpan Period { get; private set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        (_callback, _state, Period) = (callback, state, period);
        return new Timer();
    }

    public void Advance(TimeSpan time) => _now += time.Ticks;

    public void Tick() => _callback!(_state);

    private sealed class Timer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
