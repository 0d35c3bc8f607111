using Akka.Dispatch;
using Akka.Dispatch.SysMsg;
using Akka.Event;

namespace Akka.Actor;

/// <summary>
/// An actor's life behind its reference: the instance, its behaviour, the message it handles. Except where said otherwise, everything here is
/// touched only by the thread that runs the mailbox, and the mailbox sees to it that there is one such thread at a time.
/// </summary>
internal sealed partial class ActorCell : IUntypedActorContext
{
    [ThreadStatic]
    private static ActorCell? _current;

    private readonly Stack<Receive> _behaviours = new();
    private readonly List<SystemMessage> _postponed = [];
    private ActorBase? _actor;

    public ActorCell(ActorSystemImpl system, LocalActorRef self, Props props)
    {
        SystemImpl = system;
        Self = self;
        Props = props;
        Sender = system.DeadLetters;
        Dispatcher = system.Dispatchers.Lookup(props.Dispatcher.Length == 0 ? Dispatchers.DefaultDispatcherId : props.Dispatcher);
        Mailbox = new Mailbox(this, Dispatcher);
    }

    /// <summary>The cell whose actor runs on this thread.</summary>
    public static ActorCell? Current
    {
        get => _current;
        set => _current = value;
    }

    public ActorSystemImpl SystemImpl { get; }

    public ActorSystem System => SystemImpl;

    public LocalActorRef Self { get; }

    IActorRef IActorContext.Self => Self;

    public Props Props { get; }

    public IInternalActorRef Parent => Self.Parent;

    IActorRef IActorContext.Parent => Self.Parent;

    public MessageDispatcher Dispatcher { get; }

    public Mailbox Mailbox { get; }

    public object? CurrentMessage { get; set; }

    /// <summary>Counts the messages handled; tells two deliveries of one object apart.</summary>
    public long CurrentEnvelopeId { get; private set; }

    public IActorRef Sender { get; set; }

    public void Become(Receive receive)
    {
        if (_behaviours.Count > 1)
            _behaviours.Pop();
        _behaviours.Push(receive);
    }

    public void BecomeStacked(Receive receive) => _behaviours.Push(receive);

    public void UnbecomeStacked()
    {
        if (_behaviours.Count > 1)
            _behaviours.Pop();
    }

    public void Become(UntypedReceive receive) => Become(Handling(receive));

    public void BecomeStacked(UntypedReceive receive) => BecomeStacked(Handling(receive));

    public ActorSelection ActorSelection(string actorPath) => SystemImpl.Select(actorPath, Self);

    public ActorSelection ActorSelection(ActorPath actorPath) => SystemImpl.ActorSelection(actorPath);

    public void Invoke(in Envelope envelope)
    {
        CurrentEnvelopeId++;
        CurrentMessage = envelope.Message;
        Sender = envelope.Sender ?? SystemImpl.DeadLetters;
        try
        {
            if (envelope.Message is IAutoReceivedMessage)
                AutoReceive(envelope.Message);
            else
                ReceiveMessage(envelope.Message);
            RestartReceiveTimeout(envelope.Message);
            CurrentMessage = null;
        }
        catch (Exception cause)
        {
            HandleInvokeFailure(cause);
        }
    }

    public void InvokeSystem(SystemMessage message)
    {
        var stage = PostponementStage;
        if (IsPostponed(message, stage))
        {
            _postponed.Add(message);
            return;
        }
        try
        {
            HandleSystemMessage(message);
        }
        catch (Exception cause)
        {
            HandleInvokeFailure(cause);
        }
        if (_postponed.Count == 0 || PostponementStage >= stage)
            return;
        var postponed = _postponed.ToArray();
        _postponed.Clear();
        foreach (var waiting in postponed)
        {
            if (!Mailbox.IsClosed)
                InvokeSystem(waiting);
        }
    }

    public void ReceiveMessage(object message) => _actor!.AroundReceive(_behaviours.Peek(), message);

    private void HandleSystemMessage(SystemMessage message)
    {
        switch (message)
        {
            case RunContinuation run: run.Scheduler.Run(run.Continuation); break;
            case HandlerCompleted completed:
                completed.Scheduler.Complete(completed.Handler);
                RestartReceiveTimeout(CurrentMessage);
                break;
            case Failed failed: HandleFailed(failed); break;
            case DeathWatchNotification death: HandleDeath(death.Actor, death.ExistenceConfirmed, death.AddressTerminated); break;
            case Create: CreateActor(); break;
            case Watch watch: AddWatcher(watch.Watchee, watch.Watcher); break;
            case Unwatch unwatch: RemoveWatcher(unwatch.Watchee, unwatch.Watcher); break;
            case Recreate recreate: FaultRecreate(recreate.Cause); break;
            case Suspend: FaultSuspend(); break;
            case Resume resume: FaultResume(resume.CausedByFailure); break;
            case Dispatch.SysMsg.Terminate: Terminate(); break;
            default: throw new NotSupportedException($"Unknown message {message.GetType().Name}");
        }
    }

    // 2 while children must die before the actor is created, restarted or gone, 1 while it is suspended, 0 otherwise.
    private int PostponementStage => IsWaitingForChildren ? 2 : Mailbox.IsSuspended ? 1 : 0;

    // A supervisor that is being restarted decides about its children's failures afterwards, with its new instance.
    private static bool IsPostponed(SystemMessage message, int stage) => stage switch
    {
        2 => message is Recreate or Dispatch.SysMsg.Suspend or Dispatch.SysMsg.Resume or Failed,
        1 => message is Failed,
        _ => false,
    };

    private void AutoReceive(object message)
    {
        switch (message)
        {
            case TimerMessage timer:
                if (_actor is IWithTimers { Timers: TimerScheduler timers } && timers.Accept(timer))
                {
                    // The actor and its stash see the message that the timer was started with.
                    CurrentMessage = timer.Message;
                    if (timer.Message is IAutoReceivedMessage)
                        AutoReceive(timer.Message);
                    else
                        ReceiveMessage(timer.Message);
                }
                break;
            case Terminated terminated: ReceivedTerminated(terminated); break;
            case Kill: throw new ActorKilledException("Kill");
            case PoisonPill: Self.Stop(); break;
            case ActorSelectionMessage selection: new ActorSelection(Self, selection.Elements).Tell(selection.Message, Sender); break;
            case Identify identify: Sender.Tell(new ActorIdentity(identify.MessageId, Self)); break;
            default: ReceiveMessage(message); break;
        }
    }

    private void CreateActor()
    {
        try
        {
            _actor = NewActor();
            _actor.AroundPreStart();
            RestartReceiveTimeout(null);
        }
        catch (Exception cause)
        {
            _actor = null;
            throw cause as ActorInitializationException ?? new ActorInitializationException(Self, "Exception during creation", cause);
        }
    }

    private ActorBase NewActor()
    {
        _behaviours.Clear();
        var actor = Props.NewActor();
        if (actor is IInitializableActor initializable)
            initializable.Init();
        if (actor is IActorStash stashing)
            stashing.Stash = new Stash(this);
        if (actor is IWithTimers timing)
            timing.Timers = new TimerScheduler(this);
        return actor;
    }

    private void Publish(LogEvent logEvent) => SystemImpl.EventStream.Publish(logEvent);

    private static Receive Handling(UntypedReceive receive) => message =>
    {
        receive(message);
        return true;
    };
}
