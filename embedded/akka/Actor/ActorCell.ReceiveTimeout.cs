namespace Akka.Actor;

internal sealed partial class ActorCell
{
    private ICancelable? _receiveTimeoutTask;

    public TimeSpan? ReceiveTimeout { get; private set; }

    public void SetReceiveTimeout(TimeSpan? timeout)
    {
        ReceiveTimeout = timeout;
        if (timeout == null)
            CancelReceiveTimeout();
    }

    // Called after each message. One that must not influence the timeout leaves a running one alone.
    private void RestartReceiveTimeout(object? message)
    {
        if (ReceiveTimeout is not { } timeout)
            return;
        var untouched = message is INotInfluenceReceiveTimeout or TimerMessage { Message: INotInfluenceReceiveTimeout };
        if (untouched && _receiveTimeoutTask != null)
            return;
        CancelReceiveTimeout();
        _receiveTimeoutTask = SystemImpl.Scheduler.ScheduleTellOnceCancelable(timeout, Self, Actor.ReceiveTimeout.Instance, Self);
    }

    private void CancelReceiveTimeout()
    {
        _receiveTimeoutTask?.Cancel();
        _receiveTimeoutTask = null;
    }
}
