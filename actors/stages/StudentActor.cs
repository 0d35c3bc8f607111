using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Messages;
using ActorTrain.Model;
using Akka.Actor;

namespace ActorTrain.Actors.Stages;

/// <summary>
/// Pulls what the training thread needs: asks for the batches and targets of the next steps by key, joins the answers by key and
/// puts whole steps, in order, into the thread's queue. The prefetch window is the only back-pressure.
/// </summary>
internal sealed class StudentActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan HedgeInterval = TimeSpan.FromMilliseconds(50);

    private readonly StageContext _stage;
    private readonly ServiceRequests<BatchKey> _batches;
    private readonly ServiceRequests<BatchKey> _targets;
    private readonly Dictionary<long, Join> _joins = [];
    private readonly StepQueue _queue;
    private readonly ComputeThread _thread;
    private long _nextToAsk;
    private long _nextToTrain;

    public StudentActor(StageContext stage)
    {
        _stage = stage;
        _batches = stage.Requests<BatchKey>(Context, NodeRoles.Data);
        _targets = stage.Requests<BatchKey>(Context, NodeRoles.Teacher);
        _queue = new StepQueue(stage.Plan.PrefetchWindow);
        _thread = stage.Run.Work.StartThread("student");
        Receive<TrainingLoop.Ready>(ready =>
        {
            _nextToAsk = _nextToTrain = ready.StepsDone;
            AskUpTo(ready.StepsDone + stage.Plan.PrefetchWindow);
        });
        Receive<StepTaken>(taken =>
        {
            AskUpTo(taken.Step + 1 + stage.Plan.PrefetchWindow);
            Context.Parent.Tell(taken);
        });
        Receive<MaskedBatch>(batch =>
        {
            if (_batches.Answered(batch.Key))
                Joined(batch.Key, join => join.Add(batch));
        });
        Receive<TargetBatch>(targets =>
        {
            if (_targets.Answered(targets.Key))
                Joined(targets.Key, join => join.Add(targets));
        });
        Receive<HedgeDue>(_ =>
        {
            _batches.AskAgain();
            _targets.AskAgain();
        });
        StageContext.ReceiveChunks(Context, chunk => Receive<MessageChunk>(chunk));
        Receive<CheckpointWritten>(written => Context.Parent.Tell(written));
        Receive<CancelRun>(_ => _queue.Close());
        Receive<StudentEnded>(ended => Context.Parent.Tell(ended));
        Receive<Status.Failure>(failure => Context.Parent.Tell(new StageFailed(stage.Fingerprint,
            Failures.SentenceOf(failure.Cause, $"Training of stage '{stage.Plan.Name}'"))));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private bool Distils => _stage.Plan.Kind == StageKind.Distill;

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer("hedge", HedgeDue.Instance, HedgeInterval);
        var self = Self;
        _thread.Run(() => new TrainingLoop(_stage, _queue, self).Run()).PipeTo(self, self);
    }

    protected override void PostStop()
    {
        _queue.Close();
        _thread.Dispose();
    }

    private void AskUpTo(long end)
    {
        for (; _nextToAsk < Math.Min(end, _stage.Plan.Steps); _nextToAsk++)
        {
            _joins[_nextToAsk] = new Join(_nextToAsk, _stage.Plan.MicroBatches, Distils, _stage.Plan.TargetPrecision, _stage.Run.Options.Time);
            for (int micro = 0; micro < _stage.Plan.MicroBatches; micro++)
            {
                var key = new BatchKey(_stage.KeyName, _nextToAsk, micro);
                _batches.Ask(key, new BatchRequest(key));
                if (Distils)
                    _targets.Ask(key, new TargetRequest(key));
            }
        }
    }

    private void Joined(BatchKey key, Action<Join> add)
    {
        add(_joins[key.Step]);
        while (_joins.TryGetValue(_nextToTrain, out var next) && next.Complete && _queue.TryPut(next.ToStep()))
            _joins.Remove(_nextToTrain++);
    }

    /// <summary>A step's answers as they come in.</summary>
    private sealed class Join(long step, int microBatches, bool distils, TargetPrecision precision, TimeProvider time)
    {
        private readonly MaskedBatch?[] _batches = new MaskedBatch?[microBatches];
        private readonly TargetBatch?[] _targets = new TargetBatch?[microBatches];
        private int _missing = distils ? 2 * microBatches : microBatches;
        private long _batchesAt;

        public bool Complete => _missing == 0;

        public void Add(MaskedBatch batch)
        {
            _batches[batch.Key.Micro] = batch;
            _batchesAt = time.GetTimestamp();
            _missing--;
        }

        public void Add(TargetBatch targets)
        {
            _targets[targets.Key.Micro] = targets;
            _missing--;
        }

        public TrainingStep ToStep()
        {
            StudentBatch[] batches = [.. _batches.Zip(_targets, (batch, targets) =>
                new StudentBatch(batch!.Inputs.ToModelInput(batch.Labels.Length), batch.Labels, targets is null ? null : TargetEncoding.Decode(targets.Values, precision)))];
            return new TrainingStep(step, batches, [.. batches.Select(TrainingLedger.HashOf)], _batchesAt, _batches.Max(batch => batch!.SkippedSamples));
        }
    }
}
