using System.Security.Cryptography;
using ActorTrain.DataPipeline;
using ActorTrain.Model;
using MessagePack;

namespace ActorTrain.Actors;

/// <summary>What a stage does with its model.</summary>
public enum StageKind
{
    /// <summary>Masked auto-encoding (of text: masked language modelling) on the training set: pre-training and further pre-training.</summary>
    Pretrain,
    /// <summary>Masked auto-encoding plus the distance to a frozen teacher's hidden representation.</summary>
    Distill,
    /// <summary>A fresh head, cross-entropy on the labelled training set, then an evaluation.</summary>
    Finetune,
    /// <summary>An evaluation of a fine-tuned model, without training.</summary>
    Evaluate,
}

/// <summary>Where a distillation stage takes the teacher's targets from.</summary>
public enum TargetMode
{
    /// <summary>Cached if a sample has one and the same target of one length in every epoch, else live; resolved into the plan before the run starts.</summary>
    Auto,
    /// <summary>Computed for the batch of (plan, step, micro-batch).</summary>
    Live,
    /// <summary>Computed once for each block of consecutive samples and kept in a file.</summary>
    Cached,
}

/// <summary>The numbers that a teacher's targets are sent as.</summary>
public enum TargetPrecision
{
    /// <summary>As they were computed.</summary>
    Fp32,
    /// <summary>bfloat16: half the bytes, 8 bits of precision.</summary>
    Bf16,
    /// <summary>IEEE half: half the bytes, 11 bits of precision, up to 65,504.</summary>
    Fp16,
}

/// <summary>How the documents of a data set become token sequences.</summary>
[MessagePackObject]
public sealed record TextPlan
{
    /// <summary>Tokens of a sequence at most, special tokens included.</summary>
    [Key(0)] public required int MaxLength { get; init; }
    /// <summary>Whether documents are joined into full sequences, without their labels, instead of making a sequence each.</summary>
    [Key(1)] public required bool Pack { get; init; }
    /// <summary>The JSON key of the text.</summary>
    [Key(2)] public required string TextField { get; init; }
    /// <summary>The JSON key of the label.</summary>
    [Key(3)] public required string LabelField { get; init; }
    /// <summary>The JSON key of a second text; null where there is none.</summary>
    [Key(4)] public string? PairField { get; init; }
    /// <summary>Batches of a window in which sequences are sorted by length; 1 leaves the order as it is.</summary>
    [Key(5)] public required int BucketBatches { get; init; }
    /// <summary>Whether all tokens of a word are masked together.</summary>
    [Key(6)] public required bool WholeWord { get; init; }
}

/// <summary>One data set of a stage, and how its samples are prepared.</summary>
[MessagePackObject]
public sealed record DataPlan
{
    /// <summary>A folder, a file or a brace pattern of files, or such a thing's http(s) or s3 address.</summary>
    [Key(0)] public required string Location { get; init; }
    /// <summary>The configuration key that gave the location, for messages to the user.</summary>
    [Key(1)] public required string Key { get; init; }
    /// <summary>How many samples to use of what is not held out, stratified by label; 0 for all. The held-out part is not limited.</summary>
    [Key(2)] public required int Limit { get; init; }
    /// <summary>The seed that chooses the samples of a limited set, and those that are held out.</summary>
    [Key(3)] public required ulong LimitSeed { get; init; }
    /// <summary>Where indexes are kept.</summary>
    [Key(4)] public required string CacheDirectory { get; init; }
    /// <summary>The classes in label order, or null to take the data set's own.</summary>
    [Key(5)] public string[]? ClassNames { get; init; }
    /// <summary>Whether a broken sample is replaced or passed over, and counted, instead of ending the run.</summary>
    [Key(6)] public required bool SkipBroken { get; init; }
    /// <summary>Side of the square that every image is resized to, in pixels; 0 for text.</summary>
    [Key(7)] public required int ImageSize { get; init; }
    /// <summary>Padding of the random crop in pixels; 0 turns the crop off.</summary>
    [Key(8)] public required int CropPadding { get; init; }
    /// <summary>Whether images are flipped left to right at random.</summary>
    [Key(9)] public required bool Flip { get; init; }
    /// <summary>Samples of one block of the block shuffle; 0 shuffles the whole set.</summary>
    [Key(10)] public required long OrderBlock { get; init; }
    /// <summary>Memory for decoded images, in bytes.</summary>
    [Key(11)] public required long DecodedCacheBytes { get; init; }
    /// <summary>How documents become sequences; null for images.</summary>
    [Key(12)] public TextPlan? Text { get; init; }
    /// <summary>Share of the samples, of every class alike, that is held out for validation, in [0, 1); 0 for none.</summary>
    [Key(13)] public double HoldOut { get; init; }
    /// <summary>Whether this data set is the part that is held out, and not the rest.</summary>
    [Key(14)] public bool HeldOut { get; init; }
    /// <summary>What finds in a sample's name which samples are held out together; see <see cref="SourceOptions.Group"/>. Null for none.</summary>
    [Key(15)] public string? Group { get; init; }

