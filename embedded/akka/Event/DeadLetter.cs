using Akka.Actor;

namespace Akka.Event;

/// <summary>A message whose loss is normal; it is published as <see cref="SuppressedDeadLetter"/>.</summary>
public interface IDeadLetterSuppression;

public abstract class AllDeadLetters : IWrappedMessage
{
    protected AllDeadLetters(object message, IActorRef sender, IActorRef recipient)
    {
        Message = message;
        Sender = sender;
        Recipient = recipient;
    }

    public object Message { get; }

    public IActorRef Recipient { get; }

    public IActorRef Sender { get; }

    public override string ToString() => $"DeadLetter from {Sender} to {Recipient}: <{Message}>";
}

/// <summary>A message to an actor that is dead, or never was.</summary>
public sealed class DeadLetter(object message, IActorRef sender, IActorRef recipient) : AllDeadLetters(message, sender, recipient);

public sealed class SuppressedDeadLetter(IDeadLetterSuppression message, IActorRef sender, IActorRef recipient) : AllDeadLetters(message, sender, recipient);

/// <summary>A message that its recipient does not handle.</summary>
public sealed class UnhandledMessage(object message, IActorRef sender, IActorRef recipient) : AllDeadLetters(message, sender, recipient);

/// <summary>Logs dead letters, up to <c>akka.log-dead-letters</c> of them, then none for <c>akka.log-dead-letters-suspend-duration</c>.</summary>
internal sealed class DeadLetterListener : UntypedActor
{
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Settings _settings = Context.System.Settings;
    private int _count;
    private DateTimeOffset _silentUntil = DateTimeOffset.MinValue;

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(DeadLetter));

    protected override void OnReceive(object message)
    {
        if (message is not DeadLetter letter || letter.Message is IWrappedMessage { Message: IDeadLetterSuppression })
            return;
        _count++;
        var now = Context.System.Scheduler.Now;
        if (now < _silentUntil)
            return;
        var note = "";
        if (_count >= _settings.LogDeadLetters)
        {
            var pause = _settings.LogDeadLettersSuspendDuration;
            _silentUntil = pause == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : now + pause;
            note = $", no more dead letters will be logged in next [{pause}]";
        }
        _log.Info(
            "Message [{0}] from {1} {2}",
            letter.Message.GetType().Name,
            letter.Sender,
            $"to {letter.Recipient} was not delivered. {_count} dead letters encountered{note}. This logging can be turned off or adjusted with configuration settings 'akka.log-dead-letters' and 'akka.log-dead-letters-during-shutdown'");
        if (note.Length > 0)
            _count = 0;
    }
}
