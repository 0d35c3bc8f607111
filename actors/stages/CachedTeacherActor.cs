using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Messages;
using ActorTrain.DataPipeline;
using ActorTrain.Model;

namespace ActorTrain.Actors.Stages;

/// <summary>
/// Computes the targets of whole blocks of consecutive samples, once, keeps them in a file and serves micro-batches from there:
/// without augmentation a sample's target never changes.
/// </summary>
internal sealed class CachedTeacherActor : TeacherActor
{
    /// <summary>Blocks asked of the loader ahead of the one that is computed.</summary>
    private const int Window = 3;

    private readonly SampleOrder _order;
    private readonly ServiceRequests<BlockKey> _inputs;
    private readonly Dictionary<BatchKey, HashSet<long>> _missing = [];
    private readonly Queue<long> _toAsk = [];
    private readonly HashSet<long> _begun = [];
    private bool[]? _done; // null until the cache is open
    private TargetCache? _cache; // used on the compute thread only

    public CachedTeacherActor(StageContext stage) : base(stage)
    {
        _order = stage.Order();
        _inputs = stage.Requests<BlockKey>(Context, NodeRoles.Data);
        Receive<Opened>(opened =>
        {
            _done = opened.Done;
            foreach (var key in Wanted.ToList())
                Begin(key);
        });
        Receive<InputBlock>(block =>
        {
            if (_inputs.Answered(block.Key))
                Compute(teacher => Add(teacher, block));
        });
        Receive<BlockDone>(done => Complete(done.Block));
    }

    protected override void PreStart()
    {
        base.PreStart();
        Compute(teacher =>
        {
            _cache = OpenCache(teacher);
            return new Opened(_cache.Done.ToArray());
        });
    }

    protected override void Begin(BatchKey key)
    {
        if (_done is null)
            return;
        HashSet<long> missing = [.. Samples(key).Select(BlockOf).Where(block => !_done[block])];
        if (missing.Count == 0)
        {
            Serve(key);
            return;
        }
        _missing[key] = missing;
        foreach (long block in missing.Where(_begun.Add))
            _toAsk.Enqueue(block);
        AskForBlocks();
    }

    protected override void AskAgain() => _inputs.AskAgain();

    protected override void Close() => _cache?.Dispose();

    private void AskForBlocks()
    {
        while (_inputs.Count < Window && _toAsk.TryDequeue(out long block))
        {
            long first = block * Stage.Plan.TargetBlock;
            var key = new BlockKey(Stage.KeyName, DataSplit.Train, first, (int)Math.Min(Stage.Plan.TargetBlock, Stage.Train!.Count - first));
            _inputs.Ask(key, new BlockRequest(key));
        }
    }

    private void Complete(long block)
    {
        if (_done is null || _done[block])
            return;
        _done[block] = true;
        foreach (var (key, missing) in _missing.ToList())
        {
            missing.Remove(block);
            if (missing.Count == 0)
            {
                _missing.Remove(key);
                Serve(key);
            }
        }
        AskForBlocks();
    }

    private void Serve(BatchKey key)
    {
        long[] samples = Samples(key);
        Compute(teacher =>
        {
            int length = teacher.TargetLength;
            var values = new float[samples.Length * (long)length];
            for (int i = 0; i < samples.Length; i++)
                _cache!.Read(samples[i], values.AsSpan(i * length, length));
            return new TargetBatch(key, TargetEncoding.Encode(values, Stage.Plan.TargetPrecision));
        });
    }

    private BlockDone Add(Teacher teacher, InputBlock block)
    {
        long number = BlockOf(block.Key.FirstSample);
        if (!_cache!.Done[number])
            _cache.Write(number, Targets(teacher, block.Inputs, block.Key.Count));
        return new BlockDone(number);
    }

    private TargetCache OpenCache(Teacher teacher)
    {
        var plan = Stage.Plan;
        string key = string.Join('|', Stage.TeacherFingerprint, Stage.Train!.Fingerprint, plan.Train!.ImageSize,
            plan.DistillTarget, plan.TargetBlock, plan.Threads, Stage.Device, plan.Bfloat16,
            string.Join(',', plan.PixelMean), string.Join(',', plan.PixelStd));
        return new TargetCache(Stage.Run.Folder.Cache, key, Stage.Train.Count, plan.TargetBlock, teacher.TargetLength);
    }

    private long BlockOf(long sample) => sample / Stage.Plan.TargetBlock;

    private long[] Samples(BatchKey key)
    {
        var samples = new long[Stage.MicroBatchSize];
        for (int i = 0; i < samples.Length; i++)
            (_, samples[i]) = _order.At(Stage.FirstPosition(key) + i);
        return samples;
    }

    private sealed record Opened(bool[] Done);

    private sealed record BlockDone(long Block);
}
