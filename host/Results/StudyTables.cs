using ActorTrain.Actors;
using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Results;

/// <summary>A table of a study and what it is about.</summary>
/// <param name="Title">What it is about.</param>
/// <param name="Methods">The method of each row.</param>
/// <param name="Table">The table.</param>
public sealed record TitledTable(string Title, IReadOnlyList<string> Methods, ResultTable Table);

/// <summary>A method against another one.</summary>
/// <param name="Setting">Where.</param>
/// <param name="Measure">By what.</param>
/// <param name="Method">The method.</param>
/// <param name="Test">Its difference to the other one.</param>
/// <param name="OverDraws">The same test with one observation a draw of the pooled keys; null where none is.</param>
/// <param name="Adjusted">The test's probability after Holm's adjustment for all methods that are tested against the same one in the setting by the same measure; null where it is the only one.</param>
/// <param name="AdjustedOverDraws">The same of the test over draws.</param>
public sealed record MethodComparison(Setting Setting, Measure Measure, string Method, PairedTest Test, PairedTest? OverDraws, double? Adjusted = null, double? AdjustedOverDraws = null);

/// <summary>The tables of a study: what the methods reach, and how they differ.</summary>
public static class StudyTables
{
    /// <summary>Mean ± standard deviation of the scores: a row per method, a column per setting, the best mean of a column standing out.</summary>
    public static IEnumerable<TitledTable> Scores(StudyResults results) =>
        from settings in Groups(results)
        from measure in Measure.Scores(results.IsText(settings[0].Dataset))
        select Table(results, settings, measure, results.Axes.Count == 0 ? measure.Name : $"{settings[0].Dataset}: {measure.Name}");

    /// <summary>The tests against each baseline, with their titles.</summary>
    public static IReadOnlyList<(string Title, IReadOnlyList<IReadOnlyList<MethodComparison>> Tests)> Tests(StudyResults results) =>
        [.. new[]
        {
            ("Against fine-tuning", AgainstFineTuning(results)),
            ("Self-distillation against further pre-training", AgainstFurtherPretraining(results)),
        }.Where(against => against.Item2.Count > 0)];

    /// <summary>Every method against fine-tuning: a list per setting and measure, or one per measure over all settings where there is only one method to test.</summary>
    public static IReadOnlyList<IReadOnlyList<MethodComparison>> AgainstFineTuning(StudyResults results) =>
        Against(results, Methods.FineTuning, (_, _) => true);

    /// <summary>Every method that distils against further pre-training, likewise.</summary>
    public static IReadOnlyList<IReadOnlyList<MethodComparison>> AgainstFurtherPretraining(StudyResults results) =>
        Against(results, Methods.FurtherPretraining, (setting, method) => results.Of(setting, method).Any(paired => paired.Cell.Stages.Any(stage => stage.Kind == StageKind.Distill)));

    /// <summary>What a list of comparisons is about: its setting, or its method over several settings, and the measure.</summary>
    public static string Caption(IReadOnlyList<MethodComparison> comparisons) =>
        $"{(AreOfOneSetting(comparisons) ? comparisons[0].Setting.Name : Methods.Display(comparisons[0].Method))}, {comparisons[0].Measure.Name}";

    /// <summary>What tells a list's comparisons apart.</summary>
    public static string NameOf(MethodComparison comparison, IReadOnlyList<MethodComparison> among) =>
        AreOfOneSetting(among) ? Methods.Display(comparison.Method) : comparison.Setting.Name;

    private static bool AreOfOneSetting(IReadOnlyList<MethodComparison> comparisons) => comparisons.All(comparison => comparison.Setting == comparisons[0].Setting);

    private static IReadOnlyList<IReadOnlyList<MethodComparison>> Against(StudyResults results, string baseline, Func<Setting, string, bool> isTested)
    {
        MethodComparison[] all = [.. from setting in results.Settings
                                     from measure in Measure.Tested(results.IsText(setting.Dataset))
                                     from comparison in WithHolm([.. from method in results.Study.Methods
                                                                     where method != baseline && isTested(setting, method)
                                                                     let test = results.Compare(setting, method, baseline, measure)
                                                                     where test.Pairs > 0
                                                                     select new MethodComparison(setting, measure, method, test, results.CompareDraws(setting, method, baseline, measure))])
                                     select comparison];
        bool isOneMethod = all.DistinctBy(comparison => comparison.Method).Count() == 1;
        return [.. all.GroupBy(comparison => (isOneMethod ? null : comparison.Setting, comparison.Measure)).Select(comparisons => comparisons.ToArray())];
    }

    /// <summary>Comparisons of a setting by one measure, with their probabilities adjusted for their number.</summary>
    private static IReadOnlyList<MethodComparison> WithHolm(IReadOnlyList<MethodComparison> comparisons)
    {
        if (comparisons.Count < 2)
            return comparisons;
        IReadOnlyList<double?> pairs = HolmAdjustment.Adjust([.. comparisons.Select(comparison => comparison.Test.P)]);
        IReadOnlyList<double?> draws = HolmAdjustment.Adjust([.. comparisons.Select(comparison => comparison.OverDraws?.P)]);
        return [.. comparisons.Select((comparison, index) => comparison with { Adjusted = pairs[index], AdjustedOverDraws = draws[index] })];
    }

