using ActorTrain.Model;
using MessagePack;

namespace ActorTrain.Actors.Messages;

// What the actors say to each other. A request names what is wanted (plan, step, micro-batch or block), never a place in a
// stream, so it may be sent twice, to anyone, and the answers are joined by key. In one process messages travel by
// reference: an array in a message is never changed after it was sent.

/// <summary>One of a stage's data sets.</summary>
public enum DataSplit
{
    /// <summary>The set that is trained on.</summary>
    Train,
    /// <summary>The set that is evaluated on.</summary>
    Test,
    /// <summary>Samples of the source domain that are replayed or mixed in.</summary>
    Source,
}

/// <summary>Names a micro-batch of training samples.</summary>
/// <param name="Plan">Fingerprint of the stage's plan.</param>
/// <param name="Step">Step, from 0.</param>
/// <param name="Micro">Number within the step, from 0.</param>
[MessagePackObject]
public sealed record BatchKey([property: Key(0)] string Plan, [property: Key(1)] long Step, [property: Key(2)] int Micro);

/// <summary>Names consecutive samples in data-set order.</summary>
/// <param name="Plan">Fingerprint of the stage's plan.</param>
/// <param name="Split">The data set.</param>
/// <param name="FirstSample">The first sample's number.</param>
/// <param name="Count">Number of samples.</param>
[MessagePackObject]
public sealed record BlockKey([property: Key(0)] string Plan, [property: Key(1)] DataSplit Split, [property: Key(2)] long FirstSample,
    [property: Key(3)] int Count);

/// <summary>Asks a loader for the samples of a micro-batch: images decoded and augmented, texts as tokens.</summary>
/// <param name="Key">The micro-batch.</param>
[MessagePackObject]
public sealed record InputRequest([property: Key(0)] BatchKey Key);

/// <summary>A loader's answer to <see cref="InputRequest"/>.</summary>
/// <param name="Key">The micro-batch.</param>
/// <param name="Inputs">The samples, unmasked.</param>
/// <param name="Samples">Number of each sample in the data set, <c>[batch]</c>.</param>
/// <param name="Epochs">Epoch in which each sample is drawn, <c>[batch]</c>.</param>
/// <param name="Labels">Class of each sample, -1 for none, <c>[batch]</c>.</param>
/// <param name="SkippedSamples">Broken samples that the loader has replaced or passed over so far.</param>
[MessagePackObject]
public sealed record InputBatch([property: Key(0)] BatchKey Key, [property: Key(1)] SampleInputs Inputs, [property: Key(2)] long[] Samples,
    [property: Key(3)] long[] Epochs, [property: Key(4)] int[] Labels, [property: Key(5)] long SkippedSamples);

/// <summary>Asks a loader for consecutive samples, never augmented: for the teacher's cache and for evaluation.</summary>
/// <param name="Key">The samples.</param>
[MessagePackObject]
public sealed record BlockRequest([property: Key(0)] BlockKey Key);

/// <summary>A loader's answer to <see cref="BlockRequest"/>.</summary>
/// <param name="Key">The samples.</param>
/// <param name="Inputs">The samples, unmasked.</param>
/// <param name="Labels">Class of each sample, -1 for none, <c>[batch]</c>.</param>
/// <param name="SkippedSamples">Broken samples that the loader has replaced or passed over so far.</param>
[MessagePackObject]
public sealed record InputBlock([property: Key(0)] BlockKey Key, [property: Key(1)] SampleInputs Inputs, [property: Key(2)] int[] Labels,
    [property: Key(3)] long SkippedSamples);

/// <summary>Asks a loader which samples a micro-batch has: for the teacher that has their targets in its cache.</summary>
/// <param name="Key">The micro-batch.</param>
[MessagePackObject]
public sealed record SamplesRequest([property: Key(0)] BatchKey Key);

/// <summary>A loader's answer to <see cref="SamplesRequest"/>.</summary>
/// <param name="Key">The micro-batch.</param>
/// <param name="Samples">Number of each sample in the data set, <c>[batch]</c>.</param>
[MessagePackObject]
public sealed record BatchSamples([property: Key(0)] BatchKey Key, [property: Key(1)] long[] Samples);

/// <summary>Asks a masker for a micro-batch that a student can train on.</summary>
/// <param name="Key">The micro-batch.</param>
[MessagePackObject]
public sealed record BatchRequest([property: Key(0)] BatchKey Key);

/// <summary>A masker's answer to <see cref="BatchRequest"/>.</summary>
/// <param name="Key">The micro-batch.</param>
/// <param name="Inputs">The samples, with what is masked of them where the stage masks.</param>
/// <param name="Labels">Class of each sample, -1 for none, <c>[batch]</c>.</param>
/// <param name="SkippedSamples">Broken samples that the loader has replaced or passed over so far.</param>
[MessagePackObject]
public sealed record MaskedBatch([property: Key(0)] BatchKey Key, [property: Key(1)] SampleInputs Inputs, [property: Key(2)] int[] Labels,
    [property: Key(3)] long SkippedSamples);

