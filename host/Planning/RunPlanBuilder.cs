using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Model;

namespace ActorTrain.Host.Planning;

/// <summary>The stages that one method goes through with one seed; the last one is the classifier that is compared.</summary>
/// <param name="Method">One of <see cref="Methods.Names"/>.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Stages">Names of its stages, without the one that makes θ_init.</param>
public sealed record MethodRun(string Method, ulong Seed, IReadOnlyList<string> Stages);

/// <summary>A run's plan and what its stages are for.</summary>
/// <param name="Plan">The stages, in order.</param>
/// <param name="Initial">θ_init, in the forms of <see cref="StagePlan.Initial"/>.</param>
/// <param name="Runs">Every method with every seed.</param>
public sealed record PlannedRun(RunPlan Plan, string Initial, IReadOnlyList<MethodRun> Runs)
{
    /// <summary>Whether the samples are text.</summary>
    public bool IsText => TakesText(Plan);

    /// <summary>Whether a plan's samples are text.</summary>
    public static bool TakesText(RunPlan plan) => plan.Stages.Any(stage => (stage.Train ?? stage.Test)?.Text is not null);
}

/// <summary>Turns settings into the plan of a comparison: θ_init once, then every method for every seed, sharing what can be shared.</summary>
public sealed class RunPlanBuilder
{
    /// <summary>Name of the stage that makes θ_init.</summary>
    public const string SourceStage = "source";

    /// <summary>Samples that an evaluation computes together.</summary>
    private const int EvaluationBatch = 64;

    private readonly Settings _settings;
    private readonly InitialModel _model;
    private readonly string[]? _classNames;

    /// <summary>A builder for the settings.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="model">The model to begin with.</param>
    /// <param name="classNames">The classes of the labelled data in label order; null where nothing is classified.</param>
    public RunPlanBuilder(Settings settings, InitialModel model, string[]? classNames) =>
        (_settings, _model, _classNames) = (settings, model, classNames);

    /// <summary>Looks at the model and the data of a comparison and plans it.</summary>
    /// <inheritdoc cref="InitialModel.OpenAsync" path="/exception"/>
    public static async Task<PlannedRun> CheckAndBuildComparisonAsync(RunConfiguration configuration, Settings settings, CancellationToken cancel)
    {
        InitialModel model = await InitialModel.OpenAsync(configuration, settings, settings.Source.Seed, cancel);
        string[] classNames = await new DataCheck(configuration, settings, model).ForComparisonAsync(cancel);
        return new RunPlanBuilder(settings, model, classNames).BuildComparison();
    }

    /// <summary>Looks at the model and the data of a single stage and plans it.</summary>
    /// <inheritdoc cref="InitialModel.OpenAsync" path="/exception"/>
    public static async Task<PlannedRun> CheckAndBuildSingleAsync(StageKind kind, RunConfiguration configuration, Settings settings, CancellationToken cancel)
    {
        InitialModel model = await InitialModel.OpenAsync(configuration, settings, settings.Run.Seeds[0], cancel);
        string[]? classNames = await new DataCheck(configuration, settings, model).ForStageAsync(kind, cancel);
        return new RunPlanBuilder(settings, model, classNames).BuildSingle(kind);
    }

    /// <summary>The whole comparison that <c>run</c> carries out.</summary>
    public PlannedRun BuildComparison()
    {
        var stages = new List<StagePlan>();
        string initial = _model.Location;
        if (_settings.Model.Preset is not null)
        {
            stages.Add(Source());
            initial = $"stage:{SourceStage}";
        }
        var runs = new List<MethodRun>();
        foreach (ulong seed in _settings.Run.Seeds)
        {
            foreach (string method in _settings.Run.Methods)
                runs.Add(AddMethod(stages, method, seed, initial));
        }
        return new PlannedRun(new RunPlan { Name = _settings.Run.Name, Stages = [.. stages] }, initial, runs);
    }

    /// <summary>One stage by itself, which <c>pretrain</c>, <c>distill</c>, <c>finetune</c> and <c>evaluate</c> carry out with the first seed.</summary>
    public PlannedRun BuildSingle(StageKind kind)
    {
        ulong seed = _settings.Run.Seeds[0];
        string initial = _model.Location;
        string? reference = _settings.Model.Preset is null ? initial : null;
        string name = kind.ToString().ToLowerInvariant();
        StagePlan stage = kind switch
        {
            StageKind.Pretrain => Pretrain(name, seed, initial, reference),
            StageKind.Distill => Distill(name, seed, initial, _settings.Distill.Teacher, reference),
            StageKind.Finetune => Finetune(name, seed, initial, reference),
            _ => Stage(name, StageKind.Evaluate, seed, initial, null, _settings.Finetune) with { Steps = 0, Test = Test() },
        };
        return new PlannedRun(new RunPlan { Name = _settings.Run.Name, Stages = [stage] }, initial, []);
    }

