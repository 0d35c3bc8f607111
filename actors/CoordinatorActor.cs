using ActorTrain.Actors.Messages;
using ActorTrain.Actors.Stages;
using Akka.Actor;

namespace ActorTrain.Actors;

/// <summary>Carries out the stages of a plan in order, keeps the journal, and ends the run with its results or its error.</summary>
internal sealed class CoordinatorActor : ReceiveActor
{
    private readonly RunContext _run;
    private readonly RunPlan _plan;
    private readonly Journal _journal;
    private readonly TaskCompletionSource<IReadOnlyList<StageResult>> _outcome;
    private readonly List<StageResult> _results = [];
    private IActorRef _stage = ActorRefs.Nobody;
    private bool _cancelled;

    public CoordinatorActor(RunContext run, RunPlan plan, Journal journal, TaskCompletionSource<IReadOnlyList<StageResult>> outcome)
    {
        (_run, _plan, _journal, _outcome) = (run, plan, journal, outcome);
        Receive<StageDone>(done =>
        {
            _journal.Append("stage-finished", done.Result.Stage, done.Result.ModelSha256);
            Finished(done.Result);
            Context.Stop(_stage);
            _stage = ActorRefs.Nobody;
        });
        Receive<StageFailed>(failed =>
        {
            _journal.Append("run-failed", CurrentStage.Name, failed.Sentence);
            _outcome.TrySetException(new RunException(failed.Sentence));
        });
        Receive<StageStopped>(_ =>
        {
            _journal.Append("run-cancelled", CurrentStage.Name);
            _outcome.TrySetCanceled();
        });
        Receive<CancelRun>(cancel =>
        {
            _cancelled = true;
            _stage.Tell(cancel);
        });
        Receive<Terminated>(terminated =>
        {
            // A stage that stops unasked may leave a training thread behind that still writes; it is not started a second time.
            if (terminated.ActorRef.Equals(_stage))
                Fail(new RunException($"Stage '{CurrentStage.Name}' was stopped; run the same command again to resume."));
            else
                BeginNext();
        });
        Receive<Begin>(_ => BeginNext());
    }

    private StagePlan CurrentStage => _plan.Stages[_results.Count];

    // Errors of an actor's start never reach PreRestart; those of a message do.
    protected override void PreStart() => Self.Tell(new Begin());

    /// <summary>A coordinator does not survive its own errors: the run ends, and the same command resumes it.</summary>
    protected override void PreRestart(Exception reason, object message)
    {
        Fail(reason);
        base.PreRestart(reason, message);
    }

    protected override void PostRestart(Exception reason)
    {
    }

    protected override void PostStop() => _outcome.TrySetException(new RunException("The run's coordinator was stopped; run the same command again to resume."));

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(error =>
    {
        Fail(error);
        return Directive.Stop;
    });

    private void BeginNext()
    {
        while (_results.Count < _plan.Stages.Length && _run.Folder.ReadResult(CurrentStage) is { } result)
            Finished(result);
        if (_results.Count == _plan.Stages.Length)
        {
            _outcome.TrySetResult(_results);
            return;
        }
        if (_cancelled)
        {
            _outcome.TrySetCanceled();
            return;
        }
        var (run, stage, index) = (_run, CurrentStage, _results.Count);
        _journal.Append("stage-started", stage.Name, stage.Fingerprint());
        _stage = Context.Watch(Context.ActorOf(Props.Create(() => new StageActor(run, stage, index)), $"stage-{index}"));
    }

    private void Finished(StageResult result)
    {
        _results.Add(result);
        _run.Events.Report(new StageFinished(result, _results.Count - 1, _plan.Stages.Length));
    }

    private void Fail(Exception error) => _outcome.TrySetException(new RunException(Stages.Failures.SentenceOf(error)
        ?? $"The run failed ({error.GetType().Name}: {error.Message.TrimEnd('.')}); run the same command again to resume.", error));

    private sealed record Begin;
}
