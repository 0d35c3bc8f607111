using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// RecAdam (Chen et al., arXiv 2004.12651, as in its authors' code): Adam anneals from the pull towards θ* to the task's own step. With
/// Adam's moments m and v, den = √v + ε, a = lr · √(1 − β₂ˢ) / (1 − β₁ˢ) and λ = w / (1 + e^(−k (s − t₀))) in step s, from 1:
/// θ −= a λ m / den; θ −= lr (w − λ) γ (θ − θ*); θ −= lr · decay · θ. A fresh head makes the plain step, θ −= a m / den.
/// </summary>
public sealed record RecAdamOptions : RegulariserOptions
{
    /// <summary>Above this lr · γ · w diverges: each step carries the weights further beyond θ* than they were before it.</summary>
    public const double LargestPull = 2;

    /// <summary>k, the slope of the annealing per step.</summary>
    public double Slope { get; init; } = 0.5;

    /// <summary>t₀, the step at which λ is half of w.</summary>
    public double Midpoint { get; init; } = 250;

    /// <summary>w, the weight of the task's step at the end, above 0.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>γ, the strength of the pull, at least 0.</summary>
    public double Pull { get; init; } = 5000;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Faults(double learningRate)
    {
        List<string> faults = [];
        Require(double.IsFinite(Slope), $"the slope of RecAdam is {Slope} but must be a number");
        Require(double.IsFinite(Midpoint), $"the midpoint of RecAdam is {Midpoint} but must be a number");
        Require(Weight > 0 && double.IsFinite(Weight), $"the weight of RecAdam is {Weight} but must be above 0");
        Require(Pull >= 0 && double.IsFinite(Pull), $"the pull of RecAdam is {Pull} but must be at least 0");
        double pull = learningRate * Pull * Weight;
        Require(!(pull > LargestPull), $"learning rate · pull · weight of RecAdam is {pull} and diverges above {LargestPull}; lower one of the three");
        return faults;

        void Require(bool holds, string fault)
        {
            if (!holds)
                faults.Add(fault);
        }
    }

    /// <inheritdoc/>
    internal override WeightRegulariser Create(IReadOnlyList<Tensor?> anchors) => new RecAdamRegulariser(this, anchors);
}

/// <summary>See <see cref="RecAdamOptions"/>.</summary>
internal sealed class RecAdamRegulariser(RecAdamOptions options, IReadOnlyList<Tensor?> anchors) : WeightRegulariser(anchors)
{
    /// <inheritdoc/>
    public override void Step(AdamWState optimizer, double learningRate, double gradientScale)
    {
        using IDisposable withoutGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        optimizer.UpdateAverages(gradientScale);
        double stepSize = learningRate * Math.Sqrt(1 - Math.Pow(optimizer.Beta2, optimizer.Step)) / (1 - Math.Pow(optimizer.Beta1, optimizer.Step));
        double share = options.Weight / (1 + Math.Exp(-options.Slope * (optimizer.Step - options.Midpoint)));
        Tensor denominator = optimizer.ExponentialAverageSquared.sqrt().add_(optimizer.Epsilon);
        for (int index = 0; index < Anchors.Count; index++)
        {
            Parameter parameter = optimizer.Parameters[index];
            (Tensor average, Tensor root) = (optimizer.Part(optimizer.ExponentialAverage, index), optimizer.Part(denominator, index));
            parameter.addcdiv_(average, root, Anchors[index] is null ? -stepSize : -stepSize * share);
            if (Anchors[index] is { } anchor)
                parameter.add_(parameter - anchor, -learningRate * (options.Weight - share) * options.Pull);
            if (optimizer.Decay[index])
                parameter.mul_(1 - learningRate * optimizer.WeightDecay);
        }
    }
}
