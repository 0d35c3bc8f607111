using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// AdamW (Loshchilov &amp; Hutter, arXiv 1711.05101; the arithmetic is that of <c>torch.optim.AdamW</c>) over all parameters.
/// The gradient and the moments are flat buffers in which the parameters lie one after the other.
/// </summary>
public sealed class AdamWState : IDisposable
{
    private readonly Tensor[] _gradientParts;

    /// <summary>A state before the first step.</summary>
    /// <param name="parameters">What is trained; all on one device.</param>
    /// <param name="decay">For each parameter, whether weight decay applies to it.</param>
    /// <param name="options">β₁, β₂, ε and weight decay.</param>
    public AdamWState(IReadOnlyList<Parameter> parameters, IReadOnlyList<bool> decay, StudentOptions options)
    {
        Parameters = parameters;
        Decay = decay;
        Beta1 = options.Beta1;
        Beta2 = options.Beta2;
        Epsilon = options.Epsilon;
        WeightDecay = options.WeightDecay;
        long[] offsets = new long[parameters.Count + 1];
        for (int index = 0; index < parameters.Count; index++)
            offsets[index + 1] = offsets[index] + parameters[index].numel();
        Offsets = offsets;
        Device device = parameters[0].device;
        Gradient = zeros([offsets[^1]], ScalarType.Float32, device);
        _gradientParts = [.. parameters.Select((_, index) => Part(Gradient, index))];
        ExponentialAverage = zeros([offsets[^1]], ScalarType.Float32, device);
        ExponentialAverageSquared = zeros([offsets[^1]], ScalarType.Float32, device);
    }

    /// <summary>What is trained.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>For each parameter, whether weight decay applies to it.</summary>
    public IReadOnlyList<bool> Decay { get; }

    /// <summary>Where each parameter begins in the flat buffers, and behind the last one their length.</summary>
    public IReadOnlyList<long> Offsets { get; }

    /// <summary>The gradient of the step, float32 <c>[length]</c>.</summary>
    public Tensor Gradient { get; }

    /// <summary>Moving average of the gradient, float32 <c>[length]</c>.</summary>
    public Tensor ExponentialAverage { get; }

    /// <summary>Moving average of the squared gradient, float32 <c>[length]</c>.</summary>
    public Tensor ExponentialAverageSquared { get; }

    /// <summary>Steps begun.</summary>
    public long Step { get; set; }

    /// <summary>β₁.</summary>
    public double Beta1 { get; }

    /// <summary>β₂.</summary>
    public double Beta2 { get; }

    /// <summary>ε.</summary>
    public double Epsilon { get; }

    /// <summary>Decoupled weight decay.</summary>
    public double WeightDecay { get; }

    /// <summary>Frees the buffers.</summary>
    public void Dispose()
    {
        foreach (Tensor part in _gradientParts)
            part.Dispose();
        Gradient.Dispose();
        ExponentialAverage.Dispose();
        ExponentialAverageSquared.Dispose();
    }

    /// <summary>Copies the parameters' gradients into <see cref="Gradient"/>, or adds them to it.</summary>
    /// <param name="gradients">One per parameter, of its shape.</param>
    /// <param name="first">Whether these are the first micro-batch's.</param>
    internal void Gather(IList<Tensor> gradients, bool first)
    {
        using IDisposable withoutGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        for (int index = 0; index < gradients.Count; index++)
        {
            if (first)
                _gradientParts[index].copy_(gradients[index]);
            else
                _gradientParts[index].add_(gradients[index]);
        }
    }

    /// <summary>A parameter's gradient.</summary>
    /// <param name="index">The parameter's number.</param>
    internal Tensor GradientOf(int index) => _gradientParts[index];

    /// <summary>A parameter's part of a flat buffer, in the parameter's shape.</summary>
    /// <param name="flat"><c>[length]</c>.</param>
    /// <param name="index">The parameter's number.</param>
    internal Tensor Part(Tensor flat, int index) =>
        flat.narrow(0, Offsets[index], Offsets[index + 1] - Offsets[index]).view(Parameters[index].shape);

    /// <summary>Scales the gradient and brings both moving averages up to date.</summary>
    internal void UpdateAverages(double gradientScale)
    {
        if (gradientScale != 1)
            Gradient.mul_(gradientScale);
        ExponentialAverage.mul_(Beta1).add_(Gradient, 1 - Beta1);
        ExponentialAverageSquared.mul_(Beta2).addcmul_(Gradient, Gradient, 1 - Beta2);
    }

    /// <summary>The step in plain operators, in the order of <c>torch.optim.AdamW</c>.</summary>
    internal void PlainStep(double learningRate, double gradientScale)
    {
        using IDisposable withoutGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        UpdateAverages(gradientScale);
        double stepSize = learningRate / (1 - Math.Pow(Beta1, Step));
        Tensor denominator = (ExponentialAverageSquared.sqrt() / Math.Sqrt(1 - Math.Pow(Beta2, Step))).add_(Epsilon);
        for (int index = 0; index < Parameters.Count; index++)
        {
            if (Decay[index])
                Parameters[index].mul_(1 - learningRate * WeightDecay);
            Parameters[index].addcdiv_(Part(ExponentialAverage, index), Part(denominator, index), -stepSize);
        }
    }
}
