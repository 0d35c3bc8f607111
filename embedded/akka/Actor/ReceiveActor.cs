using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>An actor that is configured before it may handle messages.</summary>
internal interface IInitializableActor
{
    void Init();
}

/// <summary>An actor whose constructor, and whose Become, list handlers by message type; the first that fits handles the message.</summary>
public abstract class ReceiveActor : UntypedActor, IInitializableActor
{
    private readonly Stack<HandlerList> _configuring = new();
    private HandlerList _handlers = new();

    protected ReceiveActor()
    {
        _configuring.Push(new HandlerList());
    }

    void IInitializableActor.Init() => _handlers = _configuring.Pop();

    protected sealed override void OnReceive(object message) => Handle(_handlers, message);

    protected void Become(Action configure)
    {
        var handlers = Configure(configure);
        Become((UntypedReceive)(message => Handle(handlers, message)));
    }

    protected void BecomeStacked(Action configure)
    {
        var handlers = Configure(configure);
        BecomeStacked((UntypedReceive)(message => Handle(handlers, message)));
    }

    protected void Receive<T>(Action<T> handler, Predicate<T>? shouldHandle = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Add(typeof(T), shouldHandle == null, message =>
        {
            if (message is not T typed || (shouldHandle != null && !shouldHandle(typed)))
                return false;
            handler(typed);
            return true;
        });
    }

    protected void Receive<T>(Predicate<T> shouldHandle, Action<T> handler) => Receive(handler, shouldHandle);

    protected void Receive<T>(Func<T, bool> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Add(typeof(T), false, message => message is T typed && handler(typed));
    }

    protected void ReceiveAny(Action<object> handler) => Receive(handler);

    protected void ReceiveAsync<T>(Func<T, Task> handler, Predicate<T>? shouldHandle = null) => Receive(Awaiting(handler), shouldHandle);

    protected void ReceiveAsync<T>(Predicate<T> shouldHandle, Func<T, Task> handler) => Receive(Awaiting(handler), shouldHandle);

    protected void ReceiveAnyAsync(Func<object, Task> handler) => ReceiveAny(Awaiting(handler));

    private void Add(Type type, bool always, Func<object, bool> handler)
    {
        if (!_configuring.TryPeek(out var handlers))
            throw new InvalidOperationException("You may only call Receive-methods when constructing the actor and inside Become().");
        handlers.Add(type, always, handler);
    }

    private HandlerList Configure(Action configure)
    {
        _configuring.Push(new HandlerList());
        configure();
        return _configuring.Pop();
    }

    private void Handle(HandlerList handlers, object message)
    {
        if (!handlers.TryHandle(message))
            Unhandled(message);
    }

    private static Action<T> Awaiting<T>(Func<T, Task> handler) => message => ActorTaskScheduler.RunTask(() => handler(message));

    private sealed class HandlerList
    {
        private readonly List<Func<object, bool>> _handlers = [];
        private bool _catchesAll;

        public void Add(Type type, bool always, Func<object, bool> handler)
        {
            if (_catchesAll)
                throw new InvalidOperationException("A handler that catches all messages has been added. No handler can be added after that.");
            _catchesAll = always && type == typeof(object);
            _handlers.Add(handler);
        }

        public bool TryHandle(object message)
        {
            foreach (var handler in _handlers)
            {
                if (handler(message))
                    return true;
            }
            return false;
        }
    }
}
