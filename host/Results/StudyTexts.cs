using ActorTrain.Host.Configuration;

namespace ActorTrain.Host.Results;

/// <summary>What a study's report says in words, in Markdown and on its page alike.</summary>
internal static class StudyTexts
{
    public const string Deviation = "Mean ± sample standard deviation; the best mean of a column stands out.";

    /// <summary>What the tables of differences show.</summary>
    public static string Differences(StudyResults results) => "Mean of the differences over pairs of cells that share everything but the method, its 95 % confidence interval "
        + "and the probability p of a paired t-test (two-sided); n is the number of pairs. Where a setting tests several methods, the columns with (Holm) are p adjusted for their number; that several settings and measures are tested is not adjusted for. Of a loss less is better."
        + (results.PooledAxes.Count == 0 ? "" : $" Pairs that share a draw ({Pooled(results)}) share samples and are not independent: n pairs tell of these draws. "
            + "What to expect of another draw is told by the columns over draws, which take each draw, as the mean of its seeds, for one observation; their p is adjusted among themselves in the same way.");

    /// <summary>What the pictures of differences show.</summary>
    public static string Intervals(StudyResults results) => "A dot at the mean of the differences, whiskers of its 95 % interval over pairs"
        + (results.PooledAxes.Count == 0 ? "." : $"; thin, below them, its interval over draws of {Pooled(results)}, where there are two or more.");

    private static string Pooled(StudyResults results) => string.Join(", ", results.PooledAxes.Select(axis => axis.Key));

    /// <summary>How large the study is, and what it took.</summary>
    public static string Summary(StudyResults results)
    {
        var stages = StudyTimes.DistinctStages(results.Cells);
        string[] parts =
        [
            Count(results.Study.Methods.Count, "method"),
            Count(results.Study.Datasets.Count, "data set"),
            .. results.Axes.Select(axis => $"{axis.Values.Count} values of {axis.Key}"),
            $"{(HasFewer(results) ? "up to " : "")}{Count(results.Pairs, "repetition")} each",
        ];
        return $"{string.Join(", ", parts)}: {Count(results.Cells.Count, "cell")} of {results.Expected} done, in {Count(stages.Count, "stage")} that took {ResultTable.Duration(stages.Sum(stage => stage.Seconds))} in all."
            + (results.Cells.Any(cell => cell.Validation) ? " What is called test here is the part of the training set that was held out for validation (data.validation), not the test set." : "");
    }

    /// <summary>Which machines computed how many cells; empty while none is done.</summary>
    public static string Machines(StudyResults results)
    {
        if (results.Cells.Count == 0)
            return "";
        var machines = results.Cells.GroupBy(cell => cell.Machine).Select(cells =>
            $"{(cells.Key.Device == "cpu" ? cells.Key.Processor : $"{cells.Key.Device} ({cells.Key.Processor})")}, {Count(cells.Key.Threads, "thread")}: {Count(cells.Count(), "cell")}");
        return $"Finished on {string.Join("; ", machines)}.";
    }

    /// <summary>What a repetition is.</summary>
    public static string Repetitions(StudyResults results)
    {
        IEnumerable<string> pooled = results.PooledAxes.Select(axis => $"{axis.Values.Count} values of {axis.Key}");
        return $"{Count(results.Pairs, "repetition")}: {string.Join(" × ", pooled.Prepend(Count(results.Study.Seeds.Count, "seed")))}."
            + (HasFewer(results) ? " Where a draw changes nothing there are fewer, for cells that are the same computation count once." : "");
    }

    /// <summary>Whether somewhere several cells are the same computation.</summary>
    private static bool HasFewer(StudyResults results) => results.Expected < results.Settings.Count * results.Study.Methods.Count * results.Pairs;

    /// <summary>What the sentences of <see cref="Missing"/> are about.</summary>
    public static string MissingTitle(StudyResults results) => results.Cells.Count < results.Expected ? "Not complete" : "Complete, but files are left out";

    /// <summary>A sentence for each setting that is not complete, one for cells without a place, and one for each damaged file; empty for a complete study.</summary>
    public static IReadOnlyList<string> Missing(StudyResults results) =>
    [
        .. from setting in results.Settings
           let lacking = results.Study.Methods.Select(method => (Method: method, Done: results.Of(setting, method).Count, All: results.ExpectedOf(setting, method))).Where(found => found.Done < found.All).ToArray()
           where lacking.Length > 0
           select $"{setting.Name}: {string.Join(", ", lacking.Select(found => $"{Methods.Display(found.Method)} {found.Done} of {found.All}"))}",
        .. results.Strangers > 0 ? [$"{Count(results.Strangers, "more cell")} in the folder {(results.Strangers == 1 ? "belongs" : "belong")} to no place of the study as it is now, and {(results.Strangers == 1 ? "is" : "are")} left out"] : Array.Empty<string>(),
        .. results.Damaged,
    ];

    public static string Count(int count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";
}