    private MethodRun AddMethod(List<StagePlan> stages, string method, ulong seed, string initial)
    {
        string folder = $"seed-{seed}";
        if (method == Methods.FineTuning)
        {
            string alone = $"{folder}/{Methods.FineTuning}";
            stages.Add(Finetune(alone, seed, initial, initial));
            return new MethodRun(method, seed, [alone]);
        }

        var chain = new List<string>();
        string adapted = "";
        string further = $"{folder}/{Methods.FurtherPretraining}";
        if (method == Methods.FurtherPretraining || _settings.Distill.Teacher.Length == 0)
        {
            // Self-distillation's teacher is the very stage of the other method: same plan, same seed.
            if (stages.All(stage => stage.Name != further))
                stages.Add(Pretrain(further, seed, initial, initial));
            chain.Add(further);
            adapted = $"stage:{further}";
        }
        if (method == Methods.SelfDistillation)
        {
            string teacher = adapted.Length > 0 ? adapted : _settings.Distill.Teacher;
            for (int round = 1; round <= _settings.Distill.Rounds; round++)
            {
                string name = $"{folder}/{Methods.SelfDistillation}-{round}";
                stages.Add(Distill(name, seed, initial, teacher, initial));
                chain.Add(name);
                teacher = adapted = $"stage:{name}";
            }
        }
        string classifier = $"{folder}/{method}-{Methods.FineTuning}";
        stages.Add(Finetune(classifier, seed, adapted, initial));
        chain.Add(classifier);
        return new MethodRun(method, seed, chain);
    }

    private StagePlan Source() =>
        Stage(SourceStage, StageKind.Pretrain, _settings.Source.Seed, _model.Location, null, _settings.Source.Training) with
        {
            Train = Data(_settings.Source.Data, "source.data", _settings.Source.Pack) with { Limit = _settings.Source.Limit },
        };

    private StagePlan Pretrain(string name, ulong seed, string initial, string? reference) =>
        Stage(name, StageKind.Pretrain, seed, initial, reference, _settings.Pretrain) with { Train = Unlabelled() };

    private StagePlan Distill(string name, ulong seed, string initial, string teacher, string? reference) =>
        Stage(name, StageKind.Distill, seed, initial, reference, _settings.Distill.Training) with { Teacher = teacher, Train = Unlabelled() };

    private StagePlan Finetune(string name, ulong seed, string initial, string? reference) =>
        Stage(name, StageKind.Finetune, seed, initial, reference, _settings.Finetune) with
        {
            Train = Data(_settings.Data.Train, "data.train", pack: false) with { ClassNames = _classNames },
            Test = _settings.Data.Test.Length > 0 ? Test() : null,
            Dropout = _settings.Dropout,
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
        MaskRatio = _model.IsText ? _settings.Text.MaskRatio : _settings.Model.MaskRatio,
        NormPixLoss = _settings.Model.NormPixLoss,
        DistillTarget = _settings.Distill.Target,
        DistillReduction = _settings.Distill.Reduction,
        MaeWeight = _settings.Distill.MaeWeight,
        Targets = _settings.Distill.Targets,
        TargetBlock = _settings.Distill.TargetBlock,
        TargetPrecision = _settings.Distill.TargetPrecision,
        LearningRate = training.LearningRate,
        Beta1 = training.Beta1,
        Beta2 = training.Beta2,
        Epsilon = training.Epsilon,
        WeightDecay = training.WeightDecay,
        MaxGradientNorm = training.MaxGradientNorm,
        WarmUpSteps = training.WarmUpSteps,
        Dropout = _model.IsText && kind != StageKind.Evaluate ? _settings.Text.Dropout : 0,
        Threads = _settings.Run.Threads,
        Device = _settings.Run.Device,
        Bfloat16 = _settings.Run.Bfloat16,
        PixelMean = _settings.Model.PixelMean,
        PixelStd = _settings.Model.PixelStd,
        EvaluationBatch = EvaluationBatch,
        CheckpointEvery = _settings.Run.CheckpointEvery,
        Keep = _settings.Run.Keep,
        PrefetchWindow = _settings.Run.Prefetch,
    };

    private DataPlan Unlabelled() => _settings.Data.Unlabelled.Length > 0
        ? Data(_settings.Data.Unlabelled, "data.unlabelled", _settings.Text.Pack)
        : Data(_settings.Data.Train, "data.train", _settings.Text.Pack);

    private DataPlan Test() =>
        Data(_settings.Data.Test, "data.test", pack: false) with { ClassNames = _classNames, Limit = 0, CropPadding = 0, Flip = false };

    private DataPlan Data(string location, string key, bool pack)
    {
        var data = new DataPlan
        {
            Location = location,
            Key = key,
            Limit = _settings.Data.Limit,
            LimitSeed = _settings.Data.LimitSeed,
            CacheDirectory = _settings.CacheFolder,
            SkipBroken = _settings.Data.SkipBroken,
            ImageSize = 0,
            CropPadding = 0,
            Flip = false,
            OrderBlock = _settings.Data.OrderBlock,
            DecodedCacheBytes = 0,
        };
        return _model.Shape is VitConfiguration images
            ? data with
            {
                ImageSize = images.ImageSize,
                CropPadding = _settings.Data.CropPadding,
                Flip = _settings.Data.Flip,
                DecodedCacheBytes = _settings.Data.DecodedCacheBytes,
            }
            : data with
            {
                Text = new TextPlan
                {
                    MaxLength = _settings.Text.MaxLength,
                    Pack = pack,
                    TextField = _settings.Text.TextField,
                    LabelField = _settings.Text.LabelField,
                    PairField = _settings.Text.PairField,
                    BucketBatches = _settings.Text.BucketBatches,
                    WholeWord = _settings.Text.WholeWord,
                },
            };
    }
}
