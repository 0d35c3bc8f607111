using System.Text;
using ActorTrain.Actors;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Results;
using ActorTrain.Host.Study;
using ActorTrain.Model;

namespace ActorTrain.Host.Report;

/// <summary>What a study's models make of a few samples, as far as the models still lie in the study's stages folder.</summary>
internal static class StudySamples
{
    /// <summary>Models shown for a data set; the page has to stay small.</summary>
    private const int Models = 6;

    /// <summary>For each data set θ_init and the adapted models of its first setting, as a section of the page; empty where nothing was trained.</summary>
    public static async Task<string> SectionAsync(StudyResults results, CancellationToken cancel)
    {
        var html = new StringBuilder();
        bool pictures = false, sentences = false;
        foreach (string dataset in results.Study.Datasets)
        {
            if (results.Settings.FirstOrDefault(setting => setting.Dataset == dataset && CellsOf(results, setting).Any()) is not { } setting)
                continue;
            html.Append($"<h3>{Svg.Escape(setting.Name)}</h3>\n");
            try
            {
                string shown = await ShowAsync(results, setting, cancel);
                (pictures, sentences) = (pictures || shown.Length > 0 && !results.IsText(dataset), sentences || shown.Length > 0 && results.IsText(dataset));
                html.Append(shown.Length > 0 ? shown : SampleModels.Gone);
            }
            catch (Exception error) when (error is DataException or ModelException or RunException)
            {
                html.Append($"<p class=\"soft\">Nothing could be shown here: {Svg.Escape(error.Message)}</p>\n");
            }
        }
        return html.Length == 0 ? "" : $"<h2 id=\"samples\">What the models reconstruct</h2>\n{html}{(pictures ? SamplePictures.Explanation : "")}{(sentences ? SampleSentences.Explanation : "")}";
    }

    /// <summary>Empty where the models are gone.</summary>
    private static async Task<string> ShowAsync(StudyResults results, Setting setting, CancellationToken cancel)
    {
        CellResult[] cells = [.. CellsOf(results, setting)];
        SampleModel[] models = [.. from cell in cells
                                   from stage in new[] { cell.Stages.FirstOrDefault(StudyTimes.MakesInitial), cell.Stages.LastOrDefault(StudyTimes.IsAdaptation) }.OfType<CellStage>()
                                   let folder = Folder(results, stage)
                                   let model = Path.Combine(folder, "stages", stage.Kind.ToString().ToLowerInvariant(), "model")
                                   where Directory.Exists(model)
                                   group new { cell, stage, folder, model } by stage.Identity into shared
                                   let first = shared.First()
                                   let name = StudyTimes.MakesInitial(first.stage) ? "θ_init" : Configuration.Methods.Display(first.cell.Method)
                                   select new SampleModel(name, ResultFiles.ReadPlan(first.folder).Stages[0], first.model)];
        models = [.. models.Take(Models)];
        DataPlan? test = cells.Select(cell => Folder(results, cell.Stages[^1])).Where(Directory.Exists).Select(folder => ResultFiles.ReadPlan(folder).Stages[0].Test).FirstOrDefault(found => found is not null);
        return models.Length == 0 ? ""
            : results.IsText(setting.Dataset) ? SampleSentences.Forms(await SampleSentences.PredictAsync(models, test, cancel))
            : SamplePictures.Grid(await SamplePictures.PaintAsync(models, test, cancel));
    }

    /// <summary>A cell of each method.</summary>
    private static IEnumerable<CellResult> CellsOf(StudyResults results, Setting setting) =>
        results.Study.Methods.Select(method => results.Of(setting, method)).Where(cells => cells.Count > 0).Select(cells => cells[0].Cell);

    private static string Folder(StudyResults results, CellStage stage) => Path.Combine(results.Study.Stages, StageStore.NameOf(stage.Identity));
}
