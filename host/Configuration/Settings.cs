using ActorTrain.Actors;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Cluster;
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

    /// <summary>Section <c>text</c>.</summary>
    public required TextSettings Text { get; init; }

    /// <summary>Section <c>data</c>.</summary>
    public required DataSettings Data { get; init; }

    /// <summary>Section <c>source</c>.</summary>
    public required SourceSettings Source { get; init; }

    /// <summary><c>run.adapt</c>.</summary>
    public required Adaptation Adapt { get; init; }

    /// <summary>Section <c>pretrain</c>; the steps are multiplied.</summary>
    public required TrainingSettings Pretrain { get; init; }

    /// <summary>Section <c>distill</c>.</summary>
    public required DistillSettings Distill { get; init; }

    /// <summary>Section <c>finetune</c>.</summary>
    public required FinetuneSettings Finetune { get; init; }

    /// <summary>Section <c>replay</c>.</summary>
    public required ReplaySettings Replay { get; init; }

    /// <summary>Section <c>mix</c>; null with <c>mix.kind = none</c>.</summary>
    public required MixPlan? Mix { get; init; }

    /// <summary>Whether samples of the source domain stand among those of the target in pre-training and distillation, or are mixed into them.</summary>
    public bool TakesSource => Replay.Ratio > 0 || Mix is { Scope: MixScope.Source };

    /// <summary>The settings of each method of <c>run.methods</c>, and of <see cref="Methods.FurtherPretraining"/>, which makes the teacher of others; empty in these.</summary>
    public IReadOnlyDictionary<string, Settings> ByMethod { get; private init; } = new Dictionary<string, Settings>();

    /// <summary>What keys with a default that depends on something else came to, by path.</summary>
    public IReadOnlyDictionary<string, string> Resolved => new Dictionary<string, string>
    {
        ["run.name"] = Run.Name,
        ["run.folder"] = Run.Folder,
        ["run.threads"] = $"{Run.Threads}",
    };

    /// <summary>How text is read.</summary>
    /// <param name="pack">Whether documents are laid end to end; labelled ones never are.</param>
    /// <param name="batchSize">Samples of a step.</param>
    public TextOptions TextOptions(bool pack, int batchSize) => new()
    {
        MaxLength = Text.MaxLength,
        Pack = pack,
        TextField = Text.TextField,
        LabelField = Text.LabelField,
        PairField = Text.PairField,
        BatchSize = batchSize,
        BucketBatches = Text.BucketBatches,
        SkipBroken = Data.SkipBroken,
    };

    /// <summary>How text is read whose labels nobody looks at, but to take every class's share of a part of it.</summary>
    /// <param name="pack">Whether documents are laid end to end.</param>
    /// <param name="part">Whether only a part is used: a limited set, or what is not held out.</param>
    public TextOptions UnlabelledTextOptions(bool pack, bool part)
    {
        TextOptions options = TextOptions(pack, batchSize: 1);
        return part ? options : options with { LabelField = null };
    }

    /// <summary>Reads the settings and checks what involves several keys.</summary>
    /// <param name="from">The configuration.</param>
    /// <param name="defaultName">What <c>run.name = ""</c> stands for.</param>
    /// <exception cref="ConfigurationException">Values that do not go together.</exception>
    public static Settings Read(RunConfiguration from, string defaultName)
    {
        Settings settings = ReadAlone(from, defaultName);
        return settings with
        {
            ByMethod = settings.Run.Methods.Append(Methods.FurtherPretraining).Distinct()
                .ToDictionary(method => method, method => ReadAlone(from.ForMethod(method), defaultName)),
        };
    }

    private static Settings ReadAlone(RunConfiguration from, string defaultName)
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
                KeepMajority = from.Text("cluster.downing") == NodeArguments.KeepMajority,
                DowningAfter = TimeSpan.FromSeconds(from.Number("cluster.downing-after")),
                AllowMixed = from.Switch("cluster.allow-mixed"),
            },
            Model = ReadModel(from),
            Text = ReadText(from),
            Data = new DataSettings
            {
                Train = from.Text("data.train"),
                Test = from.Text("data.test"),
                Unlabelled = from.Text("data.unlabelled"),
                Validation = from.Number("data.validation"),
                Limit = (int)from.Integer("data.limit"),
                LimitSeed = (ulong)from.Integer("data.limit-seed"),
                Group = ReadGroup(from),
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
                Pack = from.Switch("source.pack"),
                Seed = (ulong)from.Integer("source.seed"),
                Training = ReadTraining(from, "source"),
            },
            Adapt = Enum.Parse<Adaptation>(from.Text("run.adapt"), ignoreCase: true),
            Pretrain = ReadTraining(from, "pretrain", (int)from.Integer("pretrain.multiple")),
            Distill = ReadDistill(from),
            Finetune = new FinetuneSettings
            {
                Dropout = from.Number("finetune.dropout"),
                Regulariser = TechniqueReader.Regulariser(from, "finetune"),
                Consistency = TechniqueReader.Consistency(from),
                Contrast = TechniqueReader.Contrast(from),
                Training = ReadTraining(from, "finetune"),
            },
            Replay = TechniqueReader.Replay(from),
            Mix = TechniqueReader.Mix(from),
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
        if (methods.FirstOrDefault(method => !from.MethodNames.Contains(method)) is { } unknown)
            throw from.Mistake("run.methods", $"run.methods names {unknown}, which is no method; there are {string.Join(", ", from.MethodNames)}, and what the section methods defines besides");
        string device = from.Text("run.device");
        if (device != "cpu" && !(device.StartsWith("cuda:", StringComparison.Ordinal) && uint.TryParse(device[5..], out _)))
            throw from.Mistake("run.device", $"run.device = {device} is no device; it takes cpu or cuda:N, such as cuda:0");
        long threads = from.Integer("run.threads");
        return new RunSettings
        {
            Name = name,
            Folder = from.Text("run.folder") is { Length: > 0 } folder ? folder : Path.Combine("runs", name),
            Seeds = seeds,
            Methods = methods,
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
        const string prefix = "preset:";
        string model = from.Text("model.from");
        string? preset = model.StartsWith(prefix, StringComparison.Ordinal) ? model[prefix.Length..] : null;
        if (model.Length == 0)
            throw from.Mistake("model.from", $"model.from is empty; name {prefix}{string.Join($", {prefix}", ModelPresets.Names)} or a Hugging Face folder");
        if (preset is not null && !ModelPresets.Contains(preset))
            throw from.Mistake("model.from", $"model.from = {model} is no preset; there are {prefix}{string.Join($", {prefix}", ModelPresets.Names)}");
        int imageSize = (int)from.Integer("model.image-size");
        if (imageSize > 0)
        {
            if ((preset is null ? null : ModelPresets.Find(preset)) is not VitConfiguration images)
                throw from.Mistake("model.image-size", "model.image-size changes a preset for images only; set it to 0");
            if (imageSize % images.PatchSize != 0)
                throw from.Mistake("model.image-size", $"model.image-size = {imageSize} is no multiple of the patch size {images.PatchSize} of {model}");
        }
        return new ModelSettings
        {
            From = model,
            Preset = preset,
            ImageSize = imageSize,
            MaskRatio = from.Number("model.mask-ratio"),
            NormPixLoss = from.Switch("model.norm-pix-loss"),
            PixelMean = [.. from.List("model.pixel-mean").Select(float.Parse)],
            PixelStd = [.. from.List("model.pixel-std").Select(float.Parse)],
        };
    }

    private static TextSettings ReadText(RunConfiguration from)
    {
        string pairField = from.Text("text.pair-field");
        var text = new TextSettings
        {
            Tokenizer = from.Text("text.tokenizer"),
            Vocabulary = (int)from.Integer("text.vocabulary"),
            MaxLength = (int)from.Integer("text.max-length"),
            MaskRatio = from.Number("text.mask-ratio"),
            WholeWord = from.Switch("text.whole-word"),
            Pack = from.Switch("text.pack"),
            BucketBatches = (int)from.Integer("text.bucket-batches"),
            Dropout = from.Number("text.dropout"),
            TextField = Field("text.text-field"),
            LabelField = Field("text.label-field"),
            PairField = pairField.Length > 0 ? pairField : null,
        };
        if (new[] { text.TextField, text.LabelField, text.PairField }.OfType<string>().GroupBy(field => field).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw from.Mistake("text.text-field", $"text.text-field, text.label-field and text.pair-field name '{twice.Key}' twice; each is a field of its own");
        return text;

        string Field(string key) => from.Text(key) is { Length: > 0 } field ? field : throw from.Mistake(key, $"{key} is empty; name a field of the JSON lines");
    }

    private static string? ReadGroup(RunConfiguration from)
    {
        if (from.Text("data.group") is not { Length: > 0 } pattern)
            return null;
        try
        {
            _ = new GroupPattern(pattern);
            return pattern;
        }
        catch (GroupException error)
        {
            throw from.Mistake("data.group", error);
        }
    }

    private static DistillSettings ReadDistill(RunConfiguration from)
    {
        string target = from.Text("distill.target");
        RegulariserPlan? weights = TechniqueReader.Regulariser(from, "distill");
        if (target == "weights" && weights is null)
            throw from.Mistake("distill.target", "distill.target = weights needs distill.regulariser = l2 or mars, which says how they are held near the teacher's");
        if (target != "weights" && weights is not null)
            throw from.Mistake("distill.regulariser", $"distill.regulariser is for distill.target = weights, and that is {target}; set distill.regulariser = none");
        return new DistillSettings
        {
            Teacher = from.Text("distill.teacher"),
            Target = target is "weights" or "none" ? null : Enum.Parse<DistillTarget>(target, ignoreCase: true),
            Weights = weights,
            Reduction = Enum.Parse<DistillReduction>(from.Text("distill.reduction"), ignoreCase: true),
            Targets = Enum.Parse<TargetMode>(from.Text("distill.targets"), ignoreCase: true),
            TargetBlock = (int)from.Integer("distill.target-block"),
            TargetPrecision = Enum.Parse<TargetPrecision>(from.Text("distill.target-precision"), ignoreCase: true),
            MaeWeight = from.Number("distill.mae-weight"),
            Rounds = (int)from.Integer("distill.rounds"),
            Training = ReadTraining(from, "distill"),
        };
    }

    private static TrainingSettings ReadTraining(RunConfiguration from, string section, int multiple = 1)
    {
        var training = new TrainingSettings
        {
            Steps = multiple * from.Integer($"{section}.steps"),
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
