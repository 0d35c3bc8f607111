using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>How a tensor of a fresh model is filled (He et al.'s reference implementation of MAE; transformers' RoBERTa).</summary>
internal enum Initialisation
{
    /// <summary>Uniform in ±√(6 / (inputs + outputs)).</summary>
    XavierUniform,

    /// <summary>Normal with standard deviation 0.02.</summary>
    Normal,

    /// <summary>All 0.</summary>
    Zeros,

    /// <summary>All 1.</summary>
    Ones,

    /// <summary>Sines and cosines of the patches' coordinates.</summary>
    Positions,
}

/// <summary>A tensor of a Hugging Face file and the place in the network that it fills: a parameter, or some rows of a packed one.</summary>
/// <param name="Key">Its name in the file.</param>
/// <param name="Tensor">The parameter (or the fixed positions).</param>
/// <param name="Shape">Its shape in the file.</param>
/// <param name="Initialisation">How a fresh model fills it.</param>
/// <param name="Offset">Its first element within the tensor.</param>
internal sealed record Weight(string Key, Tensor Tensor, long[] Shape, Initialisation Initialisation, long Offset = 0)
{
    /// <summary>Number of elements.</summary>
    public long Count { get; } = Shape.Aggregate(1L, (product, dimension) => product * dimension);

    /// <summary>Whether weight decay applies to the tensor, if it is a matrix.</summary>
    public bool Decays { get; init; } = true;

    /// <summary>Fills the place with values in row-major order.</summary>
    public void Set(float[] values)
    {
        using IDisposable withoutGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor.view(-1).narrow(0, Offset, Count).copy_(tensor(values));
    }

    /// <summary>The values in row-major order.</summary>
    public float[] Get()
    {
        using IDisposable withoutGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return Tensor.view(-1).narrow(0, Offset, Count).cpu().data<float>().ToArray();
    }
}
