namespace Akka.Actor;

/// <summary>Tells an actor the result of a task, or <see cref="Status.Failure"/>.</summary>
public static class PipeToSupport
{
    public static async Task PipeTo<T>(
        this Task<T> taskToPipe,
        ICanTell recipient,
        IActorRef? sender = null,
        Func<T, object>? success = null,
        Func<Exception, object>? failure = null)
    {
        try
        {
            var result = await taskToPipe.ConfigureAwait(false);
            recipient.Tell(success != null ? success(result) : result!, sender!);
        }
        catch (Exception cause)
        {
            recipient.Tell(failure != null ? failure(cause) : new Status.Failure(cause), sender!);
        }
    }

    public static async Task PipeTo(
        this Task taskToPipe,
        ICanTell recipient,
        IActorRef? sender = null,
        Func<object>? success = null,
        Func<Exception, object>? failure = null)
    {
        try
        {
            await taskToPipe.ConfigureAwait(false);
            if (success != null)
                recipient.Tell(success(), sender!);
        }
        catch (Exception cause)
        {
            recipient.Tell(failure != null ? failure(cause) : new Status.Failure(cause), sender!);
        }
    }
}
