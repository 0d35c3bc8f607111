using System.Text.Json;

namespace ActorTrain.Actors;

/// <summary>
/// <c>metrics.jsonl</c>: one line for each optimiser step. Used by one stage's training thread at a time.
/// </summary>
internal sealed class MetricsLog : IDisposable
{
    private readonly string _file;
    private readonly StreamWriter _writer;

    private MetricsLog(string file, StreamWriter writer) => (_file, _writer) = (file, writer);

    /// <summary>Opens the file for a stage that has <paramref name="stepsDone"/> steps behind it; what it logged after them is dropped.</summary>
    /// <exception cref="RunException">The file cannot be written.</exception>
    public static MetricsLog Open(string file, string stage, long stepsDone)
    {
        StreamWriter? writer = null;
        RunFolder.Writing(file, () =>
        {
            if (File.Exists(file))
            {
                string text = File.ReadAllText(file);
                var kept = text.Split('\n').Where(line => Counts(line, stage, stepsDone));
                string wanted = string.Concat(kept.Select(line => line + "\n"));
                if (wanted != text)
                    RunFolder.Replace(file, wanted);
            }
            writer = new StreamWriter(new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.Read)) { AutoFlush = true };
        });
        return new MetricsLog(file, writer!);
    }

    /// <summary>Replaces a stage's lines by those of another such file.</summary>
    /// <param name="file">The file to change.</param>
    /// <param name="stage">The stage.</param>
    /// <param name="from">The file to take them from; nothing is taken where there is none.</param>
    /// <exception cref="RunException">The file cannot be written.</exception>
    public static void Take(string file, string stage, string from)
    {
        using var log = Open(file, stage, 0);
        if (File.Exists(from))
            RunFolder.Writing(file, () => log._writer.Write(File.ReadAllText(from)));
    }

    public void Append(StepDone step) => RunFolder.Writing(_file, () => _writer.WriteLine(JsonSerializer.Serialize(new Line(
        step.Stage, step.Step, Number(step.Result.Loss), Number(step.Result.MaeLoss), Number(step.Result.DistillLoss),
        Number(step.Result.Accuracy), Number(step.Result.GradientNorm), Number(step.Result.LearningRate), step.DataWaitSeconds,
        step.TeacherWaitSeconds, step.ComputeSeconds, step.SamplesPerSecond), Json)));

    public void Dispose() => _writer.Dispose();

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>JSON has no NaN: a number that does not apply is left out.</summary>
    private static double? Number(double value) => double.IsFinite(value) ? value : null;

    /// <summary>False also for a line that a kill cut short.</summary>
    private static bool Counts(string line, string stage, long stepsDone)
    {
        try
        {
            return line.Length > 0 && JsonSerializer.Deserialize<Line>(line, Json) is { } entry && (entry.Stage != stage || entry.Step <= stepsDone);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private sealed record Line(string Stage, long Step, double? Loss, double? MaeLoss, double? DistillLoss, double? Accuracy,
        double? GradientNorm, double? LearningRate, double DataWaitSeconds, double TeacherWaitSeconds, double ComputeSeconds,
        double SamplesPerSecond);
}
