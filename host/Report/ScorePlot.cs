using ActorTrain.Host.Configuration;
using ActorTrain.Host.Results;

namespace ActorTrain.Host.Report;

/// <summary>Draws what a run's methods are compared by, accuracy for images and macro-F1 for text.</summary>
internal static class ScorePlot
{
    /// <summary>What a score cannot leave.</summary>
    public static readonly (double, double) Limits = (0, 1);

    /// <summary>Draws the plot: a row for each method.</summary>
    public static string Draw(Comparison results, Palette palette)
    {
        (double, string)? reference = results.Stages.Select(stage => stage.Confusion).OfType<int[][]>().FirstOrDefault() is { } confusion ? Reference(confusion, results.IsText) : null;
        return DotPlot.Draw(null, results.IsText ? "test macro-F1" : "test accuracy", [.. results.Methods.Select(Row).Where(row => row.Values.Count > 0)], Limits, reference);

        DotRow Row(MethodResult method)
        {
            SeedStatistics score = results.IsText ? method.TestMacroF1 : method.TestAccuracy;
            return new DotRow(Methods.Display(method.Method), palette.Colour(method.Method), [.. method.Seeds.Zip(score.Values, (seed, value) => ($"seed {seed}", value))]);
        }
    }

    /// <summary>What always naming the most frequent class of the test set would reach.</summary>
    /// <param name="confusion">Test samples counted by [label][prediction].</param>
    /// <param name="isText">Whether F1 is meant, not accuracy.</param>
    public static (double Value, string Name) Reference(int[][] confusion, bool isText)
    {
        ClassificationScores scores = ClassificationScores.OfMostFrequentClass(confusion);
        return (isText ? scores.MacroF1 : scores.Accuracy, "most frequent class");
    }
}
