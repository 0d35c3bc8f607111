using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Dispatch.SysMsg;

namespace Akka.Dispatch;

/// <summary>
/// The queue before an actor, and the loop that empties it. One thread at a time runs the loop: whoever sets the Scheduled bit hands the mailbox
/// to the dispatcher, and the loop looks for messages once more after clearing it, so that no message waits without a run to come.
/// </summary>
internal sealed class Mailbox : IThreadPoolWorkItem
{
    private const int Closed = 1;
    private const int Scheduled = 2;
    private const int SuspendUnit = 4;

    // Stands at the head of the system messages of a closed mailbox.
    private static readonly SystemMessage ClosedMarker = new Create();

    private readonly ActorCell _cell;
    private readonly MessageDispatcher _dispatcher;
    private readonly ConcurrentQueue<Envelope> _messages = new();

    // Unstashed messages, the next on top. Touched only by the thread that runs the mailbox.
    private readonly Stack<Envelope> _first = new();

    // Newest first, linked through SystemMessage.Next.
    private SystemMessage? _systemMessages;

    // Bits Closed and Scheduled, and above them the count of suspensions.
    private int _status;

    public Mailbox(ActorCell cell, MessageDispatcher dispatcher)
    {
        _cell = cell;
        _dispatcher = dispatcher;
    }

    public bool IsClosed => (Volatile.Read(ref _status) & Closed) != 0;

    public bool IsSuspended => Volatile.Read(ref _status) >= SuspendUnit;

    public void Enqueue(in Envelope envelope)
    {
        if (IsClosed)
        {
            PublishDeadLetter(envelope);
            return;
        }
        _messages.Enqueue(envelope);

        // Enqueue moved the tail with an interlocked operation: this read cannot come before it. Either it sees the Scheduled bit cleared
        // and schedules, or the loop, which looks at the queue after clearing the bit, sees the message.
        var status = Volatile.Read(ref _status);
        if ((status & Scheduled) == 0)
            ScheduleIfNeeded(hasMessages: true);
        if ((status & Closed) != 0)
            SendMessagesToDeadLetters();
    }

    public void EnqueueSystem(SystemMessage message)
    {
        while (true)
        {
            var head = Volatile.Read(ref _systemMessages);
            if (ReferenceEquals(head, ClosedMarker))
            {
                AnswerForTheDead(message);
                return;
            }
            message.Next = head;
            if (Interlocked.CompareExchange(ref _systemMessages, message, head) == head)
                break;
        }
        ScheduleIfNeeded(hasMessages: false);
    }

    /// <summary>Puts a message before all others. Only for the thread that runs the mailbox.</summary>
    public void EnqueueFirst(in Envelope envelope) => _first.Push(envelope);

    public void Suspend() => Interlocked.Add(ref _status, SuspendUnit);

    public void Resume()
    {
        int status;
        do
        {
            status = Volatile.Read(ref _status);
            if (status < SuspendUnit)
                return;
        }
        while (Interlocked.CompareExchange(ref _status, status - SuspendUnit, status) != status);
        ScheduleIfNeeded(hasMessages: false);
    }

    /// <summary>Nothing is handled from now on; what is queued and what comes goes to the dead letters. Only for the thread that runs the mailbox.</summary>
    public void Close()
    {
        Interlocked.Or(ref _status, Closed);
        AnswerForTheDead(TakeSystemMessages(ClosedMarker));
        while (_first.TryPop(out var envelope))
            PublishDeadLetter(envelope);
        SendMessagesToDeadLetters();
    }

    /// <summary>One run: the system messages, then up to the dispatcher's throughput of messages, with the system messages between them.</summary>
    public void Execute()
    {
        var previous = ActorCell.Current;
        ActorCell.Current = _cell;
        try
        {
            HandleSystemMessages();
            HandleMessages();
        }
        finally
        {
            ActorCell.Current = previous;
            var hasMessages = _first.Count > 0;
            Interlocked.And(ref _status, ~Scheduled);
            ScheduleIfNeeded(hasMessages);
        }
    }

    private void HandleMessages()
    {
        for (var left = _dispatcher.Throughput; left > 0; left--)
        {
            // Neither closed nor suspended.
            if (Volatile.Read(ref _status) != Scheduled)
                return;
            if (!_first.TryPop(out var envelope) && !_messages.TryDequeue(out envelope))
                return;
            _cell.Invoke(envelope);
            if (Volatile.Read(ref _systemMessages) != null)
                HandleSystemMessages();
        }
    }

    private void HandleSystemMessages()
    {
        while (!IsClosed && Volatile.Read(ref _systemMessages) != null)
        {
            var next = TakeSystemMessages(null);
            while (next != null)
            {
                var message = next;
                next = message.Next;
                message.Next = null;
                if (IsClosed)
                    AnswerForTheDead(message);
                else
                    _cell.InvokeSystem(message);
            }
        }
    }

    private void ScheduleIfNeeded(bool hasMessages)
    {
        while (true)
        {
            var status = Volatile.Read(ref _status);
            if ((status & (Closed | Scheduled)) != 0)
                return;
            var suspended = status >= SuspendUnit;
            if (Volatile.Read(ref _systemMessages) == null && (suspended || (!hasMessages && _messages.IsEmpty)))
                return;
            if (Interlocked.CompareExchange(ref _status, status | Scheduled, status) == status)
            {
                _dispatcher.Execute(this);
                return;
            }
        }
    }

    // Oldest first.
    private SystemMessage? TakeSystemMessages(SystemMessage? replacement)
    {
        var newest = Interlocked.Exchange(ref _systemMessages, replacement);
        SystemMessage? oldest = null;
        while (newest != null)
        {
            var next = newest.Next;
            newest.Next = oldest;
            oldest = newest;
            newest = next;
        }
        return oldest;
    }

    private void AnswerForTheDead(SystemMessage? message)
    {
        for (; message != null; message = message.Next)
        {
            if (message is Watch watch && !watch.Watcher.Equals(_cell.Self))
                watch.Watcher.SendSystemMessage(new DeathWatchNotification(watch.Watchee, ExistenceConfirmed: false, AddressTerminated: false));
        }
    }

    private void SendMessagesToDeadLetters()
    {
        while (_messages.TryDequeue(out var envelope))
            PublishDeadLetter(envelope);
    }

    private void PublishDeadLetter(in Envelope envelope) => _cell.SystemImpl.Provider.PublishDeadLetter(envelope.Message, envelope.Sender, _cell.Self);
}