/// <summary>Asks a teacher for its targets for a micro-batch.</summary>
/// <param name="Key">The micro-batch.</param>
[MessagePackObject]
public sealed record TargetRequest([property: Key(0)] BatchKey Key);

/// <summary>A teacher's answer to <see cref="TargetRequest"/>.</summary>
/// <param name="Key">The micro-batch.</param>
/// <param name="Values">
/// What <see cref="Teacher.Targets"/> gives for the samples, little-endian in the plan's <see cref="StagePlan.TargetPrecision"/>.
/// </param>
[MessagePackObject]
public sealed record TargetBatch([property: Key(0)] BatchKey Key, [property: Key(1)] byte[] Values);

/// <summary>A fresh evaluator asks its stage for work.</summary>
/// <param name="Plan">Fingerprint of the stage's plan.</param>
[MessagePackObject]
public sealed record EvaluatorReady([property: Key(0)] string Plan);

/// <summary>Asks an evaluator for a classifier's loss and accuracy on a data set.</summary>
/// <param name="Plan">Fingerprint of the stage's plan.</param>
/// <param name="Split">The data set.</param>
[MessagePackObject]
public sealed record EvaluationRequest([property: Key(0)] string Plan, [property: Key(1)] DataSplit Split);

/// <summary>An evaluator's answer to <see cref="EvaluationRequest"/>.</summary>
/// <param name="Plan">Fingerprint of the stage's plan.</param>
/// <param name="Split">The data set.</param>
/// <param name="Loss">Mean cross-entropy.</param>
/// <param name="Accuracy">Share of samples classified rightly, from 0 to 1.</param>
/// <param name="Confusion">Samples counted by [label][prediction].</param>
/// <param name="SkippedSamples">Broken samples that the loader has replaced or passed over so far.</param>
[MessagePackObject]
public sealed record EvaluationDone([property: Key(0)] string Plan, [property: Key(1)] DataSplit Split, [property: Key(2)] double Loss,
    [property: Key(3)] double Accuracy, [property: Key(4)] int[][] Confusion, [property: Key(5)] long SkippedSamples);

/// <summary>The student has taken a step's batches: the stage moves on.</summary>
/// <param name="Plan">Fingerprint of the stage's plan.</param>
/// <param name="Step">The step, from 0.</param>
[MessagePackObject]
public sealed record StepTaken([property: Key(0)] string Plan, [property: Key(1)] long Step);

/// <summary>The student has written a checkpoint.</summary>
/// <param name="Plan">Fingerprint of the stage's plan.</param>
/// <param name="Step">Steps done.</param>
[MessagePackObject]
public sealed record CheckpointWritten([property: Key(0)] string Plan, [property: Key(1)] long Step);

/// <summary>The student has done its last step and saved its model, or was told to stop and saved a checkpoint.</summary>
/// <param name="Plan">Fingerprint of the stage's plan.</param>
/// <param name="Complete">Whether all steps are done.</param>
/// <param name="Totals">What it measured.</param>
[MessagePackObject]
public sealed record StudentEnded([property: Key(0)] string Plan, [property: Key(1)] bool Complete, [property: Key(2)] TrainingTotals Totals);

/// <summary>Sums over the steps of a stage, over all interruptions.</summary>
/// <param name="Steps">Steps done.</param>
/// <param name="Seconds">Wall-clock of the training in seconds.</param>
/// <param name="DataWaitSeconds">Time without a batch.</param>
/// <param name="TeacherWaitSeconds">Time with a batch but without its targets.</param>
/// <param name="ComputeSeconds">Forward, backward and update.</param>
/// <param name="SkippedSamples">Broken samples that were replaced or passed over.</param>
[MessagePackObject]
public sealed record TrainingTotals([property: Key(0)] long Steps, [property: Key(1)] double Seconds, [property: Key(2)] double DataWaitSeconds,
    [property: Key(3)] double TeacherWaitSeconds, [property: Key(4)] double ComputeSeconds, [property: Key(5)] long SkippedSamples);

/// <summary>Something that a restart cannot heal; ends the run.</summary>
/// <param name="Plan">Fingerprint of the stage's plan.</param>
/// <param name="Sentence">What the user should read.</param>
[MessagePackObject]
public sealed record StageFailed([property: Key(0)] string Plan, [property: Key(1)] string Sentence);

/// <summary>Asks for the end of the run after the current step, with a checkpoint.</summary>
[MessagePackObject]
public sealed record CancelRun;
