using ActorTrain.Model;

namespace ActorTrain.Actors;

/// <summary>Something that a run reports while it goes on. Events of a stage come in order, from any thread.</summary>
public abstract record RunEvent;

/// <summary>A stage starts or resumes.</summary>
/// <param name="Plan">The stage.</param>
/// <param name="Index">Its number in the run, from 0.</param>
/// <param name="Count">How many stages the run has.</param>
/// <param name="StepsDone">Steps that an earlier run of the same plan left in a checkpoint; 0 for a fresh start.</param>
public sealed record StageStarted(StagePlan Plan, int Index, int Count, long StepsDone) : RunEvent;

/// <summary>One optimiser step is done.</summary>
/// <param name="Stage">The stage's name.</param>
/// <param name="Step">Steps done, from 1.</param>
/// <param name="Steps">Steps of the stage.</param>
/// <param name="Result">Losses, gradient norm and learning rate of the step.</param>
/// <param name="DataWaitSeconds">How long the student stood still for its batch.</param>
/// <param name="TeacherWaitSeconds">How long it then stood still for the teacher's targets.</param>
/// <param name="ComputeSeconds">Forward, backward and update.</param>
/// <param name="SamplesPerSecond">Batch size over the step's whole time.</param>
public sealed record StepDone(string Stage, long Step, long Steps, StepResult Result, double DataWaitSeconds, double TeacherWaitSeconds,
    double ComputeSeconds, double SamplesPerSecond) : RunEvent;

/// <summary>A checkpoint is on the disk.</summary>
/// <param name="Stage">The stage's name.</param>
/// <param name="Step">Steps done.</param>
public sealed record CheckpointSaved(string Stage, long Step) : RunEvent;

/// <summary>A part of an evaluation is done.</summary>
/// <param name="Stage">The stage's name.</param>
/// <param name="DataSet"><c>test</c> or <c>train</c>.</param>
/// <param name="Done">Samples evaluated.</param>
/// <param name="Count">Samples of the data set.</param>
public sealed record EvaluationAdvanced(string Stage, string DataSet, long Done, long Count) : RunEvent;

/// <summary>A stage is done, now or in an earlier run of the same plan.</summary>
/// <param name="Result">What it measured.</param>
/// <param name="Index">Its number in the run, from 0.</param>
/// <param name="Count">How many stages the run has.</param>
public sealed record StageFinished(StageResult Result, int Index, int Count) : RunEvent;

/// <summary>A sentence that the user should read: a decision, a skipped sample, a healed crash.</summary>
/// <param name="Text">The sentence.</param>
public sealed record Notice(string Text) : RunEvent;
