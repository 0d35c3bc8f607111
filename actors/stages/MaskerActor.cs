using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Stages;

/// <summary>Turns a loader's samples into what a student trains on: chooses what is masked.</summary>
internal sealed class MaskerActor : ReceiveActor
{
    private readonly StageContext _stage;
    private readonly ActorSelection _loader = Context.ActorSelection("../" + StageActor.Loader);
    private readonly Dictionary<BatchKey, HashSet<IActorRef>> _askers = [];

    public MaskerActor(StageContext stage)
    {
        _stage = stage;
        Receive<BatchRequest>(Ask);
        Receive<InputBatch>(Answer);
    }

    // A repeated request is passed on again: the loader may have lost the first one.
    private void Ask(BatchRequest request)
    {
        if (!_askers.TryGetValue(request.Key, out var askers))
            _askers[request.Key] = askers = [];
        askers.Add(Sender);
        _loader.Tell(new InputRequest(request.Key), Self);
    }

    private void Answer(InputBatch batch)
    {
        if (!_askers.Remove(batch.Key, out var askers))
            return;
        var masked = new MaskedBatch(batch.Key, _stage.Masks ? _stage.Modality!.Masked(batch) : batch.Inputs, batch.Labels, batch.SkippedSamples);
        foreach (var asker in askers)
            Chunks.Answer(asker, masked, Context);
    }
}
