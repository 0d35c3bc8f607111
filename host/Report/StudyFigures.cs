using System.Text;
using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Results;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Report;

/// <summary>The figures of a study.</summary>
internal sealed class StudyFigures(StudyResults results, Palette palette)
{
    /// <summary>Measures by method: over each swept number where there is one, else a plot per setting.</summary>
    /// <param name="measures">The measures of a data set.</param>
    public string Plots(Func<string, IEnumerable<Measure>> measures)
    {
        var html = new StringBuilder();
        if (results.NumericAxes.Count == 0)
            html.Append(Grid(from setting in results.Settings from measure in measures(setting.Dataset) select Dots(setting, measure)));
        foreach (SweepAxis axis in results.NumericAxes)
        {
            int index = results.Axes.ToList().IndexOf(axis);
            html.Append(Grid(
                from fixedSettings in results.Settings.GroupBy(setting => NameWithout(setting, index))
                from measure in measures(fixedSettings.First().Dataset)
                select Sweep(fixedSettings.Key, [.. fixedSettings], axis, index, measure)));
        }
        return html.ToString();
    }

    /// <summary>Differences with their intervals.</summary>
    public string Intervals(IReadOnlyList<MethodComparison> comparisons) => IntervalPlot.Draw(
        "differences with 95 % confidence intervals", comparisons[0].Measure,
        [.. comparisons.Select(comparison => new IntervalRow(StudyTables.NameOf(comparison, comparisons), palette.Colour(comparison.Method), comparison.Test, comparison.OverDraws))]);

    /// <summary>Wall-clock by method and kind of stage: a plot per data set.</summary>
    public string Times()
    {
        (StageKind Kind, string Name, string Colour)[] kinds = [(StageKind.Pretrain, "further pre-training", "c1"), (StageKind.Distill, "self-distillation", "c2"), (StageKind.Finetune, "fine-tuning", "c0")];
        IEnumerable<string> plots = from dataset in results.Study.Datasets
                                    let bars = Bars(dataset).ToArray()
                                    where bars.Length > 0
                                    select TimePlot.Draw(dataset, [.. kinds.Select(kind => (kind.Name, kind.Colour))], bars);
        string legend = string.Concat(kinds.Select(kind => $"<span><i class=\"dot {kind.Colour}\"></i>{kind.Name}</span> "));
        return $"<p class=\"legend\">{legend}</p>\n{Grid(plots)}";

        IEnumerable<TimeBar> Bars(string dataset) => from method in results.Study.Methods
                                                     let cells = results.Cells.Where(cell => cell.Dataset == dataset && cell.Method == method).ToArray()
                                                     where cells.Length > 0
                                                     select new TimeBar(Methods.Display(method), [.. kinds.Select(kind => cells.Average(cell => StudyTimes.OfKind(cell, kind.Kind)))]);
    }

    /// <summary>Plots beside each other as far as there is room.</summary>
    public static string Grid(IEnumerable<string> plots)
    {
        string figures = string.Join('\n', plots.Where(plot => plot.Length > 0).Select(plot => $"<figure>{plot}</figure>"));
        return figures.Length == 0 ? "" : $"<div class=\"plots\">\n{figures}</div>\n";
    }

    /// <summary>A ring per cell; empty without a cell.</summary>
    private string Dots(Setting setting, Measure measure)
    {
        DotRow[] rows = [.. results.Study.Methods.Select(method => new DotRow(Methods.Display(method), palette.Colour(method),
            [.. from paired in results.Of(setting, method) let value = measure.Of(paired.Cell) where value is not null select (paired.Pair, value.Value)])).Where(row => row.Values.Count > 0)];
        bool isScore = Measure.Scores(results.IsText(setting.Dataset)).Contains(measure);
        int[][]? confusion = isScore ? results.Study.Methods.SelectMany(method => results.Of(setting, method)).Select(paired => paired.Cell.Confusion).FirstOrDefault(found => found is not null) : null;
        return rows.Length == 0 ? "" : DotPlot.Draw(setting.Name, measure.Name, rows, isScore ? ScorePlot.Limits : null,
            confusion is null ? null : ScorePlot.Reference(confusion, results.IsText(setting.Dataset)));
    }

    /// <summary>A line per method over a swept number; empty without a cell.</summary>
    private string Sweep(string title, IReadOnlyList<Setting> settings, SweepAxis axis, int index, Measure measure)
    {
        SweepLine[] lines = [.. results.Study.Methods.Select(method => new SweepLine(Methods.Display(method), palette.Colour(method), palette.Curve(method),
            (from setting in settings
             let statistics = results.Statistics(setting, method, measure)
             where statistics.Values.Count > 0
             select (Value: axis.Values.ToList().IndexOf(setting.Values[index]), statistics)).ToDictionary(point => point.Value, point => point.statistics))).Where(line => line.Points.Count > 0)];
        return lines.Length == 0 ? "" : SweepPlot.Draw(title, measure, axis, lines);
    }

    private string NameWithout(Setting setting, int index) => string.Join(", ",
        results.Axes.Zip(setting.Values).Where((_, axis) => axis != index).Select(swept => $"{swept.First.Key} = {swept.Second}").Prepend(setting.Dataset));
}
