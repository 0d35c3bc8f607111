using ActorTrain.Actors.Cluster;
using ActorTrain.Actors.Compute;
using ActorTrain.Actors.Messages;
using ActorTrain.Model;
using Akka.Actor;

namespace ActorTrain.Actors.Stages;

/// <summary>
/// The frozen teacher. A target is always computed in a batch that its key fixes, because a matrix product's row can change in
/// its last bits with the batch around it: live, the micro-batch of (plan, step, micro); cached, the block of the data set.
/// </summary>
internal abstract class TeacherActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan HedgeInterval = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<BatchKey, HashSet<IActorRef>> _askers = [];
    private readonly ComputeThread _thread;
    private Teacher? _teacher; // used on _thread only

    protected TeacherActor(StageContext stage)
    {
        Stage = stage;
        _thread = stage.Run.Work.StartThread("teacher");
        Receive<TargetRequest>(request =>
        {
            if (_askers.TryGetValue(request.Key, out var askers))
            {
                askers.Add(Sender);
                return;
            }
            _askers[request.Key] = [Sender];
            stage.Run.TeacherMeter.Waiting = _askers.Count;
            Begin(request.Key);
        });
        Receive<TargetBatch>(targets =>
        {
            if (_askers.Remove(targets.Key, out var askers))
            {
                stage.Run.TeacherMeter.Waiting = _askers.Count;
                stage.Run.TeacherMeter.Served();
                foreach (var asker in askers)
                    Chunks.Answer(asker, targets, Context);
            }
        });
        Receive<HedgeDue>(_ => AskAgain());
        StageContext.ReceiveChunks(Context, chunk => Receive<MessageChunk>(chunk));
        Receive<ComputeFailed>(failed =>
        {
            // What a former incarnation had under way does not concern this one.
            if (failed.Teacher == this)
                Failures.Handle(failed.Error, Stage, Context.Parent);
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected StageContext Stage { get; }

    protected override void PreStart() => Timers.StartPeriodicTimer("hedge", HedgeDue.Instance, HedgeInterval);

    protected override void PostStop()
    {
        _ = _thread.Run(() =>
        {
            Close();
            _teacher?.Dispose();
        });
        _thread.Dispose();
    }

    /// <summary>Starts work on targets that nobody has asked for yet.</summary>
    protected abstract void Begin(BatchKey key);

    /// <summary>Asks again for samples that have been missing for too long.</summary>
    protected abstract void AskAgain();

    /// <summary>Lets go, on the compute thread, of what <see cref="Compute"/> opened there.</summary>
    protected virtual void Close()
    {
    }

    /// <summary>Runs work with the teacher on the compute thread and sends its answer to this actor.</summary>
    protected void Compute(Func<Teacher, object> work)
    {
        // A former incarnation that answers late does no harm: the same key has the same bits.
        _thread.Run(() => work(_teacher ??= Open())).PipeTo(Self, Self, answer => answer, error => new ComputeFailed(this, error));
    }

    /// <summary>What a student is held against; on the compute thread.</summary>
    protected static float[] Targets(Teacher teacher, SampleInputs inputs, int count)
    {
        FaultPoints.Reach(FaultPoints.TeacherAnswers);
        return teacher.Targets(inputs.ToModelInput(count));
    }

    private Teacher Open()
    {
        var plan = Stage.Plan;
        return Teacher.Open(Stage.TeacherFolder, plan.DistillTarget, plan.PixelMean, plan.PixelStd, Stage.Device, plan.Bfloat16, plan.Threads);
    }

    private sealed record ComputeFailed(TeacherActor Teacher, Exception Error);
}

/// <summary>Time to look for requests that have gone unanswered for too long.</summary>
internal sealed class HedgeDue
{
    public static readonly HedgeDue Instance = new();
}

/// <summary>Computes each micro-batch's targets when they are asked for: what augmented samples and predictions of masked ones need.</summary>
internal sealed class LiveTeacherActor : TeacherActor
{
    private readonly ServiceRequests<BatchKey> _inputs;

    public LiveTeacherActor(StageContext stage) : base(stage)
    {
        _inputs = stage.Requests<BatchKey>(Context, NodeRoles.Data);
        Receive<InputBatch>(batch => Answer(batch.Key, batch.Inputs, batch.Labels.Length));
        Receive<MaskedBatch>(batch => Answer(batch.Key, batch.Inputs, batch.Labels.Length));
    }

    protected override void Begin(BatchKey key) => _inputs.Ask(key, Stage.Plan.TeacherSeesMasks ? new BatchRequest(key) : new InputRequest(key));

    protected override void AskAgain() => _inputs.AskAgain();

    private void Answer(BatchKey key, SampleInputs inputs, int count)
    {
        if (_inputs.Answered(key))
            Compute(teacher => new TargetBatch(key, TargetEncoding.Encode(Targets(teacher, inputs, count), Stage.Plan.TargetPrecision)));
    }
}
