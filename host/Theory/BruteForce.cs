using MathNet.Numerics.LinearAlgebra;

namespace ActorTrain.Host.Theory;

/// <summary>Weights [d, p] of every round.</summary>
/// <param name="Starts">w_{t,0}, from which fine-tuning starts.</param>
/// <param name="Tuned">w_{t,T}, where it ends.</param>
internal sealed record Trajectory(IReadOnlyList<Matrix<double>> Starts, IReadOnlyList<Matrix<double>> Tuned);

/// <summary>Carries a <see cref="LinearProblem"/> out as it is said, without its singular values: a linear system per round, small steps along the gradient.</summary>
internal static class BruteForce
{
    /// <summary>Step size times the greatest curvature. Runge and Kutta's error is then below 10⁻⁹ of the way (docs/theory.md).</summary>
    private const double StepTimesCurvature = 0.02;

    /// <summary>Simulates all rounds.</summary>
    public static Trajectory Simulate(LinearProblem problem, CancellationToken cancel)
    {
        IReadOnlyList<Matrix<double>> starts = Distill(problem, cancel);
        return new Trajectory(starts, FineTune(problem, starts, cancel));
    }

    /// <summary>Round t minimises (1/n)·‖Φw − Φw_{t−1,0}‖² + λ‖w‖²: (ΦᵀΦ + nλI) w = ΦᵀΦ w_{t−1,0}.</summary>
    private static List<Matrix<double>> Distill(LinearProblem problem, CancellationToken cancel)
    {
        Matrix<double> features = problem.Features;
        var system = features.TransposeThisAndMultiply(features)
            .Add(Matrix<double>.Build.DenseIdentity(features.ColumnCount) * (problem.Samples * problem.Lambda)).Cholesky();
        List<Matrix<double>> starts = [problem.Pretrained];
        for (int round = 1; round <= problem.Rounds; round++)
        {
            cancel.ThrowIfCancellationRequested();
            Matrix<double> teacher = features * starts[^1];
            starts.Add(system.Solve(features.TransposeThisAndMultiply(teacher)));
        }
        return starts;
    }

    /// <summary>Follows dw/dτ = −Φᵀ(Φw − Y) from all starts at once, by Runge and Kutta's fourth order.</summary>
    private static Matrix<double>[] FineTune(LinearProblem problem, IReadOnlyList<Matrix<double>> starts, CancellationToken cancel)
    {
        Matrix<double> features = problem.Features;
        // The starts stand side by side, [d, rounds · p], and so do as many copies of the labels.
        Matrix<double> weights = starts.Aggregate((left, right) => left.Append(right));
        Matrix<double> labels = Enumerable.Repeat(problem.Labels, starts.Count).Aggregate((left, right) => left.Append(right));
        // A matrix's greatest eigenvalue is at most its greatest row sum.
        double curvature = features.TransposeAndMultiply(features).InfinityNorm();
        int steps = (int)Math.Ceiling(problem.Time * curvature / StepTimesCurvature);
        double step = problem.Time / Math.Max(1, steps);
        for (int taken = 0; taken < steps; taken++)
        {
            cancel.ThrowIfCancellationRequested();
            Matrix<double> first = Direction(weights);
            Matrix<double> second = Direction(weights + first * (step / 2));
            Matrix<double> third = Direction(weights + second * (step / 2));
            Matrix<double> fourth = Direction(weights + third * step);
            weights += (first + (second + third) * 2 + fourth) * (step / 6);
        }
        int outputs = problem.Labels.ColumnCount;
        return [.. starts.Select((start, round) => weights.SubMatrix(0, start.RowCount, round * outputs, outputs))];

        Matrix<double> Direction(Matrix<double> at) => features.TransposeThisAndMultiply(labels - features * at);
    }
}
