using System.Collections.Concurrent;
using System.Diagnostics;

namespace Akka.Actor;

public interface ITimeProvider
{
    DateTimeOffset Now { get; }

    TimeSpan MonotonicClock { get; }

    TimeSpan HighResMonotonicClock { get; }
}

public interface ITellScheduler
{
    void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender);

    void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable);

    void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender);

    void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable);
}

public interface IScheduler : ITellScheduler, ITimeProvider;

public static class SchedulerExtensions
{
    public static ICancelable ScheduleTellOnceCancelable(this IScheduler scheduler, TimeSpan delay, ICanTell receiver, object message, IActorRef sender)
    {
        var cancelable = new Cancelable();
        scheduler.ScheduleTellOnce(delay, receiver, message, sender, cancelable);
        return cancelable;
    }

    public static ICancelable ScheduleTellRepeatedlyCancelable(
        this IScheduler scheduler, TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender)
    {
        var cancelable = new Cancelable();
        scheduler.ScheduleTellRepeatedly(initialDelay, interval, receiver, message, sender, cancelable);
        return cancelable;
    }
}

/// <summary>The system's scheduler, over the runtime's timers.</summary>
internal sealed class SystemScheduler : IScheduler, IDisposable
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly ConcurrentDictionary<Work, bool> _pending = new();
    private readonly Action<Exception> _failed;
    private volatile bool _stopped;

    public SystemScheduler(Action<Exception> failed)
    {
        _failed = failed;
    }

    public DateTimeOffset Now => DateTimeOffset.UtcNow;

    public TimeSpan MonotonicClock => HighResMonotonicClock;

    public TimeSpan HighResMonotonicClock => Stopwatch.GetElapsedTime(0);

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender) =>
        Schedule(delay, null, () => receiver.Tell(message, sender), null);

    public void ScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Schedule(delay, null, () => receiver.Tell(message, sender), cancelable);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender) =>
        Schedule(initialDelay, interval, () => receiver.Tell(message, sender), null);

    public void ScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Schedule(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    public void Dispose()
    {
        _stopped = true;
        foreach (var work in _pending.Keys)
            work.Dispose();
    }

    private void Schedule(TimeSpan delay, TimeSpan? interval, Action action, ICancelable? cancelable)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(delay, LongestDelay);
        if (interval is { } time)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero, nameof(interval));
        if (_stopped)
            throw new SchedulerException("cannot enqueue after timer shutdown");
        if (cancelable is { IsCancellationRequested: true })
            return;
        var work = new Work(this, action, interval == null, cancelable);
        _pending[work] = true;
        work.Start(delay, interval ?? Timeout.InfiniteTimeSpan);
        if (_stopped)
            work.Dispose();
    }

    private sealed class Work : IDisposable
    {
        private readonly SystemScheduler _scheduler;
        private readonly Action _action;
        private readonly bool _once;
        private readonly ICancelable? _cancelable;
        private readonly Timer _timer;
        private CancellationTokenRegistration _registration;
        private int _running;

        public Work(SystemScheduler scheduler, Action action, bool once, ICancelable? cancelable)
        {
            _scheduler = scheduler;
            _action = action;
            _once = once;
            _cancelable = cancelable;
            _timer = new Timer(static work => ((Work)work!).Run(), this, Timeout.Infinite, Timeout.Infinite);
        }

        public void Start(TimeSpan delay, TimeSpan interval)
        {
            if (_cancelable != null)
                _registration = _cancelable.Token.UnsafeRegister(static work => ((Work)work!).Dispose(), this);
            try
            {
                _timer.Change(delay, interval);
            }
            catch (ObjectDisposedException)
            {
                // Cancelled meanwhile.
            }
        }

        public void Dispose()
        {
            _scheduler._pending.TryRemove(this, out _);
            _timer.Dispose();
            _registration.Unregister();
        }

        private void Run()
        {
            // A tick that comes while the one before it still runs is left out.
            if (Interlocked.Exchange(ref _running, 1) != 0)
                return;
            try
            {
                if (_cancelable is not { IsCancellationRequested: true } && !_scheduler._stopped)
                    _action();
            }
            catch (Exception failure)
            {
                _scheduler._failed(failure);
            }
            finally
            {
                Volatile.Write(ref _running, 0);
                if (_once)
                    Dispose();
            }
        }
    }
}
