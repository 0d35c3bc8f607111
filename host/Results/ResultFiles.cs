using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ActorTrain.Host.Results;

/// <summary>Writes <c>results.json</c>, <c>results.md</c> and <c>results.csv</c> into a run folder.</summary>
public static class ResultFiles
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>Writes the three files.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="results">What was measured.</param>
    /// <param name="command">The command line that makes these results.</param>
    public static void Write(string folder, Comparison results, string command)
    {
        File.WriteAllText(Path.Combine(folder, "results.json"), JsonSerializer.Serialize(new { command, results.Name, results.Methods, results.Stages }, Json) + "\n");
        string notes = results.SkippedSentence is { } sentence ? $"\n{sentence}\n" : "";
        string byStage = results.Methods.Count > 0 ? "\n" + ResultTable.OfStages(results).ToMarkdown() : "";
        File.WriteAllText(Path.Combine(folder, "results.md"),
            $"# {results.Name}\n\n`{command}`\n\n{ResultTable.Of(results).ToMarkdown()}{byStage}{notes}");
        File.WriteAllText(Path.Combine(folder, "results.csv"), Csv(results));
    }

    /// <summary>A line per stage, numbers in full.</summary>
    private static string Csv(Comparison results) => string.Join('\n',
    [
        "stage,kind,steps,seconds,train_loss,train_accuracy,test_loss,test_accuracy,test_macro_f1,test_micro_f1,distance,skipped,model_sha256",
        .. results.Stages.Select(stage => string.Join(',', stage.Stage, stage.Kind.ToString().ToLowerInvariant(), stage.Steps,
            Number(stage.Seconds), Number(stage.TrainLoss), Number(stage.TrainAccuracy), Number(stage.TestLoss), Number(stage.TestAccuracy),
            Number(ClassificationScores.Of(stage)?.MacroF1), Number(ClassificationScores.Of(stage)?.MicroF1),
            Number(stage.Distance), stage.SkippedSamples, stage.ModelSha256)),
    ]) + "\n";

    private static string Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";
}