    /// <summary>Whether a sample looks different from epoch to epoch.</summary>
    internal bool Augments => CropPadding > 0 || Flip;

    /// <summary>Whether samples are drawn from the data set by their labels.</summary>
    internal bool IsDrawn => Limit > 0 || HoldOut > 0;

    /// <summary>What opens the data set.</summary>
    /// <param name="classNames">The classes where the plan leaves them to the data; null to find them there.</param>
    public SourceOptions ToSourceOptions(IReadOnlyList<string>? classNames = null) => new()
    {
        Location = Location,
        Key = Key,
        CacheDirectory = CacheDirectory,
        Limit = Limit,
        LimitSeed = LimitSeed,
        HoldOut = HoldOut,
        HeldOut = HeldOut,
        Group = Group,
        ClassNames = ClassNames ?? classNames,
    };

    /// <summary>
    /// What decides bits. Skipping is not among it: what was computed without it met no broken sample, so it is the same with it. Nor is the
    /// seed of a draw where nothing is drawn, or a group where nothing is held out.
    /// </summary>
    internal DataPlan Deciding() => this with
    {
        Key = "",
        CacheDirectory = "",
        SkipBroken = false,
        DecodedCacheBytes = 0,
        LimitSeed = IsDrawn ? LimitSeed : 0,
        Group = HoldOut > 0 ? Group : null,
    };
}

