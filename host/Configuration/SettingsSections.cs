using ActorTrain.Actors;
using ActorTrain.Model;

namespace ActorTrain.Host.Configuration;

/// <summary>Section <c>run</c>.</summary>
public sealed record RunSettings
{
    /// <summary><c>run.name</c>.</summary>
    public required string Name { get; init; }

    /// <summary><c>run.folder</c>.</summary>
    public required string Folder { get; init; }

    /// <summary><c>run.seeds</c>.</summary>
    public required IReadOnlyList<ulong> Seeds { get; init; }

    /// <summary><c>run.methods</c>.</summary>
    public required IReadOnlyList<string> Methods { get; init; }

    /// <summary><c>run.threads</c>, resolved.</summary>
    public required int Threads { get; init; }

    /// <summary><c>run.device</c>.</summary>
    public required string Device { get; init; }

    /// <summary><c>run.autocast = bfloat16</c>.</summary>
    public required bool Bfloat16 { get; init; }

    /// <summary><c>run.checkpoint-every</c>, in steps.</summary>
    public required int CheckpointEvery { get; init; }

    /// <summary><c>run.keep</c>, in checkpoints.</summary>
    public required int Keep { get; init; }

    /// <summary><c>run.prefetch</c>, in steps.</summary>
    public required int Prefetch { get; init; }

    /// <summary><c>run.replicas</c>, in nodes.</summary>
    public required int Replicas { get; init; }
}

/// <summary><c>run.adapt</c>: what stands before fine-tuning.</summary>
public enum Adaptation
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>Further pre-training.</summary>
    Pretrain,
    /// <summary>Self-distillation, or what section <c>distill</c> puts in its place.</summary>
    Distill,
}

/// <summary>Section <c>cluster</c>.</summary>
public sealed record ClusterSettings
{
    /// <summary><c>cluster.downing</c> is keep-majority and not timeout.</summary>
    public required bool KeepMajority { get; init; }

    /// <summary><c>cluster.downing-after</c>.</summary>
    public required TimeSpan DowningAfter { get; init; }

    /// <summary><c>cluster.allow-mixed</c>.</summary>
    public required bool AllowMixed { get; init; }
}

/// <summary>Section <c>model</c>.</summary>
public sealed record ModelSettings
{
    /// <summary><c>model.from</c>.</summary>
    public required string From { get; init; }

    /// <summary>The preset that <see cref="From"/> names; null when it is a folder.</summary>
    public required string? Preset { get; init; }

    /// <summary><c>model.image-size</c> in pixels; 0 = the model's own.</summary>
    public required int ImageSize { get; init; }

    /// <summary><c>model.mask-ratio</c>.</summary>
    public required double MaskRatio { get; init; }

    /// <summary><c>model.norm-pix-loss</c>.</summary>
    public required bool NormPixLoss { get; init; }

    /// <summary><c>model.pixel-mean</c>, per channel.</summary>
    public required float[] PixelMean { get; init; }

    /// <summary><c>model.pixel-std</c>, per channel.</summary>
    public required float[] PixelStd { get; init; }
}

/// <summary>Section <c>text</c>.</summary>
public sealed record TextSettings
{
    /// <summary><c>text.tokenizer</c>; empty = the model folder's own, or one trained for a preset.</summary>
    public required string Tokenizer { get; init; }

    /// <summary><c>text.vocabulary</c>, in tokens.</summary>
    public required int Vocabulary { get; init; }

    /// <summary><c>text.max-length</c>, in tokens.</summary>
    public required int MaxLength { get; init; }

    /// <summary><c>text.mask-ratio</c>.</summary>
    public required double MaskRatio { get; init; }

    /// <summary><c>text.whole-word</c>.</summary>
    public required bool WholeWord { get; init; }

    /// <summary><c>text.pack</c>.</summary>
    public required bool Pack { get; init; }

    /// <summary><c>text.bucket-batches</c>.</summary>
    public required int BucketBatches { get; init; }

    /// <summary><c>text.dropout</c>.</summary>
    public required double Dropout { get; init; }

    /// <summary><c>text.text-field</c>.</summary>
    public required string TextField { get; init; }

    /// <summary><c>text.label-field</c>.</summary>
    public required string LabelField { get; init; }

    /// <summary><c>text.pair-field</c>; null = none.</summary>
    public required string? PairField { get; init; }
}

/// <summary>Section <c>data</c>.</summary>
public sealed record DataSettings
{
    /// <summary><c>data.train</c>.</summary>
    public required string Train { get; init; }

    /// <summary><c>data.test</c>.</summary>
    public required string Test { get; init; }

    /// <summary><c>data.unlabelled</c>; empty = the training samples.</summary>
    public required string Unlabelled { get; init; }

    /// <summary>Whether the unlabelled samples are the training samples.</summary>
    public bool UnlabelledIsTrain => Unlabelled.Length == 0 || Unlabelled == Train;

    /// <summary><c>data.validation</c>.</summary>
    public required double Validation { get; init; }

    /// <summary><c>data.limit</c>.</summary>
    public required int Limit { get; init; }

    /// <summary><c>data.limit-seed</c>.</summary>
    public required ulong LimitSeed { get; init; }

