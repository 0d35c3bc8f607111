using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>Holds the weights near θ* from within the optimiser's step; what does nothing else makes the step of AdamW.</summary>
/// <param name="anchors">For each trained parameter its value in θ*; null for those of a fresh head.</param>
internal abstract class WeightRegulariser(IReadOnlyList<Tensor?> anchors)
{
    /// <summary>For each trained parameter its value in θ*; null for those of a fresh head.</summary>
    protected IReadOnlyList<Tensor?> Anchors => anchors;

    /// <summary>Before the gradient is measured and clipped: adds a penalty's gradient to it.</summary>
    /// <returns>The penalty, as a part of the loss.</returns>
    public virtual double Penalise(AdamWState optimizer) => 0;

    /// <summary>The step; see <see cref="Kernels.AdamWStep"/>.</summary>
    public virtual void Step(AdamWState optimizer, double learningRate, double gradientScale) =>
        Kernels.Current.AdamWStep(optimizer, learningRate, gradientScale);
}
