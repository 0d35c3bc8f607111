using MathNet.Numerics.LinearAlgebra;

namespace ActorTrain.Host.Theory;

/// <summary>
/// All that the theory says of a <see cref="LinearProblem"/>, from the singular value decomposition Φ = Σᵢ σᵢ uᵢ vᵢᵀ. F₀ = Φ w_{0,0} are the
/// pre-trained model's predictions, v its null-space part. docs/theory.md derives each formula.
/// </summary>
internal sealed class ClosedForm
{
    private readonly LinearProblem _problem;
    private readonly Vector<double> _singular; // σ [n]
    private readonly Matrix<double> _right; // vᵢ as columns [d, n]
    private readonly Matrix<double> _predicted; // uᵢᵀF₀ [n, p]
    private readonly Matrix<double> _fitted; // uᵢᵀY / σᵢ [n, p], where gradient flow ends
    private readonly Matrix<double> _nullPart; // v [d, p]
    private readonly double[] _kept; // exp(−σᵢ² T) [n], what fine-tuning leaves of its start

    public ClosedForm(LinearProblem problem)
    {
        _problem = problem;
        var decomposition = problem.Features.Svd();
        _singular = decomposition.S;
        _right = decomposition.VT.SubMatrix(0, problem.Samples, 0, problem.Features.ColumnCount).Transpose();
        _predicted = decomposition.U.TransposeThisAndMultiply(problem.Features * problem.Pretrained);
        Matrix<double> labels = decomposition.U.TransposeThisAndMultiply(problem.Labels);
        _fitted = labels.MapIndexed((direction, _, value) => value / _singular[direction]);
        _nullPart = OutsideRows(problem.Pretrained);
        _kept = [.. _singular.Select(sigma => Math.Exp(-sigma * sigma * problem.Time))];
        FeatureSize = Math.Sqrt(problem.Features.EnumerateRows().Average(row => row.DotProduct(row)));
        SmallestAgreement = Directions.Min(direction => Agreement(labels.Row(direction), _predicted.Row(direction)));
    }

    /// <summary>√(mean ‖φ(xᵢ)‖²).</summary>
    public double FeatureSize { get; }

    /// <summary>The least cosine between uᵢᵀF₀ and uᵢᵀY; the premise of the bound's fall is that none is negative.</summary>
    public double SmallestAgreement { get; }

    /// <summary>G₁, what fine-tuning learns whatever it starts from.</summary>
    public double LearnedPart => Directions.Sum(direction => (1 - _kept[direction]) * (1 - _kept[direction]) * Square(_fitted.Row(direction)));

    /// <summary>B = ‖v‖², which only round 0 has.</summary>
    public double NullSpacePart => Square(_nullPart);

    private IEnumerable<int> Directions => Enumerable.Range(0, _singular.Count);

    /// <summary>α_{i,t} = (1/σᵢ)·(1 + nλ/σᵢ²)⁻ᵗ.</summary>
    public double Alpha(int direction, int round) => 1 / _singular[direction] * Math.Pow(1 + Shrinkage(direction), -round);

    /// <summary>w_{t,0} [d, p] by Lemma 1.</summary>
    public Matrix<double> Start(int round) =>
        Weights(round, (direction, output) => Alpha(direction, round) * _predicted[direction, output]);

    /// <summary>w_{t,T} [d, p].</summary>
    public Matrix<double> Tuned(int round) => Weights(round, (direction, output) =>
        _kept[direction] * Alpha(direction, round) * _predicted[direction, output] + (1 - _kept[direction]) * _fitted[direction, output]);

    /// <summary>ψ₁(t), what is left of the pre-trained predictions.</summary>
    public double RememberedPart(int round) => Directions.Sum(direction =>
        Remembered(direction, Alpha(direction, round) * Alpha(direction, round), Alpha(direction, round)));

    /// <summary>ψ(t), the greatest distance ‖w_init − w_{t,T}‖ over all w_init of this one's norm.</summary>
    public double Bound(int round) => TunedNorm(round) + _problem.Initial.FrobeniusNorm();

    /// <summary>ψ(t + 1) − ψ(t), from differences of its terms: exact where the values themselves agree in all their digits.</summary>
    public double BoundChange(int round)
    {
        double change = round == 0 ? -NullSpacePart : 0;
        foreach (int direction in Directions)
        {
            double alpha = Alpha(direction, round), next = Alpha(direction, round + 1);
            double difference = -next * Shrinkage(direction);
            change += Remembered(direction, difference * (next + alpha), difference);
        }
        return change / (TunedNorm(round) + TunedNorm(round + 1));
    }

    /// <summary>ζ_t(s) = ‖w_{t,T}‖·√(mean ‖φ(xᵢ)‖²), the factor of the generalisation bound that the data set and t decide.</summary>
    public double Complexity(int round) => TunedNorm(round) * FeatureSize;

    /// <summary>The part of weights [d, p] that no sample sees.</summary>
    public Matrix<double> OutsideRows(Matrix<double> weights) => weights - _right * _right.TransposeThisAndMultiply(weights);

    private double TunedNorm(int round) => Math.Sqrt(LearnedPart + RememberedPart(round) + (round == 0 ? NullSpacePart : 0));

    /// <summary>nλ/σᵢ².</summary>
    private double Shrinkage(int direction) => _problem.Samples * _problem.Lambda / (_singular[direction] * _singular[direction]);

    /// <summary>A direction's term of ψ₁, linear in α² and α.</summary>
    private double Remembered(int direction, double alphaSquared, double alpha)
    {
        double kept = _kept[direction];
        return kept * kept * alphaSquared * Square(_predicted.Row(direction))
            + 2 * kept * (1 - kept) * alpha * (_predicted.Row(direction) * _fitted.Row(direction));
    }

    /// <summary>The weights with these coefficients [n, p] along the vᵢ; those of round 0 keep their null-space part.</summary>
    private Matrix<double> Weights(int round, Func<int, int, double> coefficient)
    {
        Matrix<double> seen = _right * Matrix<double>.Build.Dense(_predicted.RowCount, _predicted.ColumnCount, coefficient);
        return round == 0 ? seen + _nullPart : seen;
    }

    private static double Agreement(Vector<double> labels, Vector<double> predicted) => labels * predicted / (labels.L2Norm() * predicted.L2Norm());

    private static double Square(Vector<double> row) => row.DotProduct(row);

    private static double Square(Matrix<double> weights) => weights.Enumerate().Sum(value => value * value);
}