    /// <summary><c>data.group</c>; null = every sample for itself.</summary>
    public required string? Group { get; init; }

    /// <summary><c>data.skip-broken</c>.</summary>
    public required bool SkipBroken { get; init; }

    /// <summary><c>data.crop-padding</c>, in pixels.</summary>
    public required int CropPadding { get; init; }

    /// <summary><c>data.flip</c>.</summary>
    public required bool Flip { get; init; }

    /// <summary><c>data.order-block</c>, in samples.</summary>
    public required long OrderBlock { get; init; }

    /// <summary><c>data.decoded-cache</c>, in bytes.</summary>
    public required long DecodedCacheBytes { get; init; }
}

/// <summary>Section <c>source</c>.</summary>
public sealed record SourceSettings
{
    /// <summary><c>source.data</c>.</summary>
    public required string Data { get; init; }

    /// <summary><c>source.limit</c>.</summary>
    public required int Limit { get; init; }

    /// <summary><c>source.pack</c>.</summary>
    public required bool Pack { get; init; }

    /// <summary><c>source.seed</c>.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Steps, batches and optimiser.</summary>
    public required TrainingSettings Training { get; init; }
}

/// <summary>Section <c>distill</c>.</summary>
public sealed record DistillSettings
{
    /// <summary><c>distill.teacher</c>; empty = the further pre-trained model.</summary>
    public required string Teacher { get; init; }

    /// <summary><c>distill.target</c>; null when no output of the teacher is compared.</summary>
    public required DistillTarget? Target { get; init; }

    /// <summary>How the weights are held near the teacher's with <c>distill.target = weights</c>, without the teacher; else null.</summary>
    public required RegulariserPlan? Weights { get; init; }

    /// <summary>Whether there is a teacher.</summary>
    public bool HasTeacher => Target is not null || Weights is not null;

    /// <summary><c>distill.reduction</c>.</summary>
    public required DistillReduction Reduction { get; init; }

    /// <summary><c>distill.targets</c>.</summary>
    public required TargetMode Targets { get; init; }

    /// <summary><c>distill.target-block</c>, in samples.</summary>
    public required int TargetBlock { get; init; }

    /// <summary><c>distill.target-precision</c>.</summary>
    public required TargetPrecision TargetPrecision { get; init; }

    /// <summary><c>distill.mae-weight</c>.</summary>
    public required double MaeWeight { get; init; }

    /// <summary><c>distill.rounds</c>.</summary>
    public required int Rounds { get; init; }

    /// <summary>Steps, batches and optimiser.</summary>
    public required TrainingSettings Training { get; init; }
}

/// <summary>Section <c>finetune</c>, with what it takes from <c>l2</c>, <c>mars</c>, <c>recadam</c>, <c>r3f</c> and <c>supcon</c>.</summary>
public sealed record FinetuneSettings
{
    /// <summary><c>finetune.dropout</c>.</summary>
    public required double Dropout { get; init; }

    /// <summary><c>finetune.regulariser</c>; null with none.</summary>
    public required RegulariserPlan? Regulariser { get; init; }

    /// <summary>Section <c>r3f</c>; null with a weight of 0.</summary>
    public required ConsistencyPlan? Consistency { get; init; }

    /// <summary>Section <c>supcon</c>; null with a weight of 0.</summary>
    public required ContrastPlan? Contrast { get; init; }

    /// <summary>Steps, batches and optimiser.</summary>
    public required TrainingSettings Training { get; init; }
}

/// <summary>Section <c>replay</c>.</summary>
public sealed record ReplaySettings
{
    /// <summary><c>replay.source</c>, or what stands in for it.</summary>
    public required string Source { get; init; }

    /// <summary>The key that <see cref="Source"/> is from.</summary>
    public required string Key { get; init; }

    /// <summary><c>replay.limit</c>.</summary>
    public required int Limit { get; init; }

    /// <summary><c>replay.ratio</c>.</summary>
    public required double Ratio { get; init; }
}

/// <summary>Steps, batches and optimiser of a stage, in <c>source</c>, <c>pretrain</c>, <c>distill</c> and <c>finetune</c>.</summary>
public sealed record TrainingSettings
{
    /// <summary><c>steps</c>.</summary>
    public required long Steps { get; init; }

    /// <summary><c>batch-size</c>, in samples.</summary>
    public required int BatchSize { get; init; }

    /// <summary><c>micro-batches</c>.</summary>
    public required int MicroBatches { get; init; }

    /// <summary><c>learning-rate</c>.</summary>
    public required double LearningRate { get; init; }

    /// <summary><c>beta1</c>.</summary>
    public required double Beta1 { get; init; }

    /// <summary><c>beta2</c>.</summary>
    public required double Beta2 { get; init; }

    /// <summary><c>epsilon</c>.</summary>
    public required double Epsilon { get; init; }

    /// <summary><c>weight-decay</c>.</summary>
    public required double WeightDecay { get; init; }

    /// <summary><c>warm-up</c>, in steps.</summary>
    public required long WarmUpSteps { get; init; }

    /// <summary><c>max-gradient-norm</c>; 0 = no clipping.</summary>
    public required double MaxGradientNorm { get; init; }
}
