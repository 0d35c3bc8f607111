using System.Globalization;
using System.Text;
using ActorTrain.Host.Report;
using ActorTrain.Host.Results;

namespace ActorTrain.Host.Theory;

/// <summary>What a <see cref="TheoryRun"/> says: lines for the terminal, and the page <c>theory.html</c>, which needs nothing else.</summary>
internal static class TheoryReport
{
    /// <summary>A row per number of rounds, of the first data set.</summary>
    public static ResultTable Table(TheoryRun run) => new(
        ["rounds t", "‖w_{t,0}‖", "‖w_{t,T}‖", "ζ_t(s)", "ψ(t)", "‖w_init − w_{t,T}‖"],
        [.. run.DataSets[0].Rounds.Select(round => (IReadOnlyList<string>)
            [$"{round.Round}", .. new[] { round.StartNorm, round.TunedNorm, round.Complexity, round.Bound, round.Distance }.Select(value => value.ToString("0.0000", CultureInfo.InvariantCulture))])]);

    /// <summary>Whether a claim holds, in a line.</summary>
    public static string Line(ClaimFindings claim) =>
        $"{(claim.Holds ? "holds        " : "does not hold")}  {claim.Worst.Name}: {claim.Worst.Statement}; {Evidence(claim)}.";

    /// <summary>In how many data sets the premise of the bound's fall is met.</summary>
    public static string Premise(TheoryRun run) =>
        $"The labels agree with the pre-trained predictions in every singular direction in {run.DataSets.Count(data => data.Aligned)} of {Count(run.DataSets.Count)}; "
        + "where they do, ζ_t(s) and ψ(t) must fall.";

    /// <summary>Composes the page.</summary>
    /// <param name="run">What was found.</param>
    /// <param name="command">The command line that makes it.</param>
    public static string Compose(TheoryRun run, string command)
    {
        TheoryOptions options = run.Options;
        var body = new StringBuilder($"""
            <p class="soft">{FormattableString.Invariant($"{Count(options.DataSets)} of {options.Samples} samples, {options.Dimensions} dimensions and {options.Outputs} outputs; λ = {options.Lambda}, T = {options.Time}, seeds from {options.Seed}, {options.Labels.ToString().ToLowerInvariant()} labels.")}</p>
            <code class="command">{Svg.Escape(command)}</code>
            <h2>Claims</h2>

            """);
        body.Append(Page.Table(new ResultTable(["claim", "holds in", "worst case", "limit"],
            [.. run.Claims.Select(claim => (IReadOnlyList<string>)[claim.Worst.Name, $"{claim.HeldIn} of {claim.DataSets}", Number(claim.Worst.Deviation), Limit(claim.Worst)])])));
        body.Append("<ul>\n");
        foreach (ClaimFindings claim in run.Claims)
            body.Append($"<li><b>{Svg.Escape(claim.Worst.Name)}</b>: {Svg.Escape(claim.Worst.Statement)}.</li>\n");
        body.Append($"</ul>\n<p class=\"soft\">{Svg.Escape(Premise(run))}</p>\n");
        body.Append($"<h2>Over the rounds</h2>\n<div class=\"plots\">\n<figure>{Distances(run)}</figure>\n<figure>{Complexities(run)}</figure>\n</div>\n");
        body.Append($"<p class=\"soft\">The first data set (seed {options.Seed}). What falls is the bound ψ(t); the distance itself need not, and often grows in the first round, "
            + "which removes the null-space part that w_{0,0} has from w_init.</p>\n");
        body.Append(Page.Table(Table(run)));
        return Page.Compose("What self-distillation does in the simplified model", body.ToString());
    }

    private static string Distances(TheoryRun run) => LinePlot.Draw("The distance and its bound", "norm",
    [
        new Curve("bound ψ(t)", "c1", Points(run, round => round.Bound)),
        new Curve("distance ‖w_init − w_{t,T}‖", "c0", Points(run, round => round.Distance)),
    ], "rounds of self-distillation t", whole: true);

    private static string Complexities(TheoryRun run) => LinePlot.Draw("Factor of the generalisation bound", "ζ_t(s)",
        [new Curve("ζ_t(s)", "c2", Points(run, round => round.Complexity))], "rounds of self-distillation t", whole: true);

    private static (double X, double Y)[] Points(TheoryRun run, Func<RoundFindings, double> value) =>
        [.. run.DataSets[0].Rounds.Select(round => ((double)round.Round, value(round)))];

    private static string Evidence(ClaimFindings claim) =>
        $"{(claim.Worst.Strict ? "largest change" : "largest deviation")} {Number(claim.Worst.Deviation)} ({Limit(claim.Worst)}), in {claim.HeldIn} of {Count(claim.DataSets)}"
        + (claim.FirstBroken is { } seed ? $", not with --seed {seed}" : "");

    private static string Limit(Claim claim) => claim.Strict ? $"below {Number(claim.Limit)}" : $"at most {Number(claim.Limit)}";

    private static string Number(double value) => value == 0 ? "0" : value.ToString("0.#e+0", CultureInfo.InvariantCulture);

    private static string Count(int dataSets) => $"{dataSets} data set{(dataSets == 1 ? "" : "s")}";
}
