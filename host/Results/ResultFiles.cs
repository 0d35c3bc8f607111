using System.Text.Encodings.Web;
using System.Text.Json;
using ActorTrain.Actors;
using ActorTrain.Host.Planning;

namespace ActorTrain.Host.Results;

/// <summary>Writes <c>results.json</c>, <c>results.md</c> and <c>results.csv</c> into a run folder.</summary>
public static class ResultFiles
{
    /// <summary>The file with all results of a run.</summary>
    public const string FileName = "results.json";

    /// <summary>The file with a run's plan.</summary>
    public const string PlanName = "plan.json";

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
    /// <param name="planned">What was planned.</param>
    /// <param name="results">What was measured.</param>
    /// <param name="command">The command line that makes these results.</param>
    public static void Write(string folder, PlannedRun planned, Comparison results, string command)
    {
        File.WriteAllText(Path.Combine(folder, FileName),
            JsonSerializer.Serialize(new { command, results.Name, planned.Initial, planned.Runs, results.Methods, results.Stages }, Json) + "\n");
        string notes = results.SkippedSentence is { } sentence ? $"\n{sentence}\n" : "";
        string byStage = results.Methods.Count > 0 ? "\n" + ResultTable.OfStages(results).ToMarkdown() : "";
        File.WriteAllText(Path.Combine(folder, "results.md"),
            $"# {results.Name}\n\n`{command}`\n\n{ResultTable.Of(results).ToMarkdown()}{byStage}{notes}");
        File.WriteAllText(Path.Combine(folder, "results.csv"), Csv(results));
    }

    /// <summary>Reads what a finished run planned and measured.</summary>
    /// <param name="folder">The run folder.</param>
    /// <exception cref="RunException">The run is not finished, or a file is damaged.</exception>
    public static FinishedRun Read(string folder)
    {
        string file = Path.Combine(folder, FileName);
        if (!File.Exists(file))
            throw new RunException($"The run in {folder} is not finished: it has no {FileName}. The command that started it goes on with it, and writes its report at the end.");
        RunPlan plan = ReadPlan(folder);
        Contents contents = Read<Contents>(file);
        if (contents is not { Command: { } command, Initial: { } initial, Runs: { } runs, Stages: { } stages })
            throw new RunException($"{file} does not say which stages each method had, as files of earlier versions do not; the run's command writes it anew, without repeating a stage.");
        var planned = new PlannedRun(plan, initial, runs);
        return new FinishedRun(planned, Comparison.Of(planned, stages), command);
    }

    /// <summary>Reads a plan as runs and stages of studies keep it.</summary>
    /// <param name="folder">The folder with <c>plan.json</c>.</param>
    /// <exception cref="RunException">It is not there or damaged.</exception>
    public static RunPlan ReadPlan(string folder) => Read<RunPlan>(Path.Combine(folder, PlanName));

    private static T Read<T>(string file) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(file), Json) ?? throw new JsonException("it holds null");
        }
        catch (JsonException error)
        {
            throw new RunException($"{file} is damaged ({error.Message.TrimEnd('.')}); the run's command writes it anew.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new RunException($"{file} cannot be read ({error.Message.TrimEnd('.')}); check that it is there and its permissions.", error);
        }
    }

    /// <summary>A line per stage, numbers in full.</summary>
    private static string Csv(Comparison results) => string.Join('\n',
    [
        "stage,kind,steps,seconds,train_loss,train_accuracy,test_loss,test_accuracy,test_macro_f1,test_micro_f1,distance,skipped,model_sha256",
        .. results.Stages.Select(stage => string.Join(',', stage.Stage, stage.Kind.ToString().ToLowerInvariant(), stage.Steps,
            Numbers.InFull(stage.Seconds), Numbers.InFull(stage.TrainLoss), Numbers.InFull(stage.TrainAccuracy), Numbers.InFull(stage.TestLoss), Numbers.InFull(stage.TestAccuracy),
            Numbers.InFull(ClassificationScores.Of(stage)?.MacroF1), Numbers.InFull(ClassificationScores.Of(stage)?.MicroF1),
            Numbers.InFull(stage.Distance), stage.SkippedSamples, stage.ModelSha256)),
    ]) + "\n";

    /// <summary>What of the file is read again.</summary>
    private sealed record Contents(string? Command, string? Initial, IReadOnlyList<MethodRun>? Runs, IReadOnlyList<StageResult>? Stages);
}

/// <summary>A run that has ended.</summary>
/// <param name="Planned">What was planned.</param>
/// <param name="Results">What was measured.</param>
/// <param name="Command">The command line that made these results.</param>
public sealed record FinishedRun(PlannedRun Planned, Comparison Results, string Command);
