namespace ActorTrain.Host.Theory;

/// <summary>A data set's rounds and claims.</summary>
/// <param name="Seed">What it was drawn from.</param>
/// <param name="Aligned">Whether its labels meet the premise of the bound's fall.</param>
/// <param name="Rounds">What was measured after each number of rounds.</param>
/// <param name="Claims">What became of the claims.</param>
internal sealed record DataSetFindings(int Seed, bool Aligned, IReadOnlyList<RoundFindings> Rounds, IReadOnlyList<Claim> Claims);

/// <summary>What was measured after a number of rounds.</summary>
/// <param name="Round">t.</param>
/// <param name="StartNorm">‖w_{t,0}‖.</param>
/// <param name="TunedNorm">‖w_{t,T}‖.</param>
/// <param name="Complexity">ζ_t(s).</param>
/// <param name="Bound">ψ(t).</param>
/// <param name="Distance">‖w_init − w_{t,T}‖.</param>
internal sealed record RoundFindings(int Round, double StartNorm, double TunedNorm, double Complexity, double Bound, double Distance);

/// <summary>A claim over all data sets.</summary>
/// <param name="Worst">The claim as it stands in the data set that is farthest off.</param>
/// <param name="HeldIn">Data sets in which it holds.</param>
/// <param name="DataSets">All data sets.</param>
/// <param name="FirstBroken">The seed of the first data set in which it does not hold.</param>
internal sealed record ClaimFindings(Claim Worst, int HeldIn, int DataSets, int? FirstBroken)
{
    /// <summary>Whether it holds in all of them.</summary>
    public bool Holds => FirstBroken is null;
}

/// <summary>Simulates random data sets and checks the claims on each.</summary>
/// <param name="Options">What was simulated.</param>
/// <param name="DataSets">What was found in each data set.</param>
internal sealed record TheoryRun(TheoryOptions Options, IReadOnlyList<DataSetFindings> DataSets)
{
    /// <summary>A labels' direction counts as against the predictions below this cosine; rounding leaves no more of one that is across them.</summary>
    private const double Across = -1e-9;

    /// <summary>The claims over all data sets.</summary>
    public IReadOnlyList<ClaimFindings> Claims => [.. DataSets[0].Claims.Select((_, index) => Over(index))];

    /// <summary>Whether all claims hold in all data sets.</summary>
    public bool Holds => Claims.All(claim => claim.Holds);

    /// <summary>Simulates and checks.</summary>
    public static TheoryRun Execute(TheoryOptions options, CancellationToken cancel) =>
        new(options, [.. Enumerable.Range(options.Seed, options.DataSets).Select(seed => Examine(options, seed, cancel))]);

    private static DataSetFindings Examine(TheoryOptions options, int seed, CancellationToken cancel)
    {
        LinearProblem problem = LinearProblem.Draw(options, seed);
        var closed = new ClosedForm(problem);
        Trajectory simulated = BruteForce.Simulate(problem, cancel);
        RoundFindings[] rounds = [.. simulated.Tuned.Select((tuned, round) => new RoundFindings(round, simulated.Starts[round].FrobeniusNorm(),
            tuned.FrobeniusNorm(), closed.Complexity(round), closed.Bound(round), (problem.Initial - tuned).FrobeniusNorm()))];
        return new DataSetFindings(seed, closed.SmallestAgreement >= Across, rounds, TheoryClaims.Check(problem, closed, simulated, seed));
    }

    private ClaimFindings Over(int index)
    {
        (int Seed, Claim Claim)[] all = [.. DataSets.Select(data => (data.Seed, data.Claims[index]))];
        // A deviation that is no number is the worst.
        Claim worst = all.MaxBy(each => double.IsNaN(each.Claim.Deviation) ? double.PositiveInfinity : each.Claim.Deviation).Claim;
        int? firstBroken = all.Where(each => !each.Claim.Holds).Select(each => (int?)each.Seed).FirstOrDefault();
        return new ClaimFindings(worst, all.Count(each => each.Claim.Holds), all.Length, firstBroken);
    }
}
