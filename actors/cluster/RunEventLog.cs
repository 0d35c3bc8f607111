using ActorTrain.Actors.Messages;
using ActorTrain.Model;

namespace ActorTrain.Actors.Cluster;

/// <summary>The newest events of a run, numbered from 1, for clients that ask for what is new. Used by one actor.</summary>
internal sealed class RunEventLog
{
    /// <summary>Some seconds of a fast run; a client asks twice a second.</summary>
    private const int Capacity = 2048;

    private readonly Queue<RunEventMessage> _events = new(Capacity);

    /// <summary>The newest event's number; 0 before the first.</summary>
    public long Last { get; private set; }

    public void Add(RunEventMessage happened)
    {
        if (_events.Count == Capacity)
            _events.Dequeue();
        _events.Enqueue(happened);
        Last++;
    }

    /// <summary>The events after the one with that number, as far as they are kept.</summary>
    public RunEventMessage[] After(long number)
    {
        long first = Last - _events.Count;
        return [.. _events.Skip((int)Math.Clamp(number - first, 0, _events.Count))];
    }
}

/// <summary>Turns events into messages and back.</summary>
internal static class RunEventMessages
{
    private const int NumbersOfStep = 10;

    /// <summary>The event as it travels; null for a finished stage, which travels as <see cref="FinishedStage"/>.</summary>
    public static RunEventMessage? Of(RunEvent happened) => happened switch
    {
        StageStarted started => Message(RunEventKind.StageStarted, started.Plan.Name, started.StepsDone, started.Plan.Steps),
        StepDone done => Message(RunEventKind.StepDone, done.Stage, done.Step, done.Steps) with
        {
            Numbers =
            [
                done.Result.Loss, done.Result.MaeLoss, done.Result.DistillLoss, done.Result.Accuracy, done.Result.GradientNorm,
                done.Result.LearningRate, done.DataWaitSeconds, done.TeacherWaitSeconds, done.ComputeSeconds, done.SamplesPerSecond,
            ],
        },
        CheckpointSaved saved => Message(RunEventKind.CheckpointSaved, saved.Stage, saved.Step, 0),
        EvaluationAdvanced evaluation => Message(RunEventKind.EvaluationAdvanced, evaluation.Stage, evaluation.Done, evaluation.Count) with { DataSet = evaluation.DataSet },
        Notice notice => Message(RunEventKind.Notice, notice.Text, 0, 0),
        _ => null,
    };

    /// <summary>The event of a message; null for one that does not fit the plan.</summary>
    public static RunEvent? Read(RunEventMessage message, RunPlan plan)
    {
        if (message.Kind == RunEventKind.Notice)
            return new Notice(message.Text);
        int index = Array.FindIndex(plan.Stages, stage => stage.Name == message.Text);
        if (index < 0)
            return null;
        return message.Kind switch
        {
            RunEventKind.StageStarted => new StageStarted(plan.Stages[index], index, plan.Stages.Length, message.Done),
            RunEventKind.StepDone when message.Numbers is { Length: NumbersOfStep } n => new StepDone(message.Text, message.Done, message.Count,
                new StepResult(n[0], n[1], n[2], n[3], n[4], n[5]), n[6], n[7], n[8], n[9]),
            RunEventKind.CheckpointSaved => new CheckpointSaved(message.Text, message.Done),
            RunEventKind.EvaluationAdvanced => new EvaluationAdvanced(message.Text, message.DataSet, message.Done, message.Count),
            _ => null,
        };
    }

    private static RunEventMessage Message(RunEventKind kind, string text, long done, long count) => new(kind, text, done, count, "", []);
}
