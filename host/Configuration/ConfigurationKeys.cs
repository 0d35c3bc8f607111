using ActorTrain.DataPipeline;

using ActorTrain.Host.Cluster;

namespace ActorTrain.Host.Configuration;

/// <summary>What a key's value must look like.</summary>
public enum KeyType
{
    /// <summary>Any text.</summary>
    Text,
    /// <summary>A whole number.</summary>
    Integer,
    /// <summary>A finite number.</summary>
    Number,
    /// <summary><c>on</c>, <c>off</c>, <c>true</c> or <c>false</c>.</summary>
    Switch,
    /// <summary>A list of texts.</summary>
    TextList,
    /// <summary>A list of whole numbers.</summary>
    IntegerList,
    /// <summary>A list of finite numbers.</summary>
    NumberList,
}

/// <summary>A key of the configuration: its path (<c>pretrain.steps</c>), the type of its value and what is allowed.</summary>
public sealed record ConfigurationKey(string Path, KeyType Type)
{
    /// <summary>The least allowed number.</summary>
    public double Minimum { get; init; } = double.NegativeInfinity;

    /// <summary>Whether <see cref="Minimum"/> itself is refused.</summary>
    public bool AboveMinimum { get; init; }

    /// <summary>The greatest allowed number.</summary>
    public double Maximum { get; init; } = double.PositiveInfinity;

    /// <summary>Whether <see cref="Maximum"/> itself is refused.</summary>
    public bool BelowMaximum { get; init; }

    /// <summary>The allowed texts; null when any is.</summary>
    public IReadOnlyList<string>? Allowed { get; init; }

    /// <summary>The length that a list must have; null when any but 0 is allowed.</summary>
    public int? Length { get; init; }

    /// <summary>Whether the value is a list.</summary>
    public bool IsList => Type is KeyType.TextList or KeyType.IntegerList or KeyType.NumberList;
}

/// <summary>The keys that exist, in the order of <c>hocon/reference.conf</c>, which documents them and gives their defaults.</summary>
public static class ConfigurationKeys
{
    /// <summary>Every key.</summary>
    public static IReadOnlyList<ConfigurationKey> All { get; } =
    [
        Text("run.name"),
        Text("run.folder"),
        new("run.seeds", KeyType.IntegerList) { Minimum = 0, Maximum = long.MaxValue },
        new("run.methods", KeyType.TextList),
        Text("run.adapt", "none", "pretrain", "distill"),
        Integer("run.threads", 0, 1024),
        Text("run.device"),
        Text("run.autocast", "off", "bfloat16"),
        Integer("run.checkpoint-every", 1, int.MaxValue),
        Integer("run.keep", 1, 1000),
        Integer("run.prefetch", 1, 64),
        Integer("run.replicas", 0, 16),
        Text("cache.dir"),
        Text("cluster.downing", NodeArguments.Timeout, NodeArguments.KeepMajority),
        new("cluster.downing-after", KeyType.Number) { Minimum = 1, Maximum = 3600 },
        new("cluster.allow-mixed", KeyType.Switch),
        Text("model.from"),
        Integer("model.image-size", 0, 4096),
        new("model.mask-ratio", KeyType.Number) { Minimum = 0, AboveMinimum = true, Maximum = 1, BelowMaximum = true },
        new("model.norm-pix-loss", KeyType.Switch),
        new("model.pixel-mean", KeyType.NumberList) { Length = 3 },
        new("model.pixel-std", KeyType.NumberList) { Length = 3, Minimum = 0, AboveMinimum = true },
        Text("text.tokenizer"),
        Integer("text.vocabulary", TokenizerTrainer.SmallestVocabulary, 1 << 20),
        Integer("text.max-length", 4, 1 << 16),
        new("text.mask-ratio", KeyType.Number) { Minimum = 0, AboveMinimum = true, Maximum = 1, BelowMaximum = true },
        new("text.whole-word", KeyType.Switch),
        new("text.pack", KeyType.Switch),
        Integer("text.bucket-batches", 1, 1 << 16),
        new("text.dropout", KeyType.Number) { Minimum = 0, Maximum = 1, BelowMaximum = true },
        Text("text.text-field"),
        Text("text.label-field"),
        Text("text.pair-field"),
        Text("data.train"),
        Text("data.test"),
        Text("data.unlabelled"),
        Integer("data.limit", 0, int.MaxValue),
        Integer("data.limit-seed", 0, long.MaxValue),
        new("data.validation", KeyType.Number) { Minimum = 0, Maximum = 1, BelowMaximum = true },
        Text("data.group"),
        new("data.skip-broken", KeyType.Switch),
        Integer("data.crop-padding", 0, 1024),
        new("data.flip", KeyType.Switch),
        Integer("data.order-block", 0, long.MaxValue),
        Integer("data.decoded-cache", 0, 1 << 20),
        Text("source.data"),
        Integer("source.limit", 0, int.MaxValue),
        new("source.pack", KeyType.Switch),
        Integer("source.seed", 0, long.MaxValue),
        .. Training("source"),
        Integer("pretrain.multiple", 1, 100),
        .. Training("pretrain"),
        Text("distill.teacher"),
        Text("distill.target", "cls", "tokens", "predictions", "weights", "none"),
        Text("distill.regulariser", "none", "l2", "mars"),
        Text("distill.reduction", "mean", "sum"),
        Text("distill.targets", "auto", "live", "cached"),
        Integer("distill.target-block", 1, 4096),
        Text("distill.target-precision", "fp32", "bf16", "fp16"),
        new("distill.mae-weight", KeyType.Number) { Minimum = 0 },
        Integer("distill.rounds", 1, 100),
        .. Training("distill"),
        new("finetune.dropout", KeyType.Number) { Minimum = 0, Maximum = 1, BelowMaximum = true },
        Text("finetune.regulariser", "none", "l2", "mars", "recadam"),
        .. Training("finetune"),
        Weight("l2.weight"),
        Positive("mars.radius"),
        Positive("mars.head-radius"),
        Positive("recadam.slope"),
        new("recadam.midpoint", KeyType.Number) { Minimum = 0 },
        Positive("recadam.weight"),
        Weight("recadam.pull"),
        Weight("r3f.weight"),
        Positive("r3f.epsilon"),
        Text("r3f.noise", "uniform", "normal"),
        Weight("supcon.weight"),
        Positive("supcon.temperature"),
        Text("replay.source"),
        Integer("replay.limit", 0, int.MaxValue),
        new("replay.ratio", KeyType.Number) { Minimum = 0, Maximum = 1, BelowMaximum = true },
        Text("mix.kind", "none", "mixup", "cutmix"),
        new("mix.alpha", KeyType.Number) { Minimum = ImageMixing.LeastAlpha, Maximum = ImageMixing.MostAlpha },
        Text("mix.scope", "target", "source"),
        Text("study.results"),
        Text("study.stages"),
        Integer("study.parallel", 1, 64),
    ];

