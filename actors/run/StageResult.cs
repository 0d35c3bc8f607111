using ActorTrain.Actors.Messages;
using MessagePack;

namespace ActorTrain.Actors;

/// <summary>What a stage measured; <c>result.json</c> in the stage's folder.</summary>
[MessagePackObject]
public sealed record StageResult
{
    /// <summary>The stage's name.</summary>
    [Key(0)] public required string Stage { get; init; }
    /// <summary>What it did.</summary>
    [Key(1)] public required StageKind Kind { get; init; }
    /// <summary>The plan that it followed.</summary>
    [Key(2)] public required string PlanFingerprint { get; init; }
    /// <summary>Optimiser steps done.</summary>
    [Key(3)] public required long Steps { get; init; }
    /// <summary>Wall-clock of training and evaluation in seconds, over all interruptions.</summary>
    [Key(4)] public required double Seconds { get; init; }
    /// <summary>Cross-entropy on the training set after the last step, without dropout or augmentation; null without a classifier.</summary>
    [Key(5)] public double? TrainLoss { get; init; }
    /// <summary>Accuracy on the training set, from 0 to 1; null without a classifier.</summary>
    [Key(6)] public double? TrainAccuracy { get; init; }
    /// <summary>Cross-entropy on the test set; null without a classifier or a test set.</summary>
    [Key(7)] public double? TestLoss { get; init; }
    /// <summary>Accuracy on the test set, from 0 to 1; null without a classifier or a test set.</summary>
    [Key(8)] public double? TestAccuracy { get; init; }
    /// <summary>‖θ_init − θ‖₂ over the encoder; null without a reference.</summary>
    [Key(9)] public double? Distance { get; init; }
    /// <summary>The Hugging Face folder of the final weights.</summary>
    [Key(10)] public required string ModelFolder { get; init; }
    /// <summary>SHA-256 of its <c>model.safetensors</c>, in hexadecimal.</summary>
    [Key(11)] public required string ModelSha256 { get; init; }
    /// <summary>Test samples counted by [label][prediction]; null without a test set.</summary>
    [Key(12)] public int[][]? Confusion { get; init; }
    /// <summary>Total time the student stood still for batches, in seconds.</summary>
    [Key(13)] public double DataWaitSeconds { get; init; }
    /// <summary>Total time the student stood still for targets, in seconds.</summary>
    [Key(14)] public double TeacherWaitSeconds { get; init; }
    /// <summary>Total time of forward, backward and update, in seconds.</summary>
    [Key(15)] public double ComputeSeconds { get; init; }
    /// <summary>Broken samples that were replaced or passed over.</summary>
    [Key(16)] public long SkippedSamples { get; init; }
    /// <summary>Where it was trained; null for an evaluation, and where nothing told.</summary>
    [Key(17)] public TrainingMachine? Machine { get; init; }

    /// <summary>What a stage's training and evaluations add up to.</summary>
    internal static StageResult Of(StagePlan plan, StageRecord record, TrainedModel trained, double evaluationSeconds, string modelFolder)
    {
        var test = record.Evaluations.FirstOrDefault(done => done.Split == DataSplit.Test);
        var train = record.Evaluations.FirstOrDefault(done => done.Split == DataSplit.Train);
        return new StageResult
        {
            Stage = plan.Name,
            Kind = plan.Kind,
            PlanFingerprint = plan.Fingerprint(),
            Steps = trained.Totals.Steps,
            Seconds = trained.Totals.Seconds + evaluationSeconds,
            TrainLoss = train?.Loss,
            TrainAccuracy = train?.Accuracy,
            TestLoss = test?.Loss,
            TestAccuracy = test?.Accuracy,
            Confusion = test?.Confusion,
            Distance = trained.Distance,
            ModelFolder = modelFolder,
            ModelSha256 = trained.Model.Files.Single(file => file.Name == Model.ModelFolder.WeightsName).Sha256,
            DataWaitSeconds = trained.Totals.DataWaitSeconds,
            TeacherWaitSeconds = trained.Totals.TeacherWaitSeconds,
            ComputeSeconds = trained.Totals.ComputeSeconds,
            Machine = trained.Machine,
            SkippedSamples = new[] { trained.Totals.SkippedSamples, test?.SkippedSamples ?? 0, train?.SkippedSamples ?? 0 }.Max(),
        };
    }
}
