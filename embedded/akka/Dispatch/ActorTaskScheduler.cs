using System.Runtime.ExceptionServices;
using Akka.Actor;
using Akka.Dispatch.SysMsg;

namespace Akka.Dispatch;

/// <summary>
/// Lets a message handler await: the mailbox is suspended until the handler ends, and what comes after each await runs on the actor again, as a
/// system message, with the sender and the message that the handler began with.
/// </summary>
public class ActorTaskScheduler : TaskScheduler
{
    private readonly ActorCell _cell;
    private readonly object _message;
    private readonly IActorRef _sender;

    private ActorTaskScheduler(ActorCell cell)
    {
        _cell = cell;
        _message = cell.CurrentMessage!;
        _sender = cell.Sender;
    }

    public static void RunTask(Action action) => RunTask(() =>
    {
        action();
        return Task.CompletedTask;
    });

    /// <exception cref="InvalidOperationException">Called from outside of an actor.</exception>
    public static void RunTask(Func<Task> asyncAction)
    {
        var cell = ActorCell.Current ?? throw new InvalidOperationException("Cannot call RunTask outside of an actor context.");
        var scheduler = new ActorTaskScheduler(cell);

        // Started as a task of this scheduler, so that the awaits within come back to it.
        var start = new Task<Task>(asyncAction);
        start.RunSynchronously(scheduler);
        var handler = start.IsCompletedSuccessfully ? start.Unwrap() : start;
        if (handler.IsCompleted)
        {
            ThrowFailure(handler);
            return;
        }
        cell.Mailbox.Suspend();
        handler.ContinueWith(
            ended => cell.Self.SendSystemMessage(new HandlerCompleted(scheduler, ended)),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            Default);
    }

    internal void Run(Task continuation)
    {
        _cell.CurrentMessage = _message;
        _cell.Sender = _sender;
        TryExecuteTask(continuation);
    }

    internal void Complete(Task handler)
    {
        _cell.CurrentMessage = _message;
        _cell.Sender = _sender;
        _cell.Mailbox.Resume();
        ThrowFailure(handler);
    }

    protected override void QueueTask(Task task) => _cell.Self.SendSystemMessage(new RunContinuation(this, task));

    // Only a task that was started on the actor's own thread may run there and then; a continuation must take its turn.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && ActorCell.Current == _cell && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => [];

    private static void ThrowFailure(Task handler)
    {
        if (handler.IsCanceled)
            throw new TaskCanceledException(handler);
        if (handler.Exception is { } failure)
            ExceptionDispatchInfo.Throw(failure.InnerException!);
    }
}
