using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Tests;

/// <summary>Made-up results of a study, the same each time: fine-tuning, then methods that are each a little better than the one before.</summary>
internal static class ExampleStudy
{
    public static readonly string[] ThreeMethods = [Methods.FineTuning, Methods.FurtherPretraining, Methods.SelfDistillation];

    /// <summary>A study's record.</summary>
    public static StudyRecord Record(IReadOnlyList<string> datasets, IReadOnlyList<SweepAxis> sweep, IReadOnlyList<string> methods, int seeds)
    {
        StudyRecord study = RecordWithoutCells(datasets, sweep, methods, seeds);
        return study with { Identities = IdentitiesOf(Cells(study)) };
    }

    /// <summary>The identities of all cells in a record's order.</summary>
    public static IReadOnlyList<string> IdentitiesOf(IEnumerable<CellResult> cells) => [.. cells.OrderBy(cell => cell.Seed).Select(cell => cell.Identity)];

    private static StudyRecord RecordWithoutCells(IReadOnlyList<string> datasets, IReadOnlyList<SweepAxis> sweep, IReadOnlyList<string> methods, int seeds) => new()
    {
        Name = "study <x> & \"y\"",
        Datasets = datasets,
        Sweep = sweep,
        Methods = methods,
        Seeds = [.. Enumerable.Range(0, seeds).Select(seed => (ulong)seed)],
        Identities = [],
        Configuration = "study {\n  sweep.data.limit = [50, 100] # <few>\n}\n",
        Command = "./actortrain study hocon/study-xray.conf",
        Stages = "no-such-folder/stages",
    };

    /// <summary>All cells of a study.</summary>
    public static IReadOnlyList<CellResult> Cells(StudyRecord study, bool isText = false) =>
        [.. from dataset in study.Datasets
            from values in Combinations(study.Sweep)
            from method in study.Methods
            from seed in study.Seeds
            select Cell(study, dataset, values, method, seed, isText)];

    /// <summary>Writes a study's results folder.</summary>
    public static void Write(string folder, StudyRecord study, IEnumerable<CellResult> cells)
    {
        StudyFiles.Write(folder, study);
        foreach (CellResult cell in cells)
            StudyFiles.WriteCell(Path.Combine(folder, StudyFiles.CellsName, $"{cell.Dataset}_{string.Join('_', cell.Sweep.Values)}_{cell.Method}_seed-{cell.Seed}.json"), cell);
    }

    private static IEnumerable<Dictionary<string, string>> Combinations(IReadOnlyList<SweepAxis> sweep) => sweep.Aggregate(
        (IEnumerable<Dictionary<string, string>>)[[]],
        (combinations, axis) => combinations.SelectMany(combination => axis.Values.Select(value => new Dictionary<string, string>(combination) { [axis.Key] = value })));

    private static CellResult Cell(StudyRecord study, string dataset, Dictionary<string, string> sweep, string method, ulong seed, bool isText)
    {
        int rank = study.Methods.ToList().IndexOf(method);
        double swept = sweep.Where(axis => !axis.Key.EndsWith("seed", StringComparison.Ordinal)).Sum(axis => Math.Log(1 + (double.TryParse(axis.Value, out double number) ? number : 1)));
        var shared = new Random(string.Join(' ', [dataset, .. sweep.Values, $"{seed}"]).Sum(letter => letter * 7919));
        var own = new Random(shared.Next() ^ rank);
        double accuracy = Math.Round(600 * Math.Min(0.97, 0.55 + 0.04 * swept + 0.012 * rank + 0.03 * (shared.NextDouble() - 0.5) + 0.015 * (own.NextDouble() - 0.5))) / 600;
        int right = (int)Math.Round(accuracy * 600);
        bool adapts = method != Methods.FineTuning, distills = method.Contains("distill", StringComparison.Ordinal);
        string place = string.Join('-', [dataset, .. sweep.Values, method, $"{seed}"]);
        List<CellStage> stages = [Stage("source", $"{dataset}-source", StageKind.Pretrain, 2000, 610, null, 0.9)];
        if (adapts)
            stages.Add(Stage($"seed-{seed}/further-pretraining", $"{dataset}-{seed}-further", StageKind.Pretrain, 600, 95, 3.1, 0.6));
        if (distills)
            stages.Add(Stage($"seed-{seed}/{method}-1", place + "-distill", StageKind.Distill, 600, 160, 2.2, 0.62));
        stages.Add(Stage($"seed-{seed}/{method}", place, StageKind.Finetune, 300, 48, 4 + 0.1 * rank, 0.5));
        return new CellResult
        {
            Study = study.Name,
            Dataset = dataset,
            Sweep = sweep,
            Method = method,
            Seed = seed,
            Identity = stages[^1].Identity,
            Command = $"./actortrain run hocon/study-xray.conf --set run.seeds=[{seed}] --set run.methods=[{method}]",
            Configuration = new CellConfiguration("hocon/study-xray.conf", [.. sweep.Select(axis => $"{axis.Key}={axis.Value}"), $"run.methods=[{method}]"]),
            Machine = new TrainingMachine("Intel(R) Xeon(R) Processor @ 2.60GHz", dataset == "gpu" ? "NVIDIA H200" : "cpu", 2),
            Finished = new DateTimeOffset(2026, 11, 22, 5, 30, 0, TimeSpan.Zero),
            IsText = isText,
            Classes = ["normal", "pneumonia"],
            TestAccuracy = accuracy,
            MacroF1 = isText ? accuracy - 0.02 : null,
            MicroF1 = isText ? accuracy : null,
            TestLoss = 1.4 - accuracy + 0.05 * own.NextDouble(),
            TrainAccuracy = 0.99,
            TrainLoss = 0.05 + 0.02 * own.NextDouble(),
            Confusion = [[right / 2, (600 - right) / 2], [600 - right - (600 - right) / 2, right - right / 2]],
            Distance = 4 + 0.3 * rank + 0.2 * own.NextDouble(),
            Stages = stages,
        };

        CellStage Stage(string name, string identity, StageKind kind, long steps, double seconds, double? distance, double loss) => new()
        {
            Name = name,
            Identity = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(identity))),
            Kind = kind,
            Steps = steps,
            Seconds = seconds + 4 * own.NextDouble(),
            Distance = distance,
            ModelSha256 = new string('a', 64),
            Curve = [.. Enumerable.Range(1, 50).Select(point => new CurvePoint(point * steps / 50.0, loss * (0.4 + 2.0 / (1 + point)) + 0.02 * own.NextDouble(),
                kind == StageKind.Distill ? loss * (0.35 + 1.8 / (1 + point)) : null, kind == StageKind.Distill ? 3.0 / point : null))],
        };
    }
}
