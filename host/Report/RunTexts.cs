using System.Text;
using ActorTrain.Actors;
using ActorTrain.DataPipeline;
using ActorTrain.Host.Planning;
using ActorTrain.Host.Progress;
using ActorTrain.Host.Results;

namespace ActorTrain.Host.Report;

/// <summary>The texts of a finished run, opened again for its report.</summary>
internal static class RunTexts
{
    /// <summary>How a data set of the plan is read.</summary>
    /// <param name="data">The data set.</param>
    /// <param name="batchSize">Samples of a step.</param>
    /// <param name="labelled">Whether the stage looks at its labels.</param>
    public static TextOptions Options(DataPlan data, int batchSize, bool labelled) => new()
    {
        MaxLength = data.Text!.MaxLength,
        Pack = data.Text.Pack,
        TextField = data.Text.TextField,
        LabelField = labelled || data.Limit > 0 || data.HoldOut > 0 ? data.Text.LabelField : null,
        PairField = data.Text.PairField,
        BatchSize = batchSize,
        BucketBatches = data.Text.BucketBatches,
        SkipBroken = data.SkipBroken,
    };

    /// <summary>Opens a data set of the plan.</summary>
    public static Task<ITextSource> OpenAsync(DataPlan data, TextOptions options, Tokenizer tokenizer, CancellationToken cancel) =>
        OpeningDisplay.ShowAsync(data.ToSourceOptions(), shown => TextSources.OpenAsync(shown, options, tokenizer, cancel));

    /// <summary>What the training sets are like, as a section of the report.</summary>
    /// <param name="planned">What was planned.</param>
    /// <param name="tokenizerFolder">A folder with the run's tokenizer.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<string> SectionAsync(PlannedRun planned, string tokenizerFolder, CancellationToken cancel)
    {
        var tokenizer = Tokenizer.Open(tokenizerFolder);
        List<IReadOnlyList<string>> rows = [];
        foreach (StagePlan stage in planned.Plan.Stages.Where(stage => stage.Train is not null).DistinctBy(stage => (stage.Train!.Location, stage.Train.Text!.Pack, stage.BatchSize)))
        {
            TextOptions options = Options(stage.Train!, stage.BatchSize, stage.Kind == StageKind.Finetune);
            await using ITextSource source = await OpenAsync(stage.Train!, options, tokenizer, cancel);
            PaddingShare padding = await PaddingShare.MeasureAsync(source, options, cancel);
            rows.Add([$"{stage.Train!.Key}{(options.Pack ? ", packed" : "")}", $"{source.Count}", $"{stage.BatchSize}", $"{source.TruncatedTokens}", $"{padding.Bucketed:0.0%}", $"{padding.Shuffled:0.0%}"]);
        }
        if (rows.Count == 0)
            return "";
        var table = new ResultTable(["training set", "sequences", "batch", "tokens cut off", "padding in buckets", "without buckets"], rows);
        return new StringBuilder("<h2>Texts</h2>\n").Append(Page.Table(table))
            .Append("<p class=\"soft\">Padding: the share of a batch's tokens if its sequences were filled up to the longest of them, with sequences of like length in a batch and without. None is stored or sent.</p>\n").ToString();
    }
}
