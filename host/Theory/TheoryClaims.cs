using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace ActorTrain.Host.Theory;

/// <summary>Compares what the theory says of a data set with what happens to it.</summary>
internal static class TheoryClaims
{
    /// <summary>What Lemma 1 may be off by: only rounding stands between its two sides.</summary>
    private const double LemmaLimit = 1e-9;

    /// <summary>What fine-tuning may be off by: its steps have a length.</summary>
    private const double StepLimit = 1e-8;

    /// <summary>Random w_init that the bound is tried on, beside the data set's own and the worst ones.</summary>
    private const int RandomInitials = 16;

    /// <summary>Checks every claim.</summary>
    /// <param name="problem">The data set and its weights.</param>
    /// <param name="closed">What the theory says.</param>
    /// <param name="simulated">What happens.</param>
    /// <param name="seed">Draws the w_init that the bound is tried on.</param>
    /// <returns>The claims, always in this order.</returns>
    public static IReadOnlyList<Claim> Check(LinearProblem problem, ClosedForm closed, Trajectory simulated, int seed)
    {
        int[] rounds = [.. Enumerable.Range(0, problem.Rounds + 1)];
        int[] changes = rounds[..^1];
        double size = problem.Pretrained.FrobeniusNorm();
        double nullPart = Math.Sqrt(closed.NullSpacePart);
        double initialNorm = problem.Initial.FrobeniusNorm();
        Matrix<double>[] initials = [problem.Initial, .. RandomOfSameNorm(problem.Initial, seed)];
        return
        [
            new("Lemma 1", "w_{t,0} = Σᵢ α_{i,t} (uᵢᵀF₀) vᵢ, and the null-space part of w_{0,0} where t = 0",
                Worst(rounds, t => Distance(simulated.Starts[t], closed.Start(t)) / size), LemmaLimit),
            new("the first round removes the null-space part", "no w_{t,0} with t ≥ 1 has any, though w_{0,0} has",
                nullPart > LemmaLimit * size ? Worst(rounds[1..], t => closed.OutsideRows(simulated.Starts[t]).FrobeniusNorm() / nullPart) : double.NaN, LemmaLimit),
            new("fine-tuning", "w_{t,T} in closed form is where small steps along the gradient end",
                Worst(rounds, t => Distance(simulated.Tuned[t], closed.Tuned(t)) / size), StepLimit),
            new("the norm", "‖w_{t,T}‖ = √(G₁ + ψ₁(t) + 1{t=0}·B)",
                Worst(rounds, t => Math.Abs(simulated.Tuned[t].FrobeniusNorm() + initialNorm - closed.Bound(t)) / size), StepLimit),
            new("ζ_t(s) falls strictly", "its largest change from a round to the next is below zero",
                Worst(changes, t => ComplexityChange(closed, simulated, t, size)), 0, Strict: true),
            new("ψ(t) falls strictly", "its largest change from a round to the next is below zero",
                Worst(changes, closed.BoundChange), 0, Strict: true),
            new("the bound", "‖w_init − w_{t,T}‖ ≤ ψ(t) for every w_init of that norm",
                Worst(rounds, t => initials.Append(Farthest(simulated.Tuned[t], initialNorm)).Max(initial => Distance(initial, simulated.Tuned[t])) / closed.Bound(t) - 1), StepLimit),
            new("the bound is reached", "‖w_init − w_{t,T}‖ = ψ(t) for w_init = −(‖w_init‖ / ‖w_{t,T}‖)·w_{t,T}",
                Worst(rounds, t => Math.Abs(Distance(Farthest(closed.Tuned(t), initialNorm), simulated.Tuned[t]) / closed.Bound(t) - 1)), StepLimit),
        ];
    }

    /// <summary>
    /// How much ζ changes after round t: of what is simulated as long as its steps are fine enough to see the change, of the closed form, with which
    /// the simulation was compared, after that.
    /// </summary>
    private static double ComplexityChange(ClosedForm closed, Trajectory simulated, int round, double size)
    {
        double change = closed.BoundChange(round);
        double seen = simulated.Tuned[round + 1].FrobeniusNorm() - simulated.Tuned[round].FrobeniusNorm();
        return (Math.Abs(change) > StepLimit * size ? seen : change) * closed.FeatureSize;
    }

    /// <summary>Of all weights of this norm those that are farthest from the given ones.</summary>
    private static Matrix<double> Farthest(Matrix<double> tuned, double norm) => tuned * (-norm / tuned.FrobeniusNorm());

    private static IEnumerable<Matrix<double>> RandomOfSameNorm(Matrix<double> weights, int seed)
    {
        var normal = new Normal(0, 1, new Random(seed));
        for (int drawn = 0; drawn < RandomInitials; drawn++)
        {
            Matrix<double> other = Matrix<double>.Build.Random(weights.RowCount, weights.ColumnCount, normal);
            yield return other * (weights.FrobeniusNorm() / other.FrobeniusNorm());
        }
    }

    private static double Distance(Matrix<double> left, Matrix<double> right) => (left - right).FrobeniusNorm();

    /// <summary>The largest value; NaN if any is.</summary>
    private static double Worst(IEnumerable<int> rounds, Func<int, double> deviation) => rounds.Select(deviation).Aggregate(Math.Max);
}
