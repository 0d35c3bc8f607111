using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>What holds the weights near a model θ* while they are trained: a hook on the optimiser's step.</summary>
public abstract record RegulariserOptions
{
    /// <summary>The folder of θ*, a model of the student's shape; null for the one that the student starts from.</summary>
    public string? AnchorFolder { get; init; }

    /// <summary>Sentences about what is out of range, as parts of a longer one.</summary>
    /// <param name="learningRate">The optimiser's, at the end of its warm-up.</param>
    public abstract IReadOnlyList<string> Faults(double learningRate);

    /// <summary>Makes the hook.</summary>
    /// <param name="anchors">For each trained parameter its value in θ*; null for those of a fresh head, which θ* does not have.</param>
    internal abstract WeightRegulariser Create(IReadOnlyList<Tensor?> anchors);
}
