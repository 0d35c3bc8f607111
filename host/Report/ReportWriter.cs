using System.Text;
using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Planning;
using ActorTrain.Host.Results;

namespace ActorTrain.Host.Report;

/// <summary>Writes <c>report.html</c>: one file that needs nothing else, with tables, plots as inline SVG and pictures as data.</summary>
public static class ReportWriter
{
    /// <summary>Names of methods that a plot has room for.</summary>
    private const int LegendRoom = 4;

    /// <summary>Writes the report of a finished run.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="planned">What was planned.</param>
    /// <param name="results">What was measured.</param>
    /// <param name="command">The command line that makes these results.</param>
    /// <param name="configuration">The resolved configuration.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task WriteAsync(string folder, PlannedRun planned, Comparison results, string command, string configuration, CancellationToken cancel)
    {
        IReadOnlyDictionary<string, StageCurves> curves = await MetricsFile.ReadAsync(
            Path.Combine(folder, "metrics.jsonl"), planned.Plan.Stages.Where(stage => stage.Steps > 0).ToDictionary(stage => stage.Name, stage => stage.Steps), cancel);
        string samples = await SamplesAsync(planned, results, cancel);
        await File.WriteAllTextAsync(Path.Combine(folder, "report.html"), Compose(planned, results, command, configuration, curves, samples), cancel);
    }

    /// <summary>What the run's models make of a few samples. A report that is written again may find the models gone.</summary>
    private static async Task<string> SamplesAsync(PlannedRun planned, Comparison results, CancellationToken cancel)
    {
        IReadOnlyList<SampleModel> models = SampleModels.Of(planned, results.Stages);
        string gone = models.Count == 0 && SampleModels.Stages(planned).Any() ? SampleModels.Gone : "";
        DataPlan? test = planned.Plan.Stages.Select(stage => stage.Test).FirstOrDefault(test => test is not null);
        if (!planned.IsText)
            return gone + SamplePictures.Section(await SamplePictures.PaintAsync(models, test, cancel));
        string sentences = gone + SampleSentences.Section(await SampleSentences.PredictAsync(models, test, cancel));
        string? tokenizer = results.Stages.Select(stage => stage.ModelFolder).FirstOrDefault(Directory.Exists);
        return tokenizer is null ? sentences : sentences + await RunTexts.SectionAsync(planned, tokenizer, cancel);
    }

    /// <summary>Puts the page together.</summary>
    /// <param name="planned">What was planned.</param>
    /// <param name="results">What was measured.</param>
    /// <param name="command">The command line that makes these results.</param>
    /// <param name="configuration">The resolved configuration.</param>
    /// <param name="curves">The losses of every stage.</param>
    /// <param name="samples">Sections of HTML about the samples and what the models make of a few; may be empty.</param>
    internal static string Compose(PlannedRun planned, Comparison results, string command, string configuration,
        IReadOnlyDictionary<string, StageCurves> curves, string samples)
    {
        var palette = new Palette([.. results.Methods.Select(method => method.Method)]);
        var page = new StringBuilder();
        page.Append($"""
            <p class="soft">{Svg.Escape(Summary(planned, results))}</p>
            <code class="command">{Svg.Escape(command)}</code>

            """);
        if (results.Methods.Count > 0)
        {
            page.Append("<h2>Methods compared</h2>\n").Append(Page.Table(ResultTable.Of(results), [.. results.Methods.Select(method => palette.Colour(method.Method))]));
            page.Append("<p class=\"soft\">Mean ± sample standard deviation over seeds. The time is that of all of a method's stages, without the one that makes θ_init.</p>\n");
            page.Append($"<figure class=\"accuracy\">{ScorePlot.Draw(results, palette)}<figcaption>A ring per seed, a bar at the mean, whiskers of one standard deviation.</figcaption></figure>\n");
        }
        AppendCurves(page, planned, curves, palette);
        page.Append(samples);
        AppendConfusions(page, planned, results);
        page.Append("<h2>Stages</h2>\n").Append(Page.Table(ResultTable.OfStages(results)));
        if (results.SkippedSentence is { } sentence)
            page.Append($"<p>{sentence}</p>\n");
        page.Append($"<h2>Configuration</h2>\n<details><summary>Every key, resolved</summary>\n<pre>{Svg.Escape(configuration)}</pre>\n</details>\n");
        return Page.Compose(results.Name, page.ToString());
    }

    private static string Summary(PlannedRun planned, Comparison results)
    {
        StagePlan first = planned.Plan.Stages[0];
        string seeds = results.Methods.Count > 0 ? $"{results.Methods.Count} methods, {Count(results.Methods[0].Seeds.Count, "seed")}, " : "";
        return $"{seeds}{Count(results.Stages.Count, "stage")}, {ResultTable.Duration(results.Stages.Sum(stage => stage.Seconds))} in all, "
            + $"on {first.Device} with {Count(first.Threads, "thread")}{(first.Bfloat16 ? " in bfloat16" : "")}.";
    }

