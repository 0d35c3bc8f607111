using ActorTrain.Model;

namespace ActorTrain.Actors.Tests;

/// <summary>Small plans over small data, to be changed with <c>with</c>.</summary>
internal static class Plans
{
    public const int ImageSize = 16;

    /// <summary>Tokens of a sequence at most.</summary>
    public const int MaxLength = 24;

    /// <summary>A network that trains in milliseconds.</summary>
    public static VitConfiguration Shape { get; } = new()
    {
        ImageSize = ImageSize,
        PatchSize = 4,
        Width = 16,
        Layers = 2,
        Heads = 2,
        MlpWidth = 32,
        DecoderWidth = 8,
        DecoderLayers = 1,
        DecoderHeads = 2,
        DecoderMlpWidth = 16,
    };

    /// <summary>The same for text; its vocabulary is the tokenizer's.</summary>
    public static RobertaConfiguration TextShape(int vocabulary) => new()
    {
        VocabularySize = vocabulary,
        Positions = 2 + MaxLength,
        Width = 16,
        Layers = 2,
        Heads = 2,
        MlpWidth = 32,
    };

    /// <summary>Texts of a file: a sequence of each document, sorted by length in windows of a few batches.</summary>
    public static DataPlan Texts(string file, string key = "data.train") => Data(file, key) with
    {
        ImageSize = 0,
        DecodedCacheBytes = 0,
        Text = new TextPlan { MaxLength = MaxLength, Pack = false, TextField = "text", LabelField = "label", BucketBatches = 3, WholeWord = false },
    };

    /// <summary>Images of a folder.</summary>
    public static DataPlan Data(string folder, string key = "data.train") => new()
    {
        Location = folder,
        Key = key,
        Limit = 0,
        LimitSeed = 0,
        CacheDirectory = Path.Combine(Path.GetTempPath(), "actortrain-tests-cache"),
        SkipBroken = false,
        ImageSize = ImageSize,
        CropPadding = 0,
        Flip = false,
        OrderBlock = 0,
        DecodedCacheBytes = 1 << 20,
    };

    public static StagePlan Stage(string name, StageKind kind, string initial, DataPlan? train) => new()
    {
        Name = name,
        Kind = kind,
        Initial = initial,
        Train = train,
        Seed = 1,
        Steps = 6,
        BatchSize = 8,
        MicroBatches = 2,
        MaskRatio = 0.75,
        NormPixLoss = true,
        DistillTarget = DistillTarget.Cls,
        DistillReduction = DistillReduction.Mean,
        MaeWeight = 1,
        Targets = TargetMode.Auto,
        TargetBlock = 5,
        LearningRate = 1e-3,
        Beta1 = 0.9,
        Beta2 = 0.95,
        Epsilon = 1e-8,
        WeightDecay = 0.01,
        MaxGradientNorm = 1,
        WarmUpSteps = 2,
        Dropout = 0.1,
        Threads = 1,
        Device = "cpu",
        Bfloat16 = false,
        PixelMean = [0.5f, 0.5f, 0.5f],
        PixelStd = [0.25f, 0.25f, 0.25f],
        EvaluationBatch = 7,
        CheckpointEvery = 4,
        Keep = 2,
        PrefetchWindow = 2,
    };

    public static StagePlan Pretrain(DataPlan train, string initial = "preset:tiny-32") => Stage("source", StageKind.Pretrain, initial, train);

    public static StagePlan Distill(DataPlan train, string initial = "preset:tiny-32") =>
        Stage("distillation", StageKind.Distill, initial, train) with { Teacher = "stage:source" };

    public static StagePlan Finetune(DataPlan train, DataPlan test, string initial) =>
        Stage("fine-tuning", StageKind.Finetune, initial, train) with { Test = test, Reference = "stage:source" };

    public static RunPlan Run(params StagePlan[] stages) => new() { Name = "test", Stages = stages };
}