/// <summary>
/// Everything that decides the bits of one stage's result, and how it is carried out. From it alone any loader can
/// make any batch, any masker its masks and any teacher its targets.
/// </summary>
[MessagePackObject]
public sealed record StagePlan
{
    /// <summary>Path-like name, such as <c>source</c> or <c>seed-0/further-pretraining</c>; also the stage's folder under <c>stages/</c>.</summary>
    [Key(0)] public required string Name { get; init; }
    /// <summary>What the stage does.</summary>
    [Key(1)] public required StageKind Kind { get; init; }
    /// <summary>
    /// The weights it starts from: <c>preset:NAME</c> (images only), <c>stage:NAME</c> (the result of an earlier stage) or a Hugging Face
    /// folder, which for text has the tokenizer's files in it. This model decides the stage's modality.
    /// </summary>
    [Key(2)] public required string Initial { get; init; }
    /// <summary>The frozen teacher of a distillation, in the same forms; else null.</summary>
    [Key(3)] public string? Teacher { get; init; }
    /// <summary>The weights from which ‖θ_init − θ‖₂ is measured, in the same forms; null to measure nothing.</summary>
    [Key(4)] public string? Reference { get; init; }
    /// <summary>The training set; null only for an evaluation.</summary>
    [Key(5)] public DataPlan? Train { get; init; }
    /// <summary>The set that a fine-tuned model is evaluated on.</summary>
    [Key(6)] public DataPlan? Test { get; init; }
    /// <summary>The seed of sample order, masks, augmentation, dropout and fresh weights.</summary>
    [Key(7)] public required ulong Seed { get; init; }
    /// <summary>Optimiser steps.</summary>
    [Key(8)] public required long Steps { get; init; }
    /// <summary>Samples of one step.</summary>
    [Key(9)] public required int BatchSize { get; init; }
    /// <summary>Equal parts that a step's batch is computed in; their gradients are averaged.</summary>
    [Key(10)] public required int MicroBatches { get; init; }
    /// <summary>Share of the patches that is hidden, or probability with which a token is chosen, in (0, 1).</summary>
    [Key(11)] public required double MaskRatio { get; init; }
    /// <summary>Whether each target patch is normalised by its own mean and variance.</summary>
    [Key(12)] public required bool NormPixLoss { get; init; }
    /// <summary>The hidden representation that is distilled.</summary>
    [Key(13)] public required DistillTarget DistillTarget { get; init; }
    /// <summary>How the distance is reduced over tokens.</summary>
    [Key(14)] public required DistillReduction DistillReduction { get; init; }
    /// <summary>λ, the weight of the masked loss in a distillation.</summary>
    [Key(15)] public required double MaeWeight { get; init; }
    /// <summary>Where the teacher's targets come from.</summary>
    [Key(16)] public required TargetMode Targets { get; init; }
    /// <summary>Consecutive samples that the teacher computes together for its cache; decides the targets' last bits.</summary>
    [Key(17)] public required int TargetBlock { get; init; }
    /// <summary>AdamW's learning rate after the warm-up, before the linear decay.</summary>
    [Key(18)] public required double LearningRate { get; init; }
    /// <summary>AdamW's β₁.</summary>
    [Key(19)] public required double Beta1 { get; init; }
    /// <summary>AdamW's β₂.</summary>
    [Key(20)] public required double Beta2 { get; init; }
    /// <summary>AdamW's ε.</summary>
    [Key(21)] public required double Epsilon { get; init; }
    /// <summary>Decoupled weight decay of the matrices.</summary>
    [Key(22)] public required double WeightDecay { get; init; }
    /// <summary>Largest global gradient norm; 0 turns clipping off.</summary>
    [Key(23)] public required double MaxGradientNorm { get; init; }
    /// <summary>Steps over which the learning rate grows from 0.</summary>
    [Key(24)] public required long WarmUpSteps { get; init; }
    /// <summary>Probability with which dropout zeroes a value while training.</summary>
    [Key(25)] public required double Dropout { get; init; }
    /// <summary>libtorch threads of each computing thread; they decide bits.</summary>
    [Key(26)] public required int Threads { get; init; }
    /// <summary><c>cpu</c> or <c>cuda:N</c>.</summary>
    [Key(27)] public required string Device { get; init; }
    /// <summary>Whether the forward pass runs under bfloat16 autocast.</summary>
    [Key(28)] public required bool Bfloat16 { get; init; }
    /// <summary>Mean of each channel, in units of x / 255; for images.</summary>
    [Key(29)] public required float[] PixelMean { get; init; }
    /// <summary>Standard deviation of each channel, in units of x / 255; for images.</summary>
    [Key(30)] public required float[] PixelStd { get; init; }
    /// <summary>Samples of one batch of the evaluation.</summary>
    [Key(31)] public required int EvaluationBatch { get; init; }
    /// <summary>Steps from one checkpoint to the next.</summary>
    [Key(32)] public required int CheckpointEvery { get; init; }
    /// <summary>How many checkpoints are kept.</summary>
    [Key(33)] public required int Keep { get; init; }
    /// <summary>Steps whose batches the student asks for ahead of the one it computes.</summary>
    [Key(34)] public required int PrefetchWindow { get; init; }

    /// <summary>What the teacher's targets are rounded to on their way to the student; in one process too, for it decides bits.</summary>
    [Key(35)] public TargetPrecision TargetPrecision { get; init; }

    /// <summary>What holds the weights near a model; null for nothing.</summary>
    [Key(36)] public RegulariserPlan? Regulariser { get; init; }
    /// <summary>R3F beside the cross-entropy of a fine-tuning; null without it.</summary>
    [Key(37)] public ConsistencyPlan? Consistency { get; init; }
    /// <summary>SupCon in a fine-tuning; null without it.</summary>
    [Key(38)] public ContrastPlan? Contrast { get; init; }
    /// <summary>Samples of the source domain, for replay and mixing; null where neither needs them.</summary>
    [Key(39)] public DataPlan? Source { get; init; }
    /// <summary>Share of each batch that is drawn from <see cref="Source"/>, in [0, 1).</summary>
    [Key(40)] public double ReplayRatio { get; init; }
    /// <summary>How the target's images are mixed with others; null where they are not.</summary>
    [Key(41)] public MixPlan? Mix { get; init; }

