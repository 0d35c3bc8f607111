using ActorTrain.Actors;
using ActorTrain.Model;

namespace ActorTrain.Host.Configuration;

/// <summary>The configuration, typed; <c>hocon/reference.conf</c> says what each value means.</summary>
public sealed record Settings
{
    /// <summary>Section <c>run</c>.</summary>
    public required RunSettings Run { get; init; }

    /// <summary><c>cache.dir</c>.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>Section <c>cluster</c>.</summary>
    public required ClusterSettings Cluster { get; init; }

    /// <summary>Section <c>model</c>.</summary>
    public required ModelSettings Model { get; init; }

    /// <summary>Section <c>data</c>.</summary>
    public required DataSettings Data { get; init; }

    /// <summary>Section <c>source</c>.</summary>
    public required SourceSettings Source { get; init; }

    /// <summary>Section <c>pretrain</c>.</summary>
    public required TrainingSettings Pretrain { get; init; }

    /// <summary>Section <c>distill</c>.</summary>
    public required DistillSettings Distill { get; init; }

    /// <summary>Section <c>finetune</c>.</summary>
    public required TrainingSettings Finetune { get; init; }

    /// <summary><c>finetune.dropout</c>.</summary>
    public required double Dropout { get; init; }

    /// <summary>What keys with a default that depends on something else came to, by path.</summary>
    public IReadOnlyDictionary<string, string> Resolved => new Dictionary<string, string>
    {
        ["run.name"] = Run.Name,
        ["run.folder"] = Run.Folder,
        ["run.threads"] = $"{Run.Threads}",
    };

    /// <summary>Reads the settings and checks what involves several keys.</summary>
    /// <param name="from">The configuration.</param>
    /// <param name="defaultName">What <c>run.name = ""</c> stands for.</param>
    /// <exception cref="ConfigurationException">Values that do not go together.</exception>
    public static Settings Read(RunConfiguration from, string defaultName)
    {
        string name = from.Text("run.name") is { Length: > 0 } given ? given : defaultName;
        if (name.IndexOfAny(Path.GetInvalidFileNameChars()) >= 0 || name is "." or "..")
            throw from.Mistake("run.name", $"run.name = {name} cannot name a folder; leave out slashes");
        return new Settings
        {
            Run = ReadRun(from, name),
            CacheFolder = from.Text("cache.dir") is { Length: > 0 } cache ? cache : throw from.Mistake("cache.dir", "cache.dir is empty; name a folder"),
            Cluster = new ClusterSettings
            {
                DowningAfter = TimeSpan.FromSeconds(from.Number("cluster.downing-after")),
                AllowMixed = from.Switch("cluster.allow-mixed"),
            },
            Model = ReadModel(from),
            Data = new DataSettings
            {
                Train = from.Text("data.train"),
                Test = from.Text("data.test"),
                Unlabelled = from.Text("data.unlabelled"),
                Limit = (int)from.Integer("data.limit"),
                LimitSeed = (ulong)from.Integer("data.limit-seed"),
                SkipBroken = from.Switch("data.skip-broken"),
                CropPadding = (int)from.Integer("data.crop-padding"),
                Flip = from.Switch("data.flip"),
                OrderBlock = from.Integer("data.order-block"),
                DecodedCacheBytes = from.Integer("data.decoded-cache") << 20,
            },
            Source = new SourceSettings
            {
                Data = from.Text("source.data"),
                Limit = (int)from.Integer("source.limit"),
                Seed = (ulong)from.Integer("source.seed"),
                Training = ReadTraining(from, "source"),
            },
            Pretrain = ReadTraining(from, "pretrain"),
            Distill = ReadDistill(from),
            Finetune = ReadTraining(from, "finetune"),
            Dropout = from.Number("finetune.dropout"),
        };
    }

    private static RunSettings ReadRun(RunConfiguration from, string name)
    {
        ulong[] seeds = [.. from.List("run.seeds").Select(ulong.Parse)];
        IReadOnlyList<string> methods = from.List("run.methods");
        if (seeds.Distinct().Count() < seeds.Length)
            throw from.Mistake("run.seeds", "run.seeds names a seed twice; every seed is one run");
        if (methods.Distinct().Count() < methods.Count)
            throw from.Mistake("run.methods", "run.methods names a method twice; name each once");
        string device = from.Text("run.device");
        if (device != "cpu" && !(device.StartsWith("cuda:", StringComparison.Ordinal) && uint.TryParse(device[5..], out _)))
            throw from.Mistake("run.device", $"run.device = {device} is no device; it takes cpu or cuda:N, such as cuda:0");
        long threads = from.Integer("run.threads");
        return new RunSettings
        {
            Name = name,
            Folder = from.Text("run.folder") is { Length: > 0 } folder ? folder : Path.Combine("runs", name),
            Seeds = seeds,
            Methods = [.. Methods.Names.Where(methods.Contains)],
            Threads = threads == 0 ? Environment.ProcessorCount : (int)threads,
            Device = device,
            Bfloat16 = from.Text("run.autocast") == "bfloat16",
            CheckpointEvery = (int)from.Integer("run.checkpoint-every"),
            Keep = (int)from.Integer("run.keep"),
            Prefetch = (int)from.Integer("run.prefetch"),
            Replicas = (int)from.Integer("run.replicas"),
        };
    }

