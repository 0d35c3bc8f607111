using System.Text;
using ActorTrain.Actors;
using ActorTrain.Host.Configuration;
using ActorTrain.Host.Results;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Report;

/// <summary>The losses of a study's stages: in each setting a line per method, the mean over its cells.</summary>
internal sealed class StudyCurves(StudyResults results, Palette palette)
{
    /// <summary>Plots by setting, the first one unfolded; empty where nothing was trained.</summary>
    public string Section()
    {
        var html = new StringBuilder();
        string initial = StudyFigures.Grid(Initial());
        foreach (Setting setting in results.Settings)
        {
            string plots = StudyFigures.Grid(Plots(setting));
            string unfolded = html.Length == 0 ? " open=\"open\"" : "";
            if (plots.Length > 0)
                html.Append($"<details{unfolded}><summary>{Svg.Escape(setting.Name)}</summary>\n{plots}</details>\n");
        }
        return html.Length == 0 ? initial : $"{palette.Legend(results.Study.Methods)}{html}{initial}<p class=\"soft\">Means over a method's cells; every point is also the mean over the steps around it. Of several rounds the last is shown.</p>\n";
    }

    /// <summary>The training of θ_init, a line for each that there is.</summary>
    private IEnumerable<string> Initial()
    {
        Curve[] curves = [.. from cell in results.Cells
                             from stage in cell.Stages
                             where StudyTimes.MakesInitial(stage) && stage.Curve.Count > 1
                             group cell.Dataset by stage.Identity into shared
                             let stage = results.Cells.SelectMany(cell => cell.Stages).First(stage => stage.Identity == shared.Key)
                             select new Curve(string.Join(", ", shared.Distinct()), palette.Colour(results.Study.Methods[0]), Mean([stage], point => point.Loss))];
        if (curves.Length > 0)
            yield return LinePlot.Draw("Pre-training of θ_init", Masked(results.Cells.First().IsText), curves, legend: false);
    }

    private IEnumerable<string> Plots(Setting setting)
    {
        string masked = Masked(results.IsText(setting.Dataset));
        yield return Draw("Adaptation", masked, stages => stages.LastOrDefault(StudyTimes.IsAdaptation), point => point.Mae ?? point.Loss);
        yield return Draw("Distance to the teacher", "distance", stages => stages.LastOrDefault(StudyTimes.IsAdaptation), point => point.Distill);
        yield return Draw("Fine-tuning: training loss", "cross-entropy", stages => stages.LastOrDefault(stage => stage.Kind == StageKind.Finetune), point => point.Loss);

        string Draw(string title, string unit, Func<IReadOnlyList<CellStage>, CellStage?> choose, Func<CurvePoint, double?> value)
        {
            Curve[] curves = [.. results.Study.Methods.Select(method => new Curve(Methods.Display(method), palette.Curve(method),
                Mean([.. results.Of(setting, method).Select(paired => choose(paired.Cell.Stages)).OfType<CellStage>()], value))).Where(curve => curve.Points.Count > 1)];
            return curves.Length == 0 ? "" : LinePlot.Draw(title, unit, curves, legend: false);
        }
    }

    private static string Masked(bool isText) => isText ? "masked-language loss" : "reconstruction loss";

    private static List<(double X, double Y)> Mean(IReadOnlyList<CellStage> stages, Func<CurvePoint, double?> value) =>
        [.. from stage in stages
            from point in stage.Curve
            let number = value(point)
            where number is not null
            group number.Value by point.Step into step
            orderby step.Key
            select (step.Key, step.Average())];
}
