using System.Diagnostics.CodeAnalysis;
using Akka.Dispatch.SysMsg;

namespace Akka.Actor;

public static class Futures
{
    public static Task<object> Ask(this ICanTell self, object message, TimeSpan? timeout = null) => self.Ask<object>(message, timeout, CancellationToken.None);

    public static Task<object> Ask(this ICanTell self, object message, CancellationToken cancellationToken) =>
        self.Ask<object>(message, null, cancellationToken);

    public static Task<object> Ask(this ICanTell self, object message, TimeSpan? timeout, CancellationToken cancellationToken) =>
        self.Ask<object>(message, timeout, cancellationToken);

    public static Task<T> Ask<T>(this ICanTell self, object message, TimeSpan? timeout = null) => self.Ask<T>(message, timeout, CancellationToken.None);

    public static Task<T> Ask<T>(this ICanTell self, object message, CancellationToken cancellationToken) => self.Ask<T>(message, null, cancellationToken);

    /// <summary>
    /// Tells a message and gives the first answer. The task fails with <see cref="AskTimeoutException"/>, with the cause of a <see cref="Status.Failure"/>
    /// (unless <typeparamref name="T"/> takes the failure itself), and with <see cref="ArgumentException"/> when the answer is of another type.
    /// </summary>
    public static Task<T> Ask<T>(this ICanTell self, object message, TimeSpan? timeout, CancellationToken cancellationToken) =>
        self.Ask<T>(_ => message, timeout, cancellationToken);

    /// <param name="self">Who is asked.</param>
    /// <param name="messageFactory">Makes the message from the reference that takes the answer.</param>
    /// <param name="timeout">How long to wait; null for <c>akka.actor.ask-timeout</c>.</param>
    /// <param name="cancellationToken">Cancels the task.</param>
    public static Task<T> Ask<T>(this ICanTell self, Func<IActorRef, object> messageFactory, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var provider = ProviderOf(self) ?? throw new ArgumentException("Unable to resolve the target Provider", nameof(self));
        var future = new FutureActorRef<T>(provider);
        future.Expire(timeout ?? provider.Settings.AskTimeout, cancellationToken);
        self.Tell(messageFactory(future), future);
        return future.Task;
    }

    private static IActorRefProvider? ProviderOf(ICanTell target) => target switch
    {
        ActorSelection selection => ProviderOf(selection.Anchor),
        IInternalActorRef reference => reference.Provider,
        _ => ActorCell.Current?.SystemImpl.Provider,
    };
}

/// <summary>A reference that takes one answer. It gets its path, below /temp, only when somebody looks at it.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The timer ends with the first answer.")]
internal class FutureActorRef<T>(IActorRefProvider provider) : MinimalActorRef
{
    private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ActorPath? _path;
    private Timer? _timer;
    private CancellationTokenRegistration _cancellation;

    public Task<T> Task => _result.Task;

    public override IActorRefProvider Provider => provider;

    public override bool IsTerminated => _result.Task.IsCompleted;

    public override ActorPath Path
    {
        get
        {
            if (Volatile.Read(ref _path) is { } known)
                return known;
            var path = provider.TempPath();
            if (Interlocked.CompareExchange(ref _path, path, null) is { } earlier)
                return earlier;
            provider.RegisterTempActor(this, path);
            if (IsTerminated)
                provider.UnregisterTempActor(path);
            return path;
        }
    }

    public void Expire(TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _cancellation = cancellationToken.UnsafeRegister(
                static (future, token) => ((FutureActorRef<T>)future!).Complete(result => result.TrySetCanceled(token)), this);
        }
        if (timeout > TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
        {
            _timer = new Timer(_ => Complete(result => result.TrySetException(TimedOut(timeout))), null, Timeout.Infinite, Timeout.Infinite);
            _timer.Change(timeout, Timeout.InfiniteTimeSpan);
        }
    }

    public override void SendSystemMessage(ISystemMessage message)
    {
        if (message is Watch watch)
            watch.Watcher.SendSystemMessage(new DeathWatchNotification(watch.Watchee, ExistenceConfirmed: false, AddressTerminated: false));
    }

    protected override void TellInternal(object message, IActorRef sender)
    {
        var taken = message switch
        {
            T answer => Complete(result => result.TrySetResult(answer)),
            Status.Failure failure => Complete(result => result.TrySetException(failure.Cause ?? new TaskCanceledException("The actor failed without a cause."))),
            _ => Complete(result => result.TrySetException(
                new ArgumentException($"Received message of type [{message.GetType()}] - Ask expected message of type [{typeof(T)}]"))),
        };
        if (!taken && !_result.Task.IsCanceled)
            provider.PublishDeadLetter(message, sender, this);
    }

    protected bool Complete(Func<TaskCompletionSource<T>, bool> complete)
    {
        if (!complete(_result))
            return false;
        _timer?.Dispose();
        _cancellation.Unregister();
        if (Volatile.Read(ref _path) is { } path)
            provider.UnregisterTempActor(path);
        return true;
    }

    private static AskTimeoutException TimedOut(TimeSpan timeout) => new($"Timeout after {timeout.TotalSeconds:F2} seconds");
}

public static class GracefulStopSupport
{
    public static Task<bool> GracefulStop(this IActorRef target, TimeSpan timeout) => target.GracefulStop(timeout, PoisonPill.Instance);

    /// <returns>Whether the actor stopped in time.</returns>
    public static async Task<bool> GracefulStop(this IActorRef target, TimeSpan timeout, object stopMessage)
    {
        var watched = (IInternalActorRef)target;
        var death = new DeathFutureRef(watched.Provider);
        death.Expire(timeout, CancellationToken.None);
        watched.SendSystemMessage(new Watch(watched, death));
        target.Tell(stopMessage, ActorRefs.NoSender);
        return await death.Wait(watched);
    }
}

/// <summary>Waits for one actor's death.</summary>
internal sealed class DeathFutureRef(IActorRefProvider provider) : FutureActorRef<bool>(provider)
{
    public override void SendSystemMessage(ISystemMessage message)
    {
        if (message is DeathWatchNotification)
            Complete(static result => result.TrySetResult(true));
        else
            base.SendSystemMessage(message);
    }

    public async Task<bool> Wait(IInternalActorRef watched)
    {
        try
        {
            return await Task;
        }
        catch (Exception failure) when (failure is AskTimeoutException or OperationCanceledException)
        {
            return false;
        }
        finally
        {
            watched.SendSystemMessage(new Unwatch(watched, this));
        }
    }
}
