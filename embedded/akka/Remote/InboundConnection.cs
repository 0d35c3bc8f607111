using System.IO.Pipelines;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Dispatch.SysMsg;
using Akka.Event;

namespace Akka.Remote;

/// <summary>What another system sends us on one connection, from the handshake to its end.</summary>
internal sealed class InboundConnection(Association association, Introduction introduction, Stream stream)
{
    private const int SegmentSize = 128 * 1024;

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FrameReader _frames = new(association.Remoting.Settings.MaximumFrame, association.Remoting.Provider.ResolveActorRef);
    private volatile bool _closing;

    public Introduction Introduction => introduction;

    public Task Ended => _ended.Task;

    private Remoting Remoting => association.Remoting;

    /// <summary>Reads until the connection ends, by either side.</summary>
    public async Task RunAsync()
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: SegmentSize, leaveOpen: true));
        var end = ConnectionEnd.Lost;
        try
        {
            end = await ReadAsync(reader);
        }
        catch (SerializationException failure)
        {
            Remoting.Log.Error("What {0} sends cannot be read, and the connection is closed: {1}", association.Address, failure.Message);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Lost, or closed by us.
        }
        finally
        {
            await reader.CompleteAsync();
            await stream.DisposeAsync();
            _ended.SetResult();
        }
        if (end == ConnectionEnd.Quarantined)
            association.AskWhetherQuarantined();
        else if (end == ConnectionEnd.Lost && !_closing && !Remoting.Stopped.IsCancellationRequested)
            association.Lost(introduction.Uid);
    }

    /// <summary>Ends the connection from our side.</summary>
    public async Task CloseAsync(FrameKind lastWord)
    {
        if (_closing)
            return;
        _closing = true;
        try
        {
            await stream.WriteAsync(new[] { (byte)lastWord }, Remoting.Stopped);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // There is nobody left to hear it.
        }
        await stream.DisposeAsync();
        await Ended;
    }

    private async Task<ConnectionEnd> ReadAsync(PipeReader reader)
    {
        while (true)
        {
            var result = await reader.ReadAsync(Remoting.Stopped);
            var bytes = result.Buffer;
            while (!_closing && _frames.TryRead(ref bytes, out var frame))
            {
                switch (frame.Kind)
                {
                    case FrameKind.Message:
                        Deliver(frame);
                        break;
                    case FrameKind.Heartbeat:
                        association.SendControl(FrameKind.HeartbeatAnswer);
                        break;
                    case FrameKind.HeartbeatAnswer:
                        Remoting.Watcher.Heard(association.Address);
                        break;
                    default:
                        return frame.Kind == FrameKind.Goodbye ? ConnectionEnd.Goodbye : ConnectionEnd.Quarantined;
                }
            }
            reader.AdvanceTo(bytes.Start, bytes.End);
            if (result.IsCompleted || _closing)
                return ConnectionEnd.Lost;
        }
    }

    private void Deliver(in Frame frame)
    {
        object message;
        try
        {
            message = Remoting.System.Serialization.Read(frame.Payload);
        }
        catch (Exception failure)
        {
            // The frame's end is known: what follows can be read.
            Remoting.Log.Error("A message from {0} to {1} was dropped: {2}", association.Address, frame.Recipient, failure.Message);
            return;
        }
        if (frame.Recipient is not IInternalActorRef { IsLocal: true } recipient)
        {
            Remoting.Log.Warning("A message of type {0} from {1} was dropped: it is for {2}, who is not here", message.GetType(), association.Address, frame.Recipient);
            return;
        }
        switch (message)
        {
            case DeathWatchNotification death:
                Remoting.Watcher.End(death, recipient);
                break;
            case ISystemMessage system:
                recipient.SendSystemMessage(system);
                break;
            case ActorSelectionMessage selection:
                new ActorSelection(recipient, selection.Elements).Tell(selection.Message, frame.Sender);
                break;
            default:
                recipient.Tell(message, frame.Sender!);
                break;
        }
    }
}
