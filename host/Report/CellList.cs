using System.Text;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Results;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Report;

/// <summary>Every cell of a study with its command, its configuration and its stages, folded away by setting.</summary>
internal sealed class CellList(StudyResults results, Palette palette)
{
    private const int ShownDigits = 12;

    /// <summary>The list.</summary>
    public string Section()
    {
        var html = new StringBuilder();
        foreach (Setting setting in results.Settings)
        {
            (string Method, PairedCell Paired)[] cells = [.. from method in results.Study.Methods from paired in results.Of(setting, method) select (method, paired)];
            if (cells.Length == 0)
                continue;
            html.Append($"<details class=\"cells\"><summary>{Svg.Escape(setting.Name)} <span class=\"soft\">{StudyTexts.Count(cells.Length, "cell")}</span></summary>\n");
            foreach ((string method, PairedCell paired) in cells)
                Append(html, method, paired);
            html.Append("</details>\n");
        }
        return html.ToString();
    }

    private void Append(StringBuilder html, string method, PairedCell paired)
    {
        CellResult cell = paired.Cell;
        string scores = string.Join(" / ", Measure.Scores(cell.IsText).Select(measure => SeedStatistics.Of([measure.Of(cell)]).Format(measure.Format)));
        html.Append($"<details><summary><i class=\"dot {palette.Colour(method)}\"></i>{Svg.Escape(Methods.Display(method))} <span class=\"soft\">{Svg.Escape(paired.Pair)}</span> {scores}</summary>\n");
        html.Append($"<code class=\"command\">{Svg.Escape(cell.Command)}</code>\n");
        html.Append($"<p>{Svg.Escape(cell.Configuration.File)} with:</p>\n<pre>{Svg.Escape(string.Join('\n', cell.Configuration.Assignments))}</pre>\n");
        html.Append(Page.Table(new ResultTable(["stage", "kind", "steps", Measure.Distance.Name, "time", "identity", "model"],
            [.. cell.Stages.Select(stage => (IReadOnlyList<string>)
            [
                stage.Name, stage.Kind.ToString().ToLowerInvariant(), $"{stage.Steps}", SeedStatistics.Of([stage.Distance]).Format(Measure.Distance.Format),
                ResultTable.Duration(stage.Seconds), Short(stage.Identity), Short(stage.ModelSha256),
            ])])));
        html.Append($"<p class=\"soft\">Finished {cell.Finished:yyyy-MM-dd HH:mm} UTC on {Svg.Escape(cell.Machine.Device)}, {Svg.Escape(cell.Machine.Processor)}, {StudyTexts.Count(cell.Machine.Threads, "thread")}.</p>\n</details>\n");
    }

    private static string Short(string digest) => digest.Length > ShownDigits ? digest[..ShownDigits] : digest;
}