    internal bool Trains => Kind != StageKind.Evaluate;

    /// <summary>Whether the teacher needs what is masked of a batch, and not only the samples.</summary>
    internal bool TeacherSeesMasks => DistillTarget == DistillTarget.Predictions;

    /// <summary>Samples of each batch that are drawn from <see cref="Source"/>.</summary>
    internal int ReplayedSamples => (int)Math.Round(ReplayRatio * BatchSize, MidpointRounding.AwayFromZero);

    internal DataPlan? DataOf(Messages.DataSplit split) => split switch
    {
        Messages.DataSplit.Train => Train,
        Messages.DataSplit.Test => Test,
        _ => Source,
    };

    /// <summary>What the final model is evaluated on, in this order.</summary>
    internal IEnumerable<Messages.DataSplit> Evaluations
    {
        get
        {
            if (Test is not null && Kind is StageKind.Finetune or StageKind.Evaluate)
                yield return Messages.DataSplit.Test;
            if (Kind == StageKind.Finetune)
                yield return Messages.DataSplit.Train;
        }
    }

    /// <summary>
    /// SHA-256 of the MessagePack bytes of what decides the stage's result, in hexadecimal; names the plan in every request.
    /// Checkpoint interval, checkpoints kept, prefetch window, cache sizes and skipping do not count: they may change between an
    /// interruption and the resumption. Nor does what a stage of its kind does not look at.
    /// </summary>
    public string Fingerprint() => Convert.ToHexStringLower(SHA256.HashData(MessagePackSerializer.Serialize(Deciding())));

    /// <summary>The models that the plan refers to, in the forms of <see cref="Initial"/>.</summary>
    public IEnumerable<string> Models() => new[] { Initial, Teacher, Reference, Regulariser?.Anchor }.OfType<string>();

    /// <summary>The plan with other references to its models.</summary>
    /// <param name="replaced">What stands in the place of a reference.</param>
    public StagePlan WithModels(Func<string, string> replaced) => this with
    {
        Initial = replaced(Initial),
        Teacher = Teacher is null ? null : replaced(Teacher),
        Reference = Reference is null ? null : replaced(Reference),
        Regulariser = Regulariser is { Anchor: { } anchor } ? Regulariser with { Anchor = replaced(anchor) } : Regulariser,
    };

    /// <summary>The plan with one and the same value for all that only says how it is carried out.</summary>
    internal StagePlan Deciding()
    {
        bool masks = Kind is StageKind.Pretrain or StageKind.Distill, distils = Kind == StageKind.Distill;
        return WithModels(WithoutCache) with
        {
            Train = Train?.Deciding(),
            Test = Test?.Deciding(),
            Source = Source?.Deciding(),
            CheckpointEvery = 1,
            Keep = 1,
            PrefetchWindow = 1,
            MaskRatio = masks ? MaskRatio : 0,
            NormPixLoss = masks && NormPixLoss,
            DistillTarget = distils ? DistillTarget : default,
            DistillReduction = distils ? DistillReduction : default,
            MaeWeight = distils ? MaeWeight : 0,
            Targets = distils ? Targets : default,
            TargetBlock = distils ? TargetBlock : 0,
            TargetPrecision = distils ? TargetPrecision : default,
        };
    }

    /// <summary>A model in the cache directory is known by its folder's name there, for the cache may lie elsewhere when the run goes on.</summary>
    private string WithoutCache(string location)
    {
        string cache = (Train ?? Test)?.CacheDirectory.TrimEnd('/') + "/";
        return location.StartsWith(cache, StringComparison.Ordinal) ? location[cache.Length..] : location;
    }
}

/// <summary>The stages of a run, in the order in which they are carried out.</summary>
[MessagePackObject]
public sealed record RunPlan
{
    /// <summary>The run's name, for people.</summary>
    [Key(0)] public required string Name { get; init; }
    /// <summary>The stages; one may refer to the results of those before it.</summary>
    [Key(1)] public required StagePlan[] Stages { get; init; }
}
