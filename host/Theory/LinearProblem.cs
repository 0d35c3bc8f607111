using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace ActorTrain.Host.Theory;

/// <summary>
/// The simplified model of arXiv 2210.02871, section 4, on one data set: f(x) = Wᵀφ(x), first further pre-trained, then distilled into
/// itself by ridge regression, then fine-tuned by gradient flow. docs/theory.md has the definitions and proofs.
/// </summary>
/// <param name="Features">Φ [n, d], a row per sample, linearly independent, n &lt; d.</param>
/// <param name="Initial">w_init [d, p], before further pre-training.</param>
/// <param name="Pretrained">w_{0,0} [d, p], after further pre-training.</param>
/// <param name="Labels">Y [n, p], what fine-tuning fits.</param>
/// <param name="Lambda">λ, the weight of the squared norm in a round.</param>
/// <param name="Time">T, how long fine-tuning follows the gradient.</param>
/// <param name="Rounds">The rounds t = 0 … <paramref name="Rounds"/> are looked at.</param>
internal sealed record LinearProblem(
    Matrix<double> Features, Matrix<double> Initial, Matrix<double> Pretrained, Matrix<double> Labels, double Lambda, double Time, int Rounds)
{
    /// <summary>Size of an entry of w_init beside predictions of size 1.</summary>
    private const double InitialDeviation = 0.5;

    /// <summary>n.</summary>
    public int Samples => Features.RowCount;

    /// <summary>Draws a data set and its weights: further pre-training fits random targets exactly, by the least change of w_init.</summary>
    public static LinearProblem Draw(TheoryOptions options, int seed)
    {
        var random = new Random(seed);
        MatrixBuilder<double> build = Matrix<double>.Build;
        // Entries of variance 1/d keep the singular values about 1, so that λ and T mean the same whatever n and d are.
        Matrix<double> features = build.Random(options.Samples, options.Dimensions, new Normal(0, 1 / Math.Sqrt(options.Dimensions), random));
        Matrix<double> initial = build.Random(options.Dimensions, options.Outputs, new Normal(0, InitialDeviation, random));
        Matrix<double> targets = build.Random(options.Samples, options.Outputs, new Normal(0, 1, random));
        Matrix<double> labels = build.Random(options.Samples, options.Outputs, new Normal(0, 1, random));
        Matrix<double> change = features.TransposeThisAndMultiply(features.TransposeAndMultiply(features).Solve(targets - features * initial));
        Matrix<double> pretrained = initial + change;
        return new LinearProblem(features, initial, pretrained,
            options.Labels == LabelKind.Aligned ? Align(labels, features, pretrained) : labels, options.Lambda, options.Time, options.Rounds);
    }

    /// <summary>Turns the labels round in every singular direction in which they are against the predictions.</summary>
    private static Matrix<double> Align(Matrix<double> labels, Matrix<double> features, Matrix<double> pretrained)
    {
        Matrix<double> directions = features.Svd().U;
        Matrix<double> along = directions.TransposeThisAndMultiply(labels);
        Matrix<double> predicted = directions.TransposeThisAndMultiply(features * pretrained);
        for (int direction = 0; direction < along.RowCount; direction++)
        {
            if (along.Row(direction) * predicted.Row(direction) < 0)
                along.SetRow(direction, -along.Row(direction));
        }
        return directions * along;
    }
}
