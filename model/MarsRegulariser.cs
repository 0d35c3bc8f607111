using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// MARS (Gouk et al., arXiv 2002.08253): after each step every row of every matrix is brought back to where its difference from θ* has
/// an ℓ1 norm of at most λ. A row gives one output; of a table of embeddings, a row is one of its entries. Biases, LayerNorms, CLS and
/// mask token are free. A fresh head, which θ* does not have, is held near 0.
/// </summary>
public sealed record MarsOptions : RegulariserOptions
{
    /// <summary>λ, above 0.</summary>
    public required double Radius { get; init; }

    /// <summary>λ of a fresh head, above 0.</summary>
    public required double HeadRadius { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Faults(double learningRate) =>
        [.. Fault("radius of MARS", Radius), .. Fault("head's radius of MARS", HeadRadius)];

    /// <inheritdoc/>
    internal override WeightRegulariser Create(IReadOnlyList<Tensor?> anchors) => new MarsRegulariser(this, anchors);

    private static IEnumerable<string> Fault(string name, double radius) => radius > 0 ? [] : [$"the {name} is {radius} but must be above 0"];
}

/// <summary>See <see cref="MarsOptions"/>.</summary>
internal sealed class MarsRegulariser(MarsOptions options, IReadOnlyList<Tensor?> anchors) : WeightRegulariser(anchors)
{
    /// <inheritdoc/>
    public override void Step(AdamWState optimizer, double learningRate, double gradientScale)
    {
        base.Step(optimizer, learningRate, gradientScale);
        using IDisposable withoutGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        for (int index = 0; index < Anchors.Count; index++)
        {
            Parameter matrix = optimizer.Parameters[index];
            if (matrix.dim() == 2)
                Project(matrix, Anchors[index]);
        }
    }

    private void Project(Parameter matrix, Tensor? anchor)
    {
        Tensor difference = anchor is null ? matrix : matrix - anchor;                              // [rows, columns]
        Tensor norms = difference.abs().sum([1], keepdim: true);                                    // [rows, 1]
        Tensor near = difference / (norms / (anchor is null ? options.HeadRadius : options.Radius)).clamp(min: 1);
        matrix.copy_(anchor is null ? near : anchor + near);
    }
}