    /// <summary>Comparisons as a table, a row each.</summary>
    public static ResultTable Differences(IReadOnlyList<MethodComparison> comparisons)
    {
        bool adjusted = comparisons.Any(comparison => comparison.Adjusted is not null);
        bool draws = comparisons.Any(comparison => comparison.OverDraws is not null);
        bool adjustedDraws = comparisons.Any(comparison => comparison.AdjustedOverDraws is not null);
        return new ResultTable(
            [
                AreOfOneSetting(comparisons) ? "method" : "setting", "n", "difference", "95 % interval", "p", .. adjusted ? ["p (Holm)"] : Array.Empty<string>(),
                .. draws ? ["draws", "interval over draws", "p over draws"] : Array.Empty<string>(), .. adjustedDraws ? ["p over draws (Holm)"] : Array.Empty<string>(),
            ],
            [.. comparisons.Select(comparison => (IReadOnlyList<string>)
            [
                NameOf(comparison, comparisons),
                $"{comparison.Test.Pairs}",
                Numbers.Signed(comparison.Test.Mean, comparison.Measure.Format),
                Interval(comparison.Test, comparison.Measure),
                Numbers.Probability(comparison.Test.P),
                .. adjusted ? [Numbers.Probability(comparison.Adjusted)] : Array.Empty<string>(),
                .. comparison.OverDraws is { } over ? [$"{over.Pairs}", Interval(over, comparison.Measure), Numbers.Probability(over.P)] : Array.Empty<string>(),
                .. adjustedDraws ? [Numbers.Probability(comparison.AdjustedOverDraws)] : Array.Empty<string>(),
            ])]);
    }

    private static string Interval(PairedTest test, Measure measure) => test is { Low: { } low, High: { } high } ? $"{Numbers.Signed(low, measure.Format)} … {Numbers.Signed(high, measure.Format)}" : Numbers.None;

    /// <summary>Gap, distance, losses and time of every method: a table per setting.</summary>
    public static IEnumerable<TitledTable> Details(StudyResults results) =>
        from setting in results.Settings
        let methods = results.Study.Methods.Where(method => results.Of(setting, method).Count > 0).ToArray()
        where methods.Length > 0
        select new TitledTable(setting.Name, methods, new ResultTable(
            ["method", "cells", Measure.Gap.Name, Measure.TestLoss.Name, "train loss", Measure.Distance.Name, "time per cell"],
            [.. methods.Select(method => (IReadOnlyList<string>)
            [
                Methods.Display(method),
                $"{results.Of(setting, method).Count}",
                results.Statistics(setting, method, Measure.Gap).Format(Measure.Gap.Format),
                results.Statistics(setting, method, Measure.TestLoss).Format(Measure.TestLoss.Format),
                SeedStatistics.Of(results.Of(setting, method).Select(paired => paired.Cell.TrainLoss)).Format("0.000"),
                results.Statistics(setting, method, Measure.Distance).Format(Measure.Distance.Format),
                ResultTable.Duration(results.Of(setting, method).Average(paired => StudyTimes.OfMethod(paired.Cell))),
            ])]));

    /// <summary>Settings whose scores stand in one table: all data sets of a kind side by side, or a swept one alone.</summary>
    private static IEnumerable<IReadOnlyList<Setting>> Groups(StudyResults results) => results.Settings
        .GroupBy(setting => results.Axes.Count > 0 ? setting.Dataset : $"{results.IsText(setting.Dataset)}")
        .Select(group => (IReadOnlyList<Setting>)[.. group]);

    private static TitledTable Table(StudyResults results, IReadOnlyList<Setting> settings, Measure measure, string title)
    {
        IReadOnlyList<string> methods = results.Study.Methods;
        SeedStatistics[][] statistics = [.. methods.Select(method => settings.Select(setting => results.Statistics(setting, method, measure)).ToArray())];
        var strong = new HashSet<(int, int)>();
        for (int column = 0; column < settings.Count; column++)
        {
            double best = statistics.Select(row => row[column].Mean).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Max();
            for (int row = 0; row < methods.Count; row++)
            {
                if (methods.Count > 1 && statistics[row][column].Mean == best)
                    strong.Add((row, column + 1));
            }
        }
        return new TitledTable(title, methods, new ResultTable(
            ["method", .. settings.Select(setting => Column(results, setting))],
            [.. methods.Select((method, row) => (IReadOnlyList<string>)
            [
                Methods.Display(method),
                .. statistics[row].Select(cells => cells.Format(measure.Format) + (cells.Values.Count > 0 && cells.Values.Count < results.Pairs ? $" (n = {cells.Values.Count})" : "")),
            ])])
        { Strong = strong });
    }

    private static string Column(StudyResults results, Setting setting) => results.Axes.Count == 0
        ? setting.Dataset
        : string.Join(", ", results.Axes.Zip(setting.Values, (axis, value) => $"{axis.Key} = {value}"));
}
