using System.Reflection;
using ActorTrain.DataPipeline;
using ActorTrain.Model;
using MessagePack;

namespace ActorTrain.Actors.Tests;

public class PlanTests
{
    private static readonly DataPlan Data = Plans.Data("/data");
    private static readonly DataPlan Texts = Plans.Texts("/data.jsonl");

    private static readonly DataPlan Source = Plans.Data("/source", "replay.source");
    private static readonly MixPlan Mix = new() { Kind = MixKind.MixUp, Alpha = 1, Scope = MixScope.Target };

    public static TheoryData<StagePlan, string> Mistakes()
    {
        var stage = Plans.Pretrain(Data);
        var text = Plans.Pretrain(Texts, "/model");
        var distillation = Plans.Stage("distillation", StageKind.Distill, "preset:tiny-32", Data) with { Teacher = "/teacher" };
        return new()
        {
            { stage with { Steps = -5 }, "-5 steps" },
            { stage with { BatchSize = 0 }, "batch size of 0" },
            { stage with { MicroBatches = 3 }, "3 equal micro-batches" },
            { stage with { MaskRatio = 0 }, "mask ratio of 0" },
            { stage with { MaskRatio = 1 }, "mask ratio of 1" },
            { stage with { MaskRatio = double.NaN }, "mask ratio" },
            { stage with { LearningRate = -1 }, "learning rate of -1" },
            { stage with { LearningRate = double.PositiveInfinity }, "learning rate" },
            { stage with { Dropout = 1 }, "dropout of 1" },
            { stage with { Threads = 0 }, "0 threads" },
            { stage with { CheckpointEvery = 0 }, "every 0 steps" },
            { stage with { PrefetchWindow = 0 }, "prefetches 0" },
            { stage with { PixelStd = [1, 0, 1] }, "standard deviations" },
            { stage with { Name = "../escape" }, "name" },
            { stage with { Train = null }, "training set" },
            { stage with { Train = Data with { Limit = -1 } }, "data.train to -1 samples" },
            { stage with { Initial = "stage:later" }, "'later'" },
            { distillation with { Teacher = null }, "without a teacher" },
            { distillation with { TargetBlock = 0 }, "blocks of 0" },
            { distillation with { Targets = TargetMode.Cached, Train = Data with { Flip = true } }, "augmented" },
            { stage with { Kind = StageKind.Evaluate, Train = null }, "test set" },
            { text with { Initial = "preset:tiny-text" }, "no tokenizer for data.train" },
            { text with { Train = Texts with { Flip = true } }, "crops or flips data.train" },
            { text with { Train = Texts with { Text = Texts.Text! with { BucketBatches = 0 } } }, "windows of 0 batches" },
            { text with { Kind = StageKind.Finetune, Train = Texts with { Text = Texts.Text! with { Pack = true } } }, "leaves its labels out" },
            { stage with { Train = Data with { HoldOut = 1 } }, "share of 1 of data.train" },
            { stage with { Train = Data with { HoldOut = double.NaN } }, "of data.train out" },
            { stage with { Train = Data with { HeldOut = true } }, "nothing is held out" },
            { stage with { ReplayRatio = 0.5 }, "without naming one" },
            { stage with { Mix = Mix with { Scope = MixScope.Source } }, "mixes in samples of a source without naming one" },
            { stage with { Source = Source }, "names replay.source as a source but neither" },
            { stage with { Source = Source, ReplayRatio = 1 }, "share of 1 of each batch" },
            { stage with { Source = Source, ReplayRatio = 0.05 }, "less than half a sample" },
            { stage with { Source = Source, ReplayRatio = 0.95 }, "leaves none to data.train" },
            { stage with { Source = Source with { ImageSize = 0 }, ReplayRatio = 0.5 }, "resizes replay.source to 0" },
            { stage with { Kind = StageKind.Finetune, Source = Source, ReplayRatio = 0.5 }, "whose labels it would need" },
            { stage with { Kind = StageKind.Finetune, Mix = Mix }, "whose labels it would need" },
            { stage with { Mix = Mix with { Alpha = 0 } }, "alpha of 0" },
            { stage with { Mix = Mix with { Alpha = 1000 } }, "alpha of 1000" },
            { text with { Mix = Mix }, "only images can be mixed" },
            { distillation with { Targets = TargetMode.Cached, Mix = Mix }, "data.train is mixed" },
            { distillation with { Targets = TargetMode.Cached, Source = Source, ReplayRatio = 0.5 }, "replayed among those of data.train" },
            { distillation with { Initial = "/model", Train = Texts, Targets = TargetMode.Cached, DistillTarget = DistillTarget.Tokens }, "as many targets" },
            { distillation with { Targets = TargetMode.Cached, DistillTarget = DistillTarget.Predictions }, "predictions depend on what is masked" },
            { stage with { Regulariser = new RegulariserPlan { Kind = RegulariserKind.L2, Weight = 1, Anchor = "stage:later" } }, "'later'" },
            { stage with { Regulariser = new RegulariserPlan { Kind = RegulariserKind.Mars, Radius = -1, HeadRadius = 1 } }, "radius of MARS is -1" },
            { stage with { Regulariser = new RegulariserPlan { Kind = RegulariserKind.RecAdam, Weight = 1, Pull = 5000 } }, "is 5 and diverges above 2" },
            { stage with { Consistency = new ConsistencyPlan { Weight = -1, Epsilon = 0, Noise = NoiseKind.Normal } }, "weight of R3F is -1" },
            { stage with { Contrast = new ContrastPlan { Weight = 1, Temperature = 0.1 } }, "fine-tune with them" },
        };
    }

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_in_a_plan_is_a_sentence_that_names_the_stage(StagePlan stage, string fault)
    {
        string folder = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));
        var error = await Assert.ThrowsAsync<RunException>(() => RunFixture.ExecuteAsync(Plans.Run(stage), folder));
        Assert.Contains($"Stage '{stage.Name}'", error.Message);
        Assert.Contains(fault, error.Message);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void Stages_need_folders_of_their_own()
    {
        var stage = Plans.Pretrain(Data);
        Assert.Throws<RunException>(() => PlanValidation.Check(Plans.Run(stage, stage)));
        Assert.Throws<RunException>(() => PlanValidation.Check(Plans.Run(stage, stage with { Name = "source/model" })));
        Assert.Throws<RunException>(() => PlanValidation.Check(Plans.Run()));
        PlanValidation.Check(Plans.Run(stage, stage with { Name = "source-2" }));
    }

    [Fact]
    public void Targets_are_cached_exactly_when_samples_never_change()
    {
        var distillation = Plans.Distill(Data);
        Assert.Equal(TargetMode.Cached, Resolved(distillation));
        Assert.Equal(TargetMode.Live, Resolved(distillation with { Train = Data with { Flip = true } }));
        Assert.Equal(TargetMode.Live, Resolved(distillation with { Train = Data with { CropPadding = 4 } }));
        Assert.Equal(TargetMode.Live, Resolved(distillation with { Targets = TargetMode.Live }));
        Assert.Equal(TargetMode.Live, Resolved(distillation with { Mix = Mix }));
        Assert.Equal(TargetMode.Live, Resolved(distillation with { Source = Source, ReplayRatio = 0.5 }));
        var ofTexts = Plans.Distill(Texts, "/model");
        Assert.Equal(TargetMode.Cached, Resolved(ofTexts));
        Assert.Equal(TargetMode.Live, Resolved(ofTexts with { DistillTarget = DistillTarget.Tokens }));
        Assert.Equal(TargetMode.Cached, Resolved(distillation with { DistillTarget = DistillTarget.Tokens }));
        Assert.Equal(TargetMode.Live, Resolved(distillation with { DistillTarget = DistillTarget.Predictions }));

        static TargetMode Resolved(StagePlan stage) => PlanValidation.Resolve(Plans.Run(stage)).Plan.Stages[0].Targets;
    }

    [Fact]
    public void The_fingerprint_is_that_of_the_content()
    {
        var stage = Plans.Pretrain(Data);
        Assert.Equal(stage.Fingerprint(), (stage with { PixelMean = [.. stage.PixelMean] }).Fingerprint());
        Assert.NotEqual(stage.Fingerprint(), (stage with { Seed = 2 }).Fingerprint());
        Assert.NotEqual(stage.Fingerprint(), (stage with { Train = Data with { Flip = true } }).Fingerprint());
        Assert.NotEqual(stage.Fingerprint(), (stage with { Train = Texts }).Fingerprint());
        Assert.NotEqual((stage with { Train = Texts }).Fingerprint(), (stage with { Train = Texts with { Text = Texts.Text! with { WholeWord = true } } }).Fingerprint());
        Assert.Matches("^[0-9a-f]{64}$", stage.Fingerprint());
        Assert.Equal(stage.Fingerprint(), CarriedOutOtherwise(stage).Fingerprint());
    }

    [Fact]
    public void Models_of_the_cache_may_move_with_it()
    {
        Assert.Equal(With("/old/cache", "/old/cache/model").Fingerprint(), With("/new/", "/new/model").Fingerprint());
        Assert.NotEqual(With("/cache", "/old/model").Fingerprint(), With("/cache", "/new/model").Fingerprint());

        static StagePlan With(string cache, string model) => Plans.Distill(Data with { CacheDirectory = cache }) with
        {
            Initial = model,
            Teacher = model,
            Reference = model,
            Regulariser = new RegulariserPlan { Kind = RegulariserKind.L2, Weight = 1, Anchor = model },
        };
    }

    /// <summary>The same result by another way.</summary>
    internal static StagePlan CarriedOutOtherwise(StagePlan stage) => stage with
    {
        CheckpointEvery = stage.CheckpointEvery + 1,
        Keep = stage.Keep + 1,
        PrefetchWindow = stage.PrefetchWindow + 1,
        Train = stage.Train! with { SkipBroken = true, DecodedCacheBytes = 0 },
    };

    [Fact]
    public void Every_property_of_a_plan_is_written_into_it() =>
        Assert.All(new[] { typeof(StagePlan), typeof(DataPlan), typeof(TextPlan), typeof(RunPlan), typeof(RegulariserPlan), typeof(ConsistencyPlan), typeof(ContrastPlan), typeof(MixPlan) }.SelectMany(type => type.GetProperties()),
            property => Assert.NotNull(property.GetCustomAttribute<KeyAttribute>()));
}
