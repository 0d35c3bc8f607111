using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Messages;
using ActorTrain.Model;

namespace ActorTrain.Actors.Stages;

/// <summary>
/// Computes the targets of whole blocks of consecutive samples, once, keeps them in a file and serves micro-batches from there:
/// without augmentation a sample's target never changes. Which samples a micro-batch has is asked of the loader, for it may depend on the
/// data (texts are put into batches by length).
/// </summary>
internal sealed class CachedTeacherActor : TeacherActor
{
    /// <summary>Blocks asked of the loader ahead of the one that is computed.</summary>
    private const int Window = 3;

    private readonly ServiceRequests<BatchKey> _samples;
    private readonly ServiceRequests<BlockKey> _inputs;
    private readonly Dictionary<BatchKey, Wanted> _wanted = [];
    private readonly Queue<long> _toAsk = [];
    private readonly HashSet<long> _begun = [];
    private bool[]? _done; // null until the cache is open
    private TargetCache? _cache; // used on the compute thread only

    public CachedTeacherActor(StageContext stage) : base(stage)
    {
        _samples = stage.Requests<BatchKey>(Context, NodeRoles.Data);
        _inputs = stage.Requests<BlockKey>(Context, NodeRoles.Data);
        Receive<Opened>(opened =>
        {
            _done = opened.Done;
            ServeComplete();
            AskForBlocks();
        });
        Receive<BatchSamples>(samples =>
        {
            if (!_samples.Answered(samples.Key))
                return;
            _wanted[samples.Key] = new Wanted(samples.Samples, [.. samples.Samples.Select(BlockOf)]);
            ServeComplete();
            AskForBlocks();
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

    protected override void Begin(BatchKey key) => _samples.Ask(key, new SamplesRequest(key));

    protected override void AskAgain()
    {
        _samples.AskAgain();
        _inputs.AskAgain();
    }

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
        _done![block] = true;
        ServeComplete();
        AskForBlocks();
    }

    /// <summary>Serves the micro-batches whose blocks are all done, and has the others' blocks computed.</summary>
    private void ServeComplete()
    {
        if (_done is null)
            return;
        foreach (var (key, wanted) in _wanted.ToList())
        {
            wanted.Missing.RemoveWhere(block => _done[block]);
            if (wanted.Missing.Count == 0)
            {
                _wanted.Remove(key);
                Serve(key, wanted.Samples);
            }
            foreach (long block in wanted.Missing.Where(_begun.Add))
                _toAsk.Enqueue(block);
        }
    }

    private void Serve(BatchKey key, long[] samples) => Compute(teacher =>
    {
        int length = teacher.TargetLength;
        var values = new float[samples.Length * (long)length];
        for (int i = 0; i < samples.Length; i++)
            _cache!.Read(samples[i], values.AsSpan(i * length, length));
        return new TargetBatch(key, TargetEncoding.Encode(values, Stage.Plan.TargetPrecision));
    });

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

    /// <summary>A micro-batch whose targets somebody waits for.</summary>
    /// <param name="Samples">Its samples.</param>
    /// <param name="Missing">The blocks of these that are not done.</param>
    private sealed record Wanted(long[] Samples, HashSet<long> Missing);

    private sealed record Opened(bool[] Done);

    private sealed record BlockDone(long Block);
}
