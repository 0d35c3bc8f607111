using System.Diagnostics;
using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Benchmarks;

/// <summary>Takes payloads and acknowledges each; of small messages every thousandth.</summary>
internal sealed class PayloadSink : ReceiveActor
{
    public const int Batch = 1000;

    public PayloadSink()
    {
        Receive<InputBlock>(block => Sender.Tell(new StepTaken("", block.Key.FirstSample)));
        Receive<StepTaken>(taken =>
        {
            if (taken.Step % Batch == Batch - 1)
                Sender.Tell(taken);
        });
    }
}

/// <summary>Sends payloads, never more than the window unacknowledged, and ends with the milliseconds until each acknowledgement.</summary>
internal sealed class PayloadSource : ReceiveActor
{
    private readonly IActorRef _sink;
    private readonly SampleInputs _payload;
    private readonly long[] _sentAt;
    private int _sent;

    public PayloadSource(IActorRef sink, int payload, int messages, TaskCompletionSource<double[]> done)
    {
        (_sink, _payload, _sentAt) = (sink, new SampleInputs(new ImagePixels(new byte[payload], 0, null), null), new long[messages]);
        double[] milliseconds = new double[messages];
        int acknowledged = 0;
        Receive<StepTaken>(taken =>
        {
            milliseconds[taken.Step] = Stopwatch.GetElapsedTime(_sentAt[taken.Step]).TotalMilliseconds;
            if (++acknowledged == messages)
                done.SetResult(milliseconds);
            else if (_sent < messages)
                SendNext();
        });
    }

    protected override void PreStart()
    {
        while (_sent < Math.Min(TransportComparison.Window, _sentAt.Length))
            SendNext();
    }

    private void SendNext()
    {
        _sentAt[_sent] = Stopwatch.GetTimestamp();
        _sink.Tell(new InputBlock(new BlockKey("", DataSplit.Train, _sent, 1), _payload, [], 0));
        _sent++;
    }
}

/// <summary>Sends small messages as fast as they are taken: a thousand for each acknowledgement, four thousand under way.</summary>
internal sealed class SmallSource : ReceiveActor
{
    private const int BatchesUnderWay = 4;

    private readonly IActorRef _sink;
    private int _sent;

    public SmallSource(IActorRef sink, int messages, TaskCompletionSource done)
    {
        _sink = sink;
        Receive<StepTaken>(taken =>
        {
            if (taken.Step == messages - 1)
                done.SetResult();
            else if (_sent < messages)
                SendBatch();
        });
    }

    protected override void PreStart()
    {
        for (int batch = 0; batch < BatchesUnderWay; batch++)
            SendBatch();
    }

    private void SendBatch()
    {
        for (int left = PayloadSink.Batch; left > 0; left--)
            _sink.Tell(new StepTaken("a stage's plan", _sent++));
    }
}

/// <summary>Counts what it is told, and answers what it is asked.</summary>
internal sealed class Counter : ReceiveActor
{
    private int _count;

    public Counter(int messages, TaskCompletionSource done)
    {
        Receive<StepTaken>(_ =>
        {
            if (++_count == messages)
                done.SetResult();
        });
        Receive<CancelRun>(question => Sender.Tell(question));
    }
}

/// <summary>The measurements with actors.</summary>
internal static class ActorMeasurements
{
    private const int AskLoops = 32;

    public static async Task<Passage> SendAsync(ActorSystem system, IActorRef sink, int payload, int messages)
    {
        TaskCompletionSource<double[]> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        long start = Stopwatch.GetTimestamp();
        IActorRef source = system.ActorOf(Props.Create(() => new PayloadSource(sink, payload, messages, done)));
        double[] milliseconds = await done.Task;
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        system.Stop(source);
        return Passage.Of(milliseconds, seconds);
    }

    public static async Task<object> TellRateAsync(ActorSystem system, IActorRef sink, int messages)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        long start = Stopwatch.GetTimestamp();
        IActorRef source = system.ActorOf(Props.Create(() => new SmallSource(sink, messages, done)));
        await done.Task;
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        system.Stop(source);
        return messages / seconds;
    }

    public static async Task<object> LocalTellRateAsync(ActorSystem system, int messages)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        IActorRef counter = system.ActorOf(Props.Create(() => new Counter(messages, done)));
        StepTaken message = new("", 0);
        long start = Stopwatch.GetTimestamp();
        for (int left = messages; left > 0; left--)
            counter.Tell(message, ActorRefs.NoSender);
        await done.Task;
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        system.Stop(counter);
        return messages / seconds;
    }

    public static async Task<object> LocalAskRateAsync(ActorSystem system, int questions)
    {
        IActorRef counter = system.ActorOf(Props.Create(() => new Counter(0, new TaskCompletionSource())));
        CancelRun question = new();
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, AskLoops).Select(_ => Task.Run(async () =>
        {
            for (int left = questions / AskLoops; left > 0; left--)
                await counter.Ask<CancelRun>(question);
        })));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        system.Stop(counter);
        return questions / AskLoops * AskLoops / seconds;
    }
}
