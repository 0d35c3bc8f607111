using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Messages;
using ActorTrain.Model;
using Akka.Actor;

namespace ActorTrain.Actors.Stages;

/// <summary>
/// Measures a classifier on a data set, in data-set order and batches of a fixed size. One that was restarted asks its stage for
/// work again and starts over.
/// </summary>
internal sealed class EvaluatorActor : ReceiveActor, IWithTimers
{
    /// <summary>Blocks asked of the loader ahead of the one that is computed.</summary>
    private const int Window = 3;

    private static readonly TimeSpan HedgeInterval = TimeSpan.FromMilliseconds(100);

    private readonly StageContext _stage;
    private readonly ServiceRequests<BlockKey> _blocks;
    private readonly ComputeThread _thread;
    private readonly Dictionary<long, InputBlock> _arrived = [];
    private EvaluationRequest? _request;
    private ClassifierEvaluation? _evaluation; // used on _thread only
    private long _nextToAsk;
    private long _nextToAdd;
    private long _skipped;

    public EvaluatorActor(StageContext stage)
    {
        _stage = stage;
        _blocks = stage.Requests<BlockKey>(Context, NodeRoles.Data);
        _thread = stage.Run.Work.StartThread("evaluator");
        Receive<EvaluationRequest>(Begin);
        Receive<InputBlock>(block =>
        {
            if (_blocks.Answered(block.Key))
            {
                _arrived[block.Key.FirstSample] = block;
                AddArrived();
            }
        });
        Receive<Added>(added =>
        {
            // The last block's news may overtake that of the one before.
            if (added.Evaluator == this && added.Block.Key.Split == _request?.Split)
                Advance(added);
        });
        Receive<HedgeDue>(_ => _blocks.AskAgain());
        StageContext.ReceiveChunks(Context, chunk => Receive<MessageChunk>(chunk));
        Receive<EvaluationFailed>(failed =>
        {
            // What a former incarnation had under way does not concern this one.
            if (failed.Evaluator == this)
                Failures.Handle(failed.Error, _stage, Context.Parent);
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private long Count => _stage.Info(_request!.Split).Count;

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer("hedge", HedgeDue.Instance, HedgeInterval);
        Context.Parent.Tell(new EvaluatorReady(_stage.Fingerprint));
    }

    protected override void PostStop()
    {
        _ = _thread.Run(Close);
        _thread.Dispose();
    }

    private void Close()
    {
        _evaluation?.Dispose();
        _evaluation = null;
    }

    private void Begin(EvaluationRequest request)
    {
        // Asked twice: a request outlived a crash in the mailbox, and the stage has answered the restart with another one.
        if (request == _request)
            return;
        _request = request;
        _nextToAsk = _nextToAdd = _skipped = 0;
        _ = _thread.Run(Close);
        AskForBlocks();
    }

    private void AskForBlocks()
    {
        for (; _blocks.Count + _arrived.Count < Window && _nextToAsk < Count; _nextToAsk += _stage.Plan.EvaluationBatch)
        {
            int count = (int)Math.Min(_stage.Plan.EvaluationBatch, Count - _nextToAsk);
            var key = new BlockKey(_stage.KeyName, _request!.Split, _nextToAsk, count);
            _blocks.Ask(key, new BlockRequest(key));
        }
    }

    // The loss is a sum of rounded numbers: its bits depend on the order of the blocks.
    private void AddArrived()
    {
        while (_arrived.Remove(_nextToAdd, out var block))
        {
            _nextToAdd += block.Key.Count;
            _thread.Run(() => Add(block)).PipeTo(Self, Self, result => new Added(this, block, result), error => new EvaluationFailed(this, error));
        }
    }

    private EvaluationResult Add(InputBlock block)
    {
        var plan = _stage.Plan;
        _evaluation ??= ClassifierEvaluation.Open(_stage.FinalFolder, plan.PixelMean, plan.PixelStd, _stage.Device, plan.Bfloat16, plan.Threads);
        _evaluation.Add(block.Inputs.ToModelInput(block.Key.Count), block.Labels);
        return _evaluation.Result;
    }

    private void Advance(Added added)
    {
        var split = added.Block.Key.Split;
        long done = added.Block.Key.FirstSample + added.Block.Key.Count;
        _skipped = Math.Max(_skipped, added.Block.SkippedSamples);
        _stage.Run.Events.Report(new EvaluationAdvanced(_stage.Plan.Name, split == DataSplit.Test ? "test" : "train", done, Count));
        if (done == Count)
        {
            _request = null;
            Context.Parent.Tell(new EvaluationDone(_stage.Fingerprint, split, added.Result.Loss, added.Result.Accuracy, added.Result.Confusion, _skipped));
        }
        else
        {
            AskForBlocks();
        }
    }

    private sealed record Added(EvaluatorActor Evaluator, InputBlock Block, EvaluationResult Result);

    private sealed record EvaluationFailed(EvaluatorActor Evaluator, Exception Error);
}
