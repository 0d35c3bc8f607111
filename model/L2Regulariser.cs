using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>w · ‖θ − θ*‖² is added to the loss (Li et al., arXiv 1802.01483, "L2-SP"); a fresh head is free.</summary>
public sealed record L2Options : RegulariserOptions
{
    /// <summary>w, at least 0.</summary>
    public required double Weight { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Faults(double learningRate) =>
        Weight >= 0 && double.IsFinite(Weight) ? [] : [$"the weight of ℓ2 is {Weight} but must be at least 0"];

    /// <inheritdoc/>
    internal override WeightRegulariser Create(IReadOnlyList<Tensor?> anchors) => new L2Regulariser(this, anchors);
}

/// <summary>See <see cref="L2Options"/>. The penalty's gradient counts in the gradient's norm, as that of any other part of the loss.</summary>
internal sealed class L2Regulariser(L2Options options, IReadOnlyList<Tensor?> anchors) : WeightRegulariser(anchors)
{
    /// <inheritdoc/>
    public override double Penalise(AdamWState optimizer)
    {
        using IDisposable withoutGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor sum = zeros([], ScalarType.Float64, optimizer.Gradient.device);
        for (int index = 0; index < Anchors.Count; index++)
        {
            if (Anchors[index] is not { } anchor)
                continue;
            Tensor difference = optimizer.Parameters[index] - anchor;
            optimizer.GradientOf(index).add_(difference, 2 * options.Weight);
            sum.add_(difference.pow(2).sum(ScalarType.Float64));
        }
        return options.Weight * sum.item<double>();
    }
}
