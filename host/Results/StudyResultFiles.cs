using System.Text;
using ActorTrain.Host.Study;

namespace ActorTrain.Host.Results;

/// <summary>Writes a study's <c>results.csv</c> and <c>results.md</c>.</summary>
public static class StudyResultFiles
{
    /// <summary>Writes both files.</summary>
    public static async Task WriteAsync(string folder, StudyResults results, CancellationToken cancel)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "results.csv"), Csv(results), cancel);
        await File.WriteAllTextAsync(Path.Combine(folder, "results.md"), Markdown(results), cancel);
    }

    /// <summary>A line per cell, numbers in full.</summary>
    internal static string Csv(StudyResults results)
    {
        IReadOnlyList<SweepAxis> sweep = results.Study.Sweep;
        IEnumerable<string> header =
        [
            "study", "dataset", .. sweep.Select(axis => axis.Key), "method", "seed", "test_accuracy", "test_macro_f1", "test_micro_f1", "test_loss", "train_accuracy", "train_loss",
            "distance", "seconds", "steps", "device", "processor", "threads", "finished", "identity", "model_sha256", "command",
        ];
        IEnumerable<IEnumerable<string>> lines = results.Cells.Select(cell => (IEnumerable<string>)
        [
            cell.Study, cell.Dataset, .. sweep.Select(axis => cell.Sweep.GetValueOrDefault(axis.Key, "")), cell.Method, $"{cell.Seed}",
            Numbers.InFull(cell.TestAccuracy), Numbers.InFull(cell.MacroF1), Numbers.InFull(cell.MicroF1), Numbers.InFull(cell.TestLoss), Numbers.InFull(cell.TrainAccuracy), Numbers.InFull(cell.TrainLoss),
            Numbers.InFull(cell.Distance), Numbers.InFull(StudyTimes.OfMethod(cell)), $"{cell.Stages.Where(stage => !StudyTimes.MakesInitial(stage)).Sum(stage => stage.Steps)}",
            cell.Machine.Device, cell.Machine.Processor, $"{cell.Machine.Threads}", $"{cell.Finished:O}", cell.Identity, cell.Stages.Count > 0 ? cell.Stages[^1].ModelSha256 : "", cell.Command,
        ]);
        return string.Concat(lines.Prepend(header).Select(line => string.Join(',', line.Select(Field)) + "\n"));
    }

    private static string Markdown(StudyResults results)
    {
        var text = new StringBuilder($"# {results.Study.Name}\n\n`{results.Study.Command}`\n\n{StudyTexts.Summary(results)} {StudyTexts.Machines(results)}\n");
        if (StudyTexts.Missing(results) is { Count: > 0 } missing)
            text.Append($"\n{StudyTexts.MissingTitle(results)}:\n\n").AppendJoin('\n', missing.Select(sentence => $"- {sentence}")).Append('\n');
        foreach (TitledTable table in StudyTables.Scores(results))
            text.Append($"\n## {table.Title}\n\n{table.Table.ToMarkdown()}");
        text.Append($"\n{StudyTexts.Deviation} {StudyTexts.Repetitions(results)}\n");

        var tests = StudyTables.Tests(results);
        foreach (var (title, tables) in tests)
        {
            text.Append($"\n## {title}\n");
            foreach (IReadOnlyList<MethodComparison> comparisons in tables)
                text.Append($"\n{StudyTables.Caption(comparisons)}:\n\n{StudyTables.Differences(comparisons).ToMarkdown()}");
        }
        if (tests.Count > 0)
            text.Append($"\n{StudyTexts.Differences(results)}\n");

        text.Append("\n## Generalisation, distance and time\n");
        foreach (TitledTable table in StudyTables.Details(results))
            text.Append($"\n{table.Title}:\n\n{table.Table.ToMarkdown()}");
        return text.ToString();
    }

    /// <summary>A field of CSV as RFC 4180 has it.</summary>
    private static string Field(string value) => value.AsSpan().IndexOfAny(",\"\n\r") < 0 ? value : $"\"{value.Replace("\"", "\"\"")}\"";
}
