using ActorTrain.Actors;
using ActorTrain.DataPipeline;
using ActorTrain.Model;

namespace ActorTrain.Host.Configuration;

/// <summary>Reads what holds weights near a model, adds terms to fine-tuning, or puts other samples among those of the target.</summary>
internal static class TechniqueReader
{
    /// <summary>The regulariser that a section names, with the numbers of the regulariser's own section.</summary>
    /// <exception cref="ConfigurationException">It would diverge.</exception>
    public static RegulariserPlan? Regulariser(RunConfiguration from, string section)
    {
        switch (from.Text($"{section}.regulariser"))
        {
            case "l2":
                return new RegulariserPlan { Kind = RegulariserKind.L2, Weight = from.Number("l2.weight") };
            case "mars":
                return new RegulariserPlan { Kind = RegulariserKind.Mars, Radius = from.Number("mars.radius"), HeadRadius = from.Number("mars.head-radius") };
            case "recadam":
                double pull = from.Number($"{section}.learning-rate") * from.Number("recadam.pull") * from.Number("recadam.weight");
                return pull <= RecAdamOptions.LargestPull
                    ? new RegulariserPlan
                    {
                        Kind = RegulariserKind.RecAdam,
                        Weight = from.Number("recadam.weight"),
                        Slope = from.Number("recadam.slope"),
                        Midpoint = from.Number("recadam.midpoint"),
                        Pull = from.Number("recadam.pull"),
                    }
                    : throw from.Mistake(["recadam.pull", "recadam.weight", $"{section}.learning-rate"],
                        $"{section}.learning-rate × recadam.pull × recadam.weight = {pull:0.###} is above {RecAdamOptions.LargestPull}, so that RecAdam diverges; lower one of the three");
            default:
                return null;
        }
    }

    /// <summary>Section <c>r3f</c>; null when it is off.</summary>
    /// <exception cref="ConfigurationException">SupCon is on, too.</exception>
    public static ConsistencyPlan? Consistency(RunConfiguration from)
    {
        if (from.Number("r3f.weight") is not (> 0 and var weight))
            return null;
        return from.Number("supcon.weight") == 0
            ? new ConsistencyPlan { Weight = weight, Epsilon = from.Number("r3f.epsilon"), Noise = Enum.Parse<NoiseKind>(from.Text("r3f.noise"), ignoreCase: true) }
            : throw from.Mistake(["r3f.weight", "supcon.weight"], "r3f.weight and supcon.weight exclude each other, for SupCon's encoder does not see the classifier; set one of them to 0");
    }

    /// <summary>Section <c>supcon</c>; null when it is off.</summary>
    /// <exception cref="ConfigurationException">A batch is not computed at once, or holds nothing to contrast.</exception>
    public static ContrastPlan? Contrast(RunConfiguration from)
    {
        if (from.Number("supcon.weight") is not (> 0 and var weight))
            return null;
        if (from.Integer("finetune.micro-batches") > 1)
            throw from.Mistake(["finetune.micro-batches", "supcon.weight"], "supcon.weight above 0 needs finetune.micro-batches = 1, for each sample is contrasted with all others of its batch");
        if (from.Integer("finetune.batch-size") < 2)
            throw from.Mistake(["finetune.batch-size", "supcon.weight"], "supcon.weight above 0 needs finetune.batch-size = 2 or more, for each sample is contrasted with others");
        return new ContrastPlan { Weight = weight, Temperature = from.Number("supcon.temperature") };
    }

    /// <summary>Section <c>replay</c>.</summary>
    /// <exception cref="ConfigurationException">There are no source samples to replay or to mix in.</exception>
    public static ReplaySettings Replay(RunConfiguration from)
    {
        string key = from.Text("replay.source").Length > 0 ? "replay.source" : "source.data";
        var replay = new ReplaySettings { Source = from.Text(key), Key = key, Limit = (int)from.Integer("replay.limit"), Ratio = from.Number("replay.ratio") };
        if (replay.Source.Length == 0 && replay.Ratio > 0)
            throw from.Mistake("replay.ratio", "replay.ratio above 0 needs samples of the source domain; set replay.source or source.data");
        if (replay.Source.Length == 0 && Mix(from) is { Scope: MixScope.Source })
            throw from.Mistake("mix.scope", "mix.scope = source needs samples of the source domain; set replay.source or source.data");
        return replay;
    }

    /// <summary>Section <c>mix</c>; null when it is off.</summary>
    public static MixPlan? Mix(RunConfiguration from) => from.Text("mix.kind") is "none" ? null : new MixPlan
    {
        Kind = Enum.Parse<MixKind>(from.Text("mix.kind"), ignoreCase: true),
        Alpha = from.Number("mix.alpha"),
        Scope = Enum.Parse<MixScope>(from.Text("mix.scope"), ignoreCase: true),
    };
}
