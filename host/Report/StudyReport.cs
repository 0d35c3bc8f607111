using System.Text;
using ActorTrain.Host.Results;

namespace ActorTrain.Host.Report;

/// <summary>The report of a study, from its results folder alone: <c>report.html</c>, which needs nothing else, <c>results.csv</c> and <c>results.md</c>.</summary>
public static class StudyReport
{
    /// <summary>Writes the three files beside the results. A study that is not complete gets its report too, which says what is missing.</summary>
    /// <param name="folder">The results folder: <c>study.json</c> and <c>cells/</c>.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>A sentence for each file in the folder that is damaged, and so left out.</returns>
    /// <exception cref="Actors.RunException">The folder holds no results of a study, or their record is damaged.</exception>
    public static async Task<IReadOnlyList<string>> WriteAsync(string folder, CancellationToken cancel)
    {
        StudyResults results = StudyResults.Read(folder);
        string samples = await StudySamples.SectionAsync(results, cancel);
        await StudyResultFiles.WriteAsync(folder, results, cancel);
        await File.WriteAllTextAsync(Path.Combine(folder, "report.html"), Compose(results, samples), cancel);
        return results.Damaged;
    }

    /// <summary>Puts the page together.</summary>
    /// <param name="results">The results.</param>
    /// <param name="samples">A section of HTML about what the models make of a few samples; may be empty.</param>
    internal static string Compose(StudyResults results, string samples)
    {
        var palette = new Palette(results.Study.Methods);
        var figures = new StudyFigures(results, palette);
        var page = new StringBuilder();
        page.Append($"<p class=\"soft\">{Svg.Escape(StudyTexts.Summary(results))} {Svg.Escape(StudyTexts.Machines(results))}</p>\n<code class=\"command\">{Svg.Escape(results.Study.Command)}</code>\n");
        AppendMissing(page, results);
        if (results.Cells.Count > 0)
        {
            AppendScores(page, results, palette, figures);
            AppendDifferences(page, results, palette, figures);
            AppendModels(page, results, palette, figures);
            page.Append("<h2>Losses</h2>\n").Append(new StudyCurves(results, palette).Section());
            page.Append("<h2>Wall-clock</h2>\n").Append(figures.Times())
                .Append("<p class=\"soft\">Mean over a method's cells of a data set, as if each cell stood alone: a stage that cells share is counted for each, and θ_init's for none.</p>\n");
            page.Append(samples);
            page.Append("<h2>Cells</h2>\n<p class=\"soft\">The command makes a cell alone; the configuration is what the cell adds to the study's file.</p>\n").Append(new CellList(results, palette).Section());
        }
        page.Append($"<h2>Configuration</h2>\n<details><summary>The study's file</summary>\n<pre>{Svg.Escape(results.Study.Configuration)}</pre>\n</details>\n");
        return Page.Compose(results.Study.Name, page.ToString());
    }

    private static void AppendMissing(StringBuilder page, StudyResults results)
    {
        IReadOnlyList<string> missing = StudyTexts.Missing(results);
        if (missing.Count == 0)
            return;
        page.Append($"<div class=\"notice\"><p><strong>{StudyTexts.MissingTitle(results)}:</strong> {results.Cells.Count} of {results.Expected} cells are done. Numbers below are of those.</p>\n")
            .Append($"<details><summary>What is missing or left out</summary>\n<ul>\n{string.Concat(missing.Select(sentence => $"<li>{Svg.Escape(sentence)}</li>\n"))}</ul>\n</details></div>\n");
    }

    private static void AppendScores(StringBuilder page, StudyResults results, Palette palette, StudyFigures figures)
    {
        page.Append("<h2>Scores</h2>\n");
        foreach (TitledTable table in StudyTables.Scores(results))
            page.Append($"<h3>{Svg.Escape(table.Title)}</h3>\n{Page.Table(table.Table, [.. table.Methods.Select(palette.Colour)])}");
        page.Append($"<p class=\"soft\">{StudyTexts.Deviation} {Svg.Escape(StudyTexts.Repetitions(results))}</p>\n");
        page.Append(results.NumericAxes.Count > 0 ? palette.Legend(results.Study.Methods) : "");
        page.Append(figures.Plots(dataset => Measure.Scores(results.IsText(dataset)))).Append(Caption(results));
    }

    private static void AppendDifferences(StringBuilder page, StudyResults results, Palette palette, StudyFigures figures)
    {
        var tests = StudyTables.Tests(results);
        foreach (var (title, tables) in tests)
        {
            page.Append($"<h2>{title}</h2>\n<div class=\"plots\">\n");
            foreach (IReadOnlyList<MethodComparison> comparisons in tables)
            {
                page.Append($"<section><h3>{Svg.Escape(StudyTables.Caption(comparisons))}</h3>\n{figures.Intervals(comparisons)}");
                page.Append(Page.Table(StudyTables.Differences(comparisons), [.. comparisons.Select(comparison => palette.Colour(comparison.Method))]));
                page.Append("</section>\n");
            }
            page.Append("</div>\n");
        }
        if (tests.Count > 0)
            page.Append($"<p class=\"soft\">{Svg.Escape(StudyTexts.Intervals(results))} {Svg.Escape(StudyTexts.Differences(results))}</p>\n");
    }

    private static void AppendModels(StringBuilder page, StudyResults results, Palette palette, StudyFigures figures)
    {
        page.Append("<h2>Generalisation gap and distance from θ_init</h2>\n");
        page.Append(results.NumericAxes.Count > 0 ? palette.Legend(results.Study.Methods) : "");
        page.Append(figures.Plots(_ => [Measure.Gap, Measure.Distance])).Append(Caption(results));
        page.Append("<details><summary>In numbers</summary>\n");
        foreach (TitledTable table in StudyTables.Details(results))
            page.Append($"<h3>{Svg.Escape(table.Title)}</h3>\n{Page.Table(table.Table, [.. table.Methods.Select(palette.Colour)])}");
        page.Append("</details>\n");
    }

    private static string Caption(StudyResults results) => results.NumericAxes.Count > 0
        ? "<p class=\"soft\">A dot at the mean of a method's cells, a bar of one standard deviation to each side.</p>\n"
        : "<p class=\"soft\">A ring per cell, a bar at the mean, whiskers of one standard deviation.</p>\n";
}
