using ActorTrain.Actors;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Results;

/// <summary>The table that a run ends with, as plain cells: one for the terminal, Markdown and the report.</summary>
/// <param name="Header">Column titles; the first column holds names, the others numbers.</param>
/// <param name="Rows">The rows.</param>
public sealed record ResultTable(IReadOnlyList<string> Header, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>Cells that stand out.</summary>
    public IReadOnlySet<(int Row, int Column)> Strong { get; init; } = new HashSet<(int, int)>();

    /// <summary>A row per method or, after a single stage, a row for that stage.</summary>
    public static ResultTable Of(Comparison results) => results.Methods.Count > 0 ? OfMethods(results) : OfStages(results);

    /// <summary>A row per stage: where the time went.</summary>
    public static ResultTable OfStages(Comparison results) => new(
        ["stage", "steps", .. ScoreTitles(results), "test loss", "train loss", "‖θ_init − θ‖₂", "data / teacher wait", "time"],
        [.. results.Stages.Select(stage => Row(stage, results.IsText))]);

    /// <summary>Seconds as people say them: <c>41 s</c>, <c>3 min 05 s</c>, <c>1 h 12 min</c>.</summary>
    public static string Duration(double seconds)
    {
        var time = TimeSpan.FromSeconds(Math.Round(double.IsFinite(seconds) ? Math.Clamp(seconds, 0, 1e9) : 0));
        return time.TotalMinutes < 1 ? $"{(seconds < 10 ? $"{seconds:0.0}" : $"{time.TotalSeconds:0}")} s"
            : time.TotalHours < 1 ? $"{time.Minutes} min {time.Seconds:00} s"
            : $"{(long)time.TotalHours} h {time.Minutes:00} min";
    }

    /// <summary>The table as GitHub's Markdown.</summary>
    public string ToMarkdown() => string.Join('\n',
    [
        $"| {string.Join(" | ", Header)} |",
        $"|{string.Concat(Header.Select((_, column) => column == 0 ? " --- |" : " ---: |"))}",
        .. Rows.Select((cells, row) => $"| {string.Join(" | ", cells.Select((cell, column) => Strong.Contains((row, column)) ? $"**{cell}**" : cell))} |"),
    ]) + "\n";

    private static ResultTable OfMethods(Comparison results) => new(
        ["method", .. ScoreTitles(results), "test − train loss", "‖θ_init − θ‖₂", "time per seed"],
        [.. results.Methods.Select(method => (IReadOnlyList<string>)
        [
            Methods.Display(method.Method),
            .. Scores(method, results.IsText).Select(score => score.Format("0.000")),
            method.Gap.Format("0.000"),
            method.Distance.Format("0.00"),
            Duration(method.Seconds.Mean),
        ])]);

    /// <summary>What classifiers of that kind of data are compared by.</summary>
    private static string[] ScoreTitles(Comparison results) => results.IsText ? ["test macro-F1", "test micro-F1"] : ["test accuracy"];

    private static SeedStatistics[] Scores(MethodResult method, bool isText) => isText ? [method.TestMacroF1, method.TestMicroF1] : [method.TestAccuracy];

    private static double?[] Scores(StageResult stage, bool isText) =>
        isText ? [ClassificationScores.Of(stage)?.MacroF1, ClassificationScores.Of(stage)?.MicroF1] : [stage.TestAccuracy];

    private static IReadOnlyList<string> Row(StageResult stage, bool isText)
    {
        double all = stage.DataWaitSeconds + stage.TeacherWaitSeconds + stage.ComputeSeconds;
        return
        [
            stage.Stage,
            $"{stage.Steps}",
            .. Scores(stage, isText).Select(score => SeedStatistics.Of([score]).Format("0.000")),
            SeedStatistics.Of([stage.TestLoss]).Format("0.000"),
            SeedStatistics.Of([stage.TrainLoss]).Format("0.000"),
            SeedStatistics.Of([stage.Distance]).Format("0.00"),
            all > 0 ? $"{stage.DataWaitSeconds / all:P0} / {stage.TeacherWaitSeconds / all:P0}" : "–",
            Duration(stage.Seconds),
        ];
    }
}
