using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Model;

namespace ActorTrain.Host.Planning;

/// <summary>Plans single stages as one method's settings say.</summary>
/// <param name="settings">The settings.</param>
/// <param name="model">The model to begin with.</param>
/// <param name="classNames">The classes of the labelled data in label order; null where nothing is classified.</param>
internal sealed class StagePlanner(Settings settings, InitialModel model, string[]? classNames)
{
    /// <summary>Samples that an evaluation computes together.</summary>
    private const int EvaluationBatch = 64;

    /// <summary>The stage that makes θ_init.</summary>
    public StagePlan Source(string name) => Stage(name, StageKind.Pretrain, settings.Source.Seed, model.Location, null, settings.Source.Training) with
    {
        Train = SourceData(settings.Source.Data, "source.data", settings.Source.Limit),
    };

    /// <summary>Further pre-training.</summary>
    public StagePlan Pretrain(string name, ulong seed, string initial, string? reference) =>
        Adapt(name, StageKind.Pretrain, seed, initial, reference, settings.Pretrain);

    /// <summary>A round of self-distillation, or of what stands in its place: a pre-training that is held near the teacher's weights, or one without a teacher.</summary>
    public StagePlan Distill(string name, ulong seed, string initial, string? teacher, string? reference)
    {
        DistillSettings distill = settings.Distill;
        if (distill.Target is not { } target)
        {
            return Adapt(name, StageKind.Pretrain, seed, initial, reference, distill.Training) with
            {
                Regulariser = distill.Weights is { } weights ? weights with { Anchor = teacher } : null,
            };
        }
        return Adapt(name, StageKind.Distill, seed, initial, reference, distill.Training) with
        {
            Teacher = teacher,
            DistillTarget = target,
            DistillReduction = distill.Reduction,
            MaeWeight = distill.MaeWeight,
            Targets = distill.Targets,
            TargetBlock = distill.TargetBlock,
            TargetPrecision = distill.TargetPrecision,
        };
    }

    /// <summary>Fine-tuning and its evaluation.</summary>
    public StagePlan Finetune(string name, ulong seed, string initial, string? reference) =>
        Stage(name, StageKind.Finetune, seed, initial, reference, settings.Finetune.Training) with
        {
            Train = TrainData(pack: false) with { ClassNames = classNames },
            Test = settings.Data.Validation > 0 ? AsTest(TrainData(pack: false) with { HeldOut = true })
                : settings.Data.Test.Length > 0 ? TestData()
                : null,
            Dropout = settings.Finetune.Dropout,
            Regulariser = settings.Finetune.Regulariser,
            Consistency = settings.Finetune.Consistency,
            Contrast = settings.Finetune.Contrast,
        };

    /// <summary>An evaluation on the test samples, without training.</summary>
    public StagePlan Evaluate(string name, ulong seed, string initial) =>
        Stage(name, StageKind.Evaluate, seed, initial, null, settings.Finetune.Training) with { Steps = 0, Test = TestData(), Dropout = 0 };

    private StagePlan Adapt(string name, StageKind kind, ulong seed, string initial, string? reference, TrainingSettings training) =>
        Stage(name, kind, seed, initial, reference, training) with
        {
            Train = UnlabelledData(),
            ReplayRatio = settings.Replay.Ratio,
            Mix = settings.Mix,
            Source = settings.TakesSource ? SourceData(settings.Replay.Source, settings.Replay.Key, settings.Replay.Limit) : null,
        };

    private StagePlan Stage(string name, StageKind kind, ulong seed, string initial, string? reference, TrainingSettings training) => new()
    {
        Name = name,
        Kind = kind,
        Initial = initial,
        Reference = reference,
        Seed = seed,
        Steps = training.Steps,
        BatchSize = training.BatchSize,
        MicroBatches = training.MicroBatches,
        MaskRatio = model.IsText ? settings.Text.MaskRatio : settings.Model.MaskRatio,
        NormPixLoss = settings.Model.NormPixLoss,
        DistillTarget = DistillTarget.Cls,
        DistillReduction = DistillReduction.Mean,
        MaeWeight = 1,
        Targets = TargetMode.Live,
        TargetBlock = 1,
        LearningRate = training.LearningRate,
        Beta1 = training.Beta1,
        Beta2 = training.Beta2,
        Epsilon = training.Epsilon,
        WeightDecay = training.WeightDecay,
        MaxGradientNorm = training.MaxGradientNorm,
        WarmUpSteps = training.WarmUpSteps,
        Dropout = model.IsText ? settings.Text.Dropout : 0,
        Threads = settings.Run.Threads,
        Device = settings.Run.Device,
        Bfloat16 = settings.Run.Bfloat16,
        PixelMean = settings.Model.PixelMean,
        PixelStd = settings.Model.PixelStd,
        EvaluationBatch = EvaluationBatch,
        CheckpointEvery = settings.Run.CheckpointEvery,
        Keep = settings.Run.Keep,
        PrefetchWindow = settings.Run.Prefetch,
    };

    /// <summary>What is held out of the labelled samples for validation is not seen without its labels either.</summary>
    private DataPlan UnlabelledData() => settings.Data.UnlabelledIsTrain
        ? TrainData(settings.Text.Pack)
        : Data(settings.Data.Unlabelled, "data.unlabelled", settings.Text.Pack);

    private DataPlan TrainData(bool pack) =>
        Data(settings.Data.Train, "data.train", pack) with { HoldOut = settings.Data.Validation, Group = settings.Data.Group };

    private DataPlan TestData() => AsTest(Data(settings.Data.Test, "data.test", pack: false));

    private DataPlan AsTest(DataPlan data) => data with { ClassNames = classNames, Limit = 0, CropPadding = 0, Flip = false };

    private DataPlan SourceData(string location, string key, int limit) =>
        Data(location, key, settings.Source.Pack) with { Limit = limit, LimitSeed = settings.Source.Seed };

    private DataPlan Data(string location, string key, bool pack)
    {
        var data = new DataPlan
        {
            Location = location,
            Key = key,
            Limit = settings.Data.Limit,
            LimitSeed = settings.Data.LimitSeed,
            CacheDirectory = settings.CacheFolder,
            SkipBroken = settings.Data.SkipBroken,
            ImageSize = 0,
            CropPadding = 0,
            Flip = false,
            OrderBlock = settings.Data.OrderBlock,
            DecodedCacheBytes = 0,
        };
        return model.Shape is VitConfiguration images
            ? data with
            {
                ImageSize = images.ImageSize,
                CropPadding = settings.Data.CropPadding,
                Flip = settings.Data.Flip,
                DecodedCacheBytes = settings.Data.DecodedCacheBytes,
            }
            : data with
            {
                Text = new TextPlan
                {
                    MaxLength = settings.Text.MaxLength,
                    Pack = pack,
                    TextField = settings.Text.TextField,
                    LabelField = settings.Text.LabelField,
                    PairField = settings.Text.PairField,
                    BucketBatches = settings.Text.BucketBatches,
                    WholeWord = settings.Text.WholeWord,
                },
            };
    }
}
