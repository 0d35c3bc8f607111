using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Messages;
using ActorTrain.DataPipeline;
using Akka.Actor;

namespace ActorTrain.Actors.Stages;

/// <summary>
/// Makes batches of samples. Any batch is a pure function of the plan, so the actor holds nothing that matters: a short
/// memory of batches, because the masker and a live teacher ask for the same ones and a request may come twice.
/// </summary>
internal sealed class DataLoaderActor : ReceiveActor
{
    private readonly StageContext _stage;
    private readonly Dictionary<DataSplit, ISampleLoader> _loaders = [];
    private readonly Dictionary<object, List<IActorRef>> _underWay = [];
    private readonly Dictionary<object, object> _recent = [];
    private readonly Queue<object> _age = [];

    public DataLoaderActor(StageContext stage)
    {
        _stage = stage;
        Receive<InputRequest>(request => Serve(request.Key, () => LoadAsync(request.Key)));
        Receive<BlockRequest>(request => Serve(request.Key, () => LoadAsync(request.Key)));
        Receive<SamplesRequest>(request => SamplesAsync(request.Key).PipeTo(Self, Sender, failure: error => new LoadFailed(this, error)));
        Receive<BatchSamples>(samples => Sender.Tell(samples));
        Receive<Loaded>(Deliver);
        Receive<LoadFailed>(failed =>
        {
            // A former incarnation's loads end with its loader.
            if (failed.Loader == this)
                Failures.Handle(failed.Error, _stage, Context.Parent);
        });
    }

    protected override void PostStop()
    {
        foreach (var loader in _loaders.Values)
            _stage.Sources!.Release(loader);
    }

    private void Serve(object key, Func<Task<object>> load)
    {
        if (_recent.TryGetValue(key, out object? answer))
        {
            Chunks.Answer(Sender, answer, Context);
            return;
        }
        if (_underWay.TryGetValue(key, out var askers))
        {
            if (!askers.Contains(Sender))
                askers.Add(Sender);
            return;
        }
        _underWay[key] = [Sender];
        _stage.Run.DataMeter.Waiting = _underWay.Count;
        load().PipeTo(Self, Self, answer => new Loaded(key, answer), error => new LoadFailed(this, error));
    }

    private void Deliver(Loaded loaded)
    {
        if (!_underWay.Remove(loaded.Key, out var askers))
            return;
        _recent[loaded.Key] = loaded.Answer;
        _age.Enqueue(loaded.Key);
        if (_age.Count > _stage.Plan.PrefetchWindow * _stage.Plan.MicroBatches)
            _recent.Remove(_age.Dequeue());
        _stage.Run.DataMeter.Waiting = _underWay.Count;
        _stage.Run.DataMeter.Served();
        foreach (var asker in askers)
            Chunks.Answer(asker, loaded.Answer, Context);
    }

    private async Task<object> LoadAsync(BatchKey key)
    {
        var loader = Loader(DataSplit.Train);
        var batch = await loader.LoadAsync(_stage.FirstPosition(key), _stage.MicroBatchSize, CancellationToken.None);
        return new InputBatch(key, SampleInputs.Of(batch), batch.Samples, batch.Epochs, batch.Labels, loader.SkippedSamples);
    }

    private async Task<object> LoadAsync(BlockKey key)
    {
        var loader = Loader(key.Split);
        var block = await loader.LoadConsecutiveAsync(key.FirstSample, key.Count, CancellationToken.None);
        return new InputBlock(key, SampleInputs.Of(block), block.Labels, loader.SkippedSamples);
    }

    private async Task<BatchSamples> SamplesAsync(BatchKey key) =>
        new(key, await Loader(DataSplit.Train).SamplesAsync(_stage.FirstPosition(key), _stage.MicroBatchSize, CancellationToken.None));

    private ISampleLoader Loader(DataSplit split) =>
        _loaders.TryGetValue(split, out var loader) ? loader : _loaders[split] = _stage.Sources![split].NewLoader();

    private sealed record Loaded(object Key, object Answer);

    private sealed record LoadFailed(DataLoaderActor Loader, Exception Error);
}