    /// <summary>The key of that path, or null. Of a path within <c>methods</c> or <c>study</c> it is the key that is set there.</summary>
    public static ConfigurationKey? Find(string path)
    {
        KeyScope scope = KeyScope.Of(path);
        return All.FirstOrDefault(key => key.Path == scope.Key) is not { } key || !scope.Takes(key) ? null
            : scope.Kind == KeyScopeKind.Sweep ? SweptKey(key) with { Path = path }
            : key with { Path = path };
    }

    /// <summary>The key that a mistyped path most likely means: of those that can stand there, the one with the least edit distance.</summary>
    public static string Nearest(string path)
    {
        KeyScope scope = KeyScope.Of(path);
        return scope.Prefix + All.Where(scope.Takes).MinBy(key => Math.Min(
            EditDistance(scope.Key, key.Path),
            // A right name in the wrong section, or without one.
            1 + EditDistance(LastPart(scope.Key), LastPart(key.Path)) + (Section(scope.Key) == Section(key.Path) ? 0 : 1)))!.Path;
    }

    private static ConfigurationKey SweptKey(ConfigurationKey key) => key.Type switch
    {
        KeyType.Integer => key with { Type = KeyType.IntegerList },
        KeyType.Number => key with { Type = KeyType.NumberList },
        KeyType.Switch => key with { Type = KeyType.TextList, Allowed = ["on", "off"] },
        _ => key with { Type = KeyType.TextList },
    };

    private static ConfigurationKey Text(string path, params string[] allowed) =>
        new(path, KeyType.Text) { Allowed = allowed.Length == 0 ? null : allowed };

    private static ConfigurationKey Integer(string path, double minimum, double maximum) =>
        new(path, KeyType.Integer) { Minimum = minimum, Maximum = maximum };

    private static ConfigurationKey Weight(string path) => new(path, KeyType.Number) { Minimum = 0 };

    private static ConfigurationKey Positive(string path) => new(path, KeyType.Number) { Minimum = 0, AboveMinimum = true };

    private static ConfigurationKey[] Training(string section) =>
    [
        Integer($"{section}.steps", 1, int.MaxValue),
        Integer($"{section}.batch-size", 1, 1 << 16),
        Integer($"{section}.micro-batches", 1, 1 << 16),
        new($"{section}.learning-rate", KeyType.Number) { Minimum = 0, AboveMinimum = true },
        new($"{section}.beta1", KeyType.Number) { Minimum = 0, Maximum = 1, BelowMaximum = true },
        new($"{section}.beta2", KeyType.Number) { Minimum = 0, Maximum = 1, BelowMaximum = true },
        new($"{section}.epsilon", KeyType.Number) { Minimum = 0, AboveMinimum = true },
        new($"{section}.weight-decay", KeyType.Number) { Minimum = 0 },
        Integer($"{section}.warm-up", 0, int.MaxValue),
        new($"{section}.max-gradient-norm", KeyType.Number) { Minimum = 0 },
    ];

    private static string LastPart(string path) => path[(path.LastIndexOf('.') + 1)..];

    private static string Section(string path) => path[..Math.Max(0, path.LastIndexOf('.'))];

    /// <summary>Levenshtein's distance.</summary>
    private static int EditDistance(string a, string b)
    {
        int[] row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substitution = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[b.Length];
    }
}
