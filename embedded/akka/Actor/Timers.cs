namespace Akka.Actor;

/// <summary>Gives an actor timers, which end when it stops or restarts.</summary>
public interface IWithTimers
{
    ITimerScheduler Timers { get; set; }
}

/// <summary>An actor's timers by key. Starting one replaces the one under the same key, whose message is then never seen, even when it is in the mailbox.</summary>
public interface ITimerScheduler
{
    IReadOnlyCollection<object> ActiveTimers { get; }

    void StartPeriodicTimer(object key, object msg, TimeSpan interval);

    void StartPeriodicTimer(object key, object msg, TimeSpan interval, IActorRef sender);

    void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval);

    void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval, IActorRef sender);

    void StartSingleTimer(object key, object msg, TimeSpan timeout);

    void StartSingleTimer(object key, object msg, TimeSpan timeout, IActorRef sender);

    bool IsTimerActive(object key);

    void Cancel(object key);

    void CancelAll();
}

/// <summary>What a timer puts into the mailbox; the cell takes the message out of it, or drops it when the timer is no longer the same.</summary>
internal sealed record TimerMessage(TimerScheduler Owner, object Key, int Generation, object Message) : IAutoReceivedMessage, IWrappedMessage;

internal sealed class TimerScheduler(ActorCell cell) : ITimerScheduler
{
    private readonly Dictionary<object, (int Generation, bool Repeats, ICancelable Task)> _timers = [];
    private int _generation;

    public IReadOnlyCollection<object> ActiveTimers => _timers.Keys;

    public void StartPeriodicTimer(object key, object msg, TimeSpan interval) => Start(key, msg, interval, interval, ActorRefs.NoSender);

    public void StartPeriodicTimer(object key, object msg, TimeSpan interval, IActorRef sender) => Start(key, msg, interval, interval, sender);

    public void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval) =>
        Start(key, msg, initialDelay, interval, ActorRefs.NoSender);

    public void StartPeriodicTimer(object key, object msg, TimeSpan initialDelay, TimeSpan interval, IActorRef sender) =>
        Start(key, msg, initialDelay, interval, sender);

    public void StartSingleTimer(object key, object msg, TimeSpan timeout) => Start(key, msg, timeout, null, ActorRefs.NoSender);

    public void StartSingleTimer(object key, object msg, TimeSpan timeout, IActorRef sender) => Start(key, msg, timeout, null, sender);

    public bool IsTimerActive(object key) => _timers.ContainsKey(key);

    public void Cancel(object key)
    {
        if (_timers.Remove(key, out var timer))
            timer.Task.Cancel();
    }

    public void CancelAll()
    {
        foreach (var timer in _timers.Values)
            timer.Task.Cancel();
        _timers.Clear();
    }

    /// <summary>Whether the message is the running timer's; a single timer ends with it.</summary>
    public bool Accept(TimerMessage message)
    {
        if (message.Owner != this || !_timers.TryGetValue(message.Key, out var timer) || timer.Generation != message.Generation)
            return false;
        if (!timer.Repeats)
            _timers.Remove(message.Key);
        return true;
    }

    private void Start(object key, object message, TimeSpan delay, TimeSpan? interval, IActorRef sender)
    {
        Cancel(key);
        var wrapped = new TimerMessage(this, key, ++_generation, message);
        var scheduler = cell.System.Scheduler;
        var task = interval is { } time
            ? scheduler.ScheduleTellRepeatedlyCancelable(delay, time, cell.Self, wrapped, sender)
            : scheduler.ScheduleTellOnceCancelable(delay, cell.Self, wrapped, sender);
        _timers[key] = (_generation, interval != null, task);
    }
}