    private static ModelSettings ReadModel(RunConfiguration from)
    {
        const string preset = "preset:";
        string model = from.Text("model.from");
        if (model.Length == 0)
            throw from.Mistake("model.from", "model.from is empty; name preset:tiny-32, preset:base-224 or a Hugging Face folder");
        if (model.StartsWith(preset, StringComparison.Ordinal) && !VitConfiguration.IsPreset(model[preset.Length..]))
            throw from.Mistake("model.from", $"model.from = {model} is no preset; there are {string.Join(" and ", VitConfiguration.Presets.Select(name => preset + name))}");
        int imageSize = (int)from.Integer("model.image-size");
        bool isPreset = model.StartsWith(preset, StringComparison.Ordinal);
        if (imageSize > 0 && !isPreset)
            throw from.Mistake("model.image-size", "model.image-size changes a preset only; set it to 0 to use the size of the model folder");
        if (imageSize > 0 && imageSize % VitConfiguration.Preset(model[preset.Length..]).PatchSize != 0)
            throw from.Mistake("model.image-size", $"model.image-size = {imageSize} is no multiple of the patch size {VitConfiguration.Preset(model[preset.Length..]).PatchSize} of {model}");
        return new ModelSettings
        {
            From = model,
            Preset = isPreset ? model[preset.Length..] : null,
            ImageSize = imageSize,
            MaskRatio = from.Number("model.mask-ratio"),
            NormPixLoss = from.Switch("model.norm-pix-loss"),
            PixelMean = [.. from.List("model.pixel-mean").Select(float.Parse)],
            PixelStd = [.. from.List("model.pixel-std").Select(float.Parse)],
        };
    }

    private static DistillSettings ReadDistill(RunConfiguration from) => new()
    {
        Teacher = from.Text("distill.teacher"),
        Target = Enum.Parse<DistillTarget>(from.Text("distill.target"), ignoreCase: true),
        Reduction = Enum.Parse<DistillReduction>(from.Text("distill.reduction"), ignoreCase: true),
        Targets = Enum.Parse<TargetMode>(from.Text("distill.targets"), ignoreCase: true),
        TargetBlock = (int)from.Integer("distill.target-block"),
        TargetPrecision = Enum.Parse<TargetPrecision>(from.Text("distill.target-precision"), ignoreCase: true),
        MaeWeight = from.Number("distill.mae-weight"),
        Rounds = (int)from.Integer("distill.rounds"),
        Training = ReadTraining(from, "distill"),
    };

    private static TrainingSettings ReadTraining(RunConfiguration from, string section)
    {
        var training = new TrainingSettings
        {
            Steps = from.Integer($"{section}.steps"),
            BatchSize = (int)from.Integer($"{section}.batch-size"),
            MicroBatches = (int)from.Integer($"{section}.micro-batches"),
            LearningRate = from.Number($"{section}.learning-rate"),
            Beta1 = from.Number($"{section}.beta1"),
            Beta2 = from.Number($"{section}.beta2"),
            Epsilon = from.Number($"{section}.epsilon"),
            WeightDecay = from.Number($"{section}.weight-decay"),
            WarmUpSteps = from.Integer($"{section}.warm-up"),
            MaxGradientNorm = from.Number($"{section}.max-gradient-norm"),
        };
        if (training.BatchSize % training.MicroBatches != 0)
            throw from.Mistake($"{section}.micro-batches", $"{section}.micro-batches = {training.MicroBatches} does not divide {section}.batch-size = {training.BatchSize}");
        if (training.WarmUpSteps > training.Steps)
            throw from.Mistake($"{section}.warm-up", $"{section}.warm-up = {training.WarmUpSteps} is more than {section}.steps = {training.Steps}; lower it");
        return training;
    }
}

/// <summary>Section <c>run</c>.</summary>
public sealed record RunSettings
{
    /// <summary><c>run.name</c>.</summary>
    public required string Name { get; init; }

    /// <summary><c>run.folder</c>.</summary>
    public required string Folder { get; init; }

    /// <summary><c>run.seeds</c>.</summary>
    public required IReadOnlyList<ulong> Seeds { get; init; }

    /// <summary><c>run.methods</c>, in the order of <see cref="Methods.Names"/>.</summary>
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

/// <summary>Section <c>cluster</c>.</summary>
public sealed record ClusterSettings
{
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

/// <summary>Section <c>data</c>.</summary>
public sealed record DataSettings
{
    /// <summary><c>data.train</c>.</summary>
    public required string Train { get; init; }

    /// <summary><c>data.test</c>.</summary>
    public required string Test { get; init; }

    /// <summary><c>data.unlabelled</c>; empty = the training images.</summary>
    public required string Unlabelled { get; init; }

    /// <summary><c>data.limit</c>.</summary>
    public required int Limit { get; init; }

    /// <summary><c>data.limit-seed</c>.</summary>
    public required ulong LimitSeed { get; init; }

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

    /// <summary><c>distill.target</c>.</summary>
    public required DistillTarget Target { get; init; }

    /// <summary><c>distill.reduction</c>.</summary>
    public required DistillReduction Reduction { get; init; }

    /// <summary><c>distill.targets</c>.</summary>
    public required TargetMode Targets { get; init; }

    /// <summary><c>distill.target-block</c>, in images.</summary>
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

/// <summary>Steps, batches and optimiser of a stage, in <c>source</c>, <c>pretrain</c>, <c>distill</c> and <c>finetune</c>.</summary>
public sealed record TrainingSettings
{
    /// <summary><c>steps</c>.</summary>
    public required long Steps { get; init; }

    /// <summary><c>batch-size</c>, in images.</summary>
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