    private static string Count(int count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";

    private static void AppendCurves(StringBuilder page, PlannedRun planned, IReadOnlyDictionary<string, StageCurves> curves, Palette palette)
    {
        List<string> plots = [];
        string[] methods = [.. planned.Runs.Select(run => run.Method).Distinct()];
        bool outside = methods.Length > LegendRoom;
        string masked = planned.IsText ? "masked-language loss" : "reconstruction loss";
        Add("Pre-training of θ_init", masked, planned.Plan.Stages.Where(stage => stage.Name == RunPlanBuilder.SourceStage)
            .Select(stage => new Curve("θ_init", "c3", curves[stage.Name].Loss)));
        Add("Adaptation", masked, planned.Plan.Stages.Where(stage => RunPlanBuilder.IsAdaptation(stage.Name, stage.Kind))
            .Select(stage => new Curve(NameOf(stage), ColourOf(stage), stage.Kind == StageKind.Distill ? curves[stage.Name].MaeLoss : curves[stage.Name].Loss)));
        Add("Self-distillation: distance to the teacher", "distance", planned.Plan.Stages.Where(stage => stage.Kind == StageKind.Distill)
            .Select(stage => new Curve(NameOf(stage), ColourOf(stage), curves[stage.Name].DistillLoss)));
        Add("Fine-tuning: training loss", "cross-entropy", planned.Runs.Count > 0
            ? planned.Runs.Select(run => new Curve(Methods.Display(run.Method), palette.Curve(run.Method), curves[run.Stages[^1]].Loss))
            : planned.Plan.Stages.Where(stage => stage.Kind == StageKind.Finetune).Select(stage => new Curve(stage.Name, "c0", curves[stage.Name].Loss)));
        if (plots.Count > 0)
            page.Append($"<h2>Losses</h2>\n{(outside ? palette.Legend(methods) : "")}<div class=\"plots\">\n").AppendJoin('\n', plots).Append("</div>\n<p class=\"soft\">A line per seed; every point is the mean over the steps around it.</p>\n");

        void Add(string title, string unit, IEnumerable<Curve> found)
        {
            Curve[] drawn = [.. found.Where(curve => curve.Points.Count > 1)];
            if (drawn.Length > 0)
                plots.Add($"<figure>{LinePlot.Draw(title, unit, drawn, legend: !outside)}</figure>");
        }

        string NameOf(StagePlan stage) => Methods.Display(SampleModels.MethodOf(planned, stage));

        string ColourOf(StagePlan stage) => palette.Curve(SampleModels.MethodOf(planned, stage));
    }

    private static void AppendConfusions(StringBuilder page, PlannedRun planned, Comparison results)
    {
        string[]? classNames = planned.Plan.Stages.FirstOrDefault(stage => stage.Test is not null)?.Test?.ClassNames;
        var groups = results.Methods.Count > 0
            ? results.Methods.Select(method => (Name: Methods.Display(method.Method), Stages: planned.Runs.Where(run => run.Method == method.Method).Select(run => run.Stages[^1]).ToHashSet()))
            : results.Stages.Select(stage => (Name: stage.Stage, Stages: new HashSet<string> { stage.Stage }));
        var matrices = groups.Select(group => (group.Name, Counts: Sum(results.Stages.Where(stage => group.Stages.Contains(stage.Stage))))).Where(group => group.Counts.Length > 0).ToArray();
        if (matrices.Length == 0 || classNames is null || classNames.Length > 20)
            return;
        page.Append("<h2>Which classes are confused</h2>\n<div class=\"confusions\">\n");
        foreach ((string name, int[][] counts) in matrices)
            page.Append(ConfusionTable(name, counts, classNames));
        page.Append("</div>\n<p class=\"soft\">Share of a true class's test samples (row) that were given a class (column), over all seeds.</p>\n");
    }

    private static string ConfusionTable(string name, int[][] counts, string[] classNames)
    {
        var html = new StringBuilder($"<figure><div class=\"wide\"><table class=\"confusion\"><thead><tr><th></th>{string.Concat(classNames.Select(to => $"<th>{Svg.Escape(to)}</th>"))}</tr></thead><tbody>\n");
        for (int row = 0; row < counts.Length; row++)
        {
            int total = Math.Max(1, counts[row].Sum());
            html.Append($"<tr><th>{Svg.Escape(classNames[row])}</th>");
            foreach (int count in counts[row])
            {
                int percent = (int)Math.Round(100.0 * count / total);
                html.Append($"<td style=\"background:color-mix(in srgb, var(--c0) {percent * 6 / 10}%, var(--ground))\">{percent} %</td>");
            }
            html.Append("</tr>\n");
        }
        return html.Append($"</tbody></table></div><figcaption>{Svg.Escape(name)}</figcaption></figure>\n").ToString();
    }

    private static int[][] Sum(IEnumerable<StageResult> stages)
    {
        int[][][] matrices = [.. stages.Select(stage => stage.Confusion).OfType<int[][]>()];
        return matrices.Length == 0
            ? []
            : [.. matrices[0].Select((row, label) => row.Select((_, prediction) => matrices.Sum(matrix => matrix[label][prediction])).ToArray())];
    }
}
