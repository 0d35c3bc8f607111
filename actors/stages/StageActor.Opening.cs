using ActorTrain.Actors.Messages;
using Akka.Actor;

namespace ActorTrain.Actors.Stages;

// How a stage's services get what they need.
internal sealed partial class StageActor
{
    /// <summary>Opens what a service needs, once; its actors start when that is done.</summary>
    private bool Begin(string service, Func<StageModels, StageRecord, Task<Action>> open)
    {
        if (!_begun.Add(service))
            return false;
        var (models, record) = (new StageModels(_run, _order.Record, Plan, Context.System, _end), Record);
        // On the pool: reading or hashing a model must not hold the actor up.
        Task.Run(() => open(models, record)).PipeTo(Self, Self, start => new Opened(start));
        return true;
    }

    private async Task<Action> OpenDataAsync(StageModels models, StageRecord record)
    {
        var modality = Modality.Of(Plan, await models.ShapeAsync());
        var sources = await StageSources.OpenAsync(Plan, modality, new OpeningNotices(Plan.Name, _run.Events, _run.Options.Time), _end);
        _run.Work.Add(CloseAsync(sources));
        var stage = _stage with { Train = sources.Train, Test = sources.Test, Modality = modality, Sources = sources };
        return () =>
        {
            _data = stage;
            foreach (string sentence in sources.Losses)
                _run.Events.Report(new Notice($"Stage '{Plan.Name}': {sentence}"));
            Report(_report with { Train = sources.Train, Test = sources.Test });
        };
    }

    /// <summary>Closes data sets when this stage stops, at once if it has: who was to serve from them may never hear of them.</summary>
    private async Task CloseAsync(StageSources sources)
    {
        await _stopped.Task;
        await sources.DisposeAsync();
    }

    /// <summary>Nothing is served from data sets that are not known to be the run's.</summary>
    private void StartData()
    {
        if (_data is not { } stage || _props.ContainsKey(Loader) || !Equals(Record.Train, stage.Train) || !Equals(Record.Test, stage.Test))
            return;
        Start(Loader, Props.Create(() => new DataLoaderActor(stage)));
        if (Plan.Trains)
            Start(Masker, Props.Create(() => new MaskerActor(stage)));
        Stash.UnstashAll();
    }

    private async Task<Action> OpenTeacherAsync(StageModels models, StageRecord record)
    {
        var stage = _stage with
        {
            Train = record.Train,
            TeacherFolder = await models.FolderAsync(Plan.Teacher!),
            TeacherFingerprint = StageModels.WeightsOf(models.FilesOf(Plan.Teacher!)!),
        };
        return () => Start(Teacher, Plan.Targets == TargetMode.Cached
            ? Props.Create(() => new CachedTeacherActor(stage))
            : Props.Create(() => new LiveTeacherActor(stage)));
    }

    private async Task<Action> OpenStudentAsync(StageModels models, StageRecord record)
    {
        var stage = _stage with
        {
            Train = record.Train,
            InitialFolder = await models.FolderAsync(Plan.Initial),
            AnchorFolder = Plan.Regulariser?.Anchor is { } anchor ? await models.FolderAsync(anchor) : null,
            TeacherFingerprint = Plan.Teacher is null ? null : StageModels.WeightsOf(models.FilesOf(Plan.Teacher)!),
            FinalFolder = _run.Folder.Model(Plan.Name),
        };
        _run.Work.Add(models.SpreadAsync(Plan.Initial, _order.Replicas));
        if (record.Checkpoint is { } counted && !_run.Folder.HasCheckpointFrom(Plan.Name, counted.Step))
            await models.FetchAsync(counted.Files, _run.Folder.Checkpoint(Plan.Name, counted.Step));
        return () =>
        {
            if (_order.Train)
                Start(Student, Props.Create(() => new StudentActor(stage)));
            else
                StudentGone();
        };
    }

    private async Task<Action> OpenEvaluatorAsync(StageModels models, StageRecord record)
    {
        var stage = _stage with { Train = record.Train, Test = record.Test, FinalFolder = await models.FolderAsync(record.Trained!.Model) };
        return () =>
        {
            if (!Plan.Trains)
                _run.Events.Report(new StageStarted(Plan, _stage.Index, _run.StageCount, 0));
            foreach (var split in Plan.Evaluations.Where(split => record.Evaluations.All(done => done.Split != split)))
                _toEvaluate.Enqueue(split);
            Start(Evaluator, Props.Create(() => new EvaluatorActor(stage)));
        };
    }

    private sealed record Opened(Action Start);
}
