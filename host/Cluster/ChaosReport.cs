using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using ActorTrain.Actors;

namespace ActorTrain.Host.Cluster;

/// <summary>What was trained more than once in a stage, because a student went back to a checkpoint.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Keys">The micro-batches.</param>
internal sealed record StageRepeats(string Stage, IReadOnlyList<RepeatedKey> Keys);

/// <summary>What a disturbed run came to beside an undisturbed one.</summary>
/// <param name="Command">The command line that makes this report.</param>
/// <param name="Nodes">Nodes of the cluster.</param>
/// <param name="Steps">Steps of the run.</param>
/// <param name="Seconds">Wall-clock of the disturbed run.</param>
/// <param name="UndisturbedSeconds">Wall-clock of the stages of the undisturbed one, in one process.</param>
/// <param name="Wanted">Blows that were drawn.</param>
/// <param name="PauseSeconds">How long a pause lasts.</param>
/// <param name="Strikes">Blows that were dealt.</param>
/// <param name="Repeats">What was trained more than once.</param>
/// <param name="Differences">A sentence for each way in which the two runs differ; none is the point of it all.</param>
internal sealed record ChaosReport(string Command, int Nodes, long Steps, double Seconds, double UndisturbedSeconds, int Wanted, double PauseSeconds,
    IReadOnlyList<Strike> Strikes, IReadOnlyList<StageRepeats> Repeats, IReadOnlyList<string> Differences)
{
    private static readonly string[] Header =
    [
        "node's roles", "kills", "pauses", "killed node back, s: median / p95 / max", "run further, s: median / p95 / max",
    ];

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Steps that were computed again after a restore.</summary>
    public long StepsRepeated => Repeats.Sum(stage => stage.Keys.Select(key => key.Step).Distinct().LongCount());

    /// <summary>Whether nothing was lost.</summary>
    public bool Same => Differences.Count == 0;

    /// <summary>The result in a sentence.</summary>
    public string Verdict => Same
        ? "The final weights of every stage are bit-identical to those of the undisturbed run, and in the line of checkpoints that led there every micro-batch was trained exactly once, the repeated ones on the same bytes."
        : $"The disturbed run differs from the undisturbed one: {string.Join(" ", Differences)}";

    /// <summary>Writes <c>chaos.json</c> and <c>chaos.md</c>.</summary>
    public void Write(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "chaos.json"), JsonSerializer.Serialize(this, Json) + "\n");
        File.WriteAllText(Path.Combine(folder, "chaos.md"), ToMarkdown());
    }

    /// <summary>A section for docs/resilience.md.</summary>
    public string ToMarkdown()
    {
        string[] lines =
        [
            $"`{Command}`",
            "",
            Row(Header),
            Row(Header.Select((_, column) => column == 0 ? "---" : "---:")),
            .. Rows().Select(Row),
            "",
            Summary,
            "",
            Verdict,
        ];
        return string.Join('\n', lines) + "\n";

        static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";
    }

    private string Summary => string.Create(CultureInfo.InvariantCulture,
        $"{Nodes} nodes, {Steps} steps; {Strikes.Count(strike => !strike.Pause)} kills and {Strikes.Count(strike => strike.Pause)} pauses of {PauseSeconds:0} s ({Wanted} blows drawn); "
        + $"{StepsRepeated} steps repeated; {Seconds:0} s, undisturbed in one process {UndisturbedSeconds:0} s. 'Run further' counts steps that are new to the run, heard of twice a second.");

    private IEnumerable<string[]> Rows()
    {
        foreach (IGrouping<string, Strike> group in Strikes.GroupBy(strike => strike.Roles).OrderBy(group => group.Min(strike => strike.Node)))
            yield return Row(group.Key, [.. group]);
        yield return Row("all", Strikes);

        static string[] Row(string name, IReadOnlyList<Strike> strikes) =>
        [
            name, $"{strikes.Count(strike => !strike.Pause)}", $"{strikes.Count(strike => strike.Pause)}",
            Spread(strikes.Select(strike => strike.BackSeconds)), Spread(strikes.Select(strike => strike.FurtherSeconds)),
        ];
    }

    private static string Spread(IEnumerable<double?> values)
    {
        double[] sorted = [.. values.OfType<double>().Order()];
        return sorted.Length == 0
            ? "—"
            : string.Create(CultureInfo.InvariantCulture, $"{Quantile(0.5):0.0} / {Quantile(0.95):0.0} / {sorted[^1]:0.0}");

        // Nearest rank.
        double Quantile(double share) => sorted[(int)Math.Ceiling(share * sorted.Length) - 1];
    }
}
