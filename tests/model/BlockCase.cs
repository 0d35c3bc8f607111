using static TorchSharp.torch;

namespace ActorTrain.Model.Tests;

/// <summary>A transformer block with made-up weights, its input, and the direction in which its output's gradients are taken.</summary>
internal sealed record BlockCase(Tensor X, BlockWeights Weights, Tensor Direction)
{
    /// <summary>What <see cref="Run"/> returns.</summary>
    public static readonly string[] Names =
    [
        "output", "x", "attention norm weight", "attention norm bias", "qkv weight", "qkv bias", "attention output weight",
        "attention output bias", "MLP norm weight", "MLP norm bias", "MLP weight", "MLP bias", "MLP output weight", "MLP output bias",
    ];

    private Tensor[] Tensors =>
    [
        Weights.AttentionNormWeight, Weights.AttentionNormBias, Weights.QueryKeyValueWeight, Weights.QueryKeyValueBias,
        Weights.AttentionOutputWeight, Weights.AttentionOutputBias, Weights.MlpNormWeight, Weights.MlpNormBias,
        Weights.MlpWeight, Weights.MlpBias, Weights.MlpOutputWeight, Weights.MlpOutputBias,
    ];

    /// <param name="x">Shape of the input, whose last dimension is the width.</param>
    /// <param name="result">Shape of the output.</param>
    /// <param name="mlpWidth">Width of the MLP.</param>
    public static BlockCase Make(long[] x, long[] result, long mlpWidth)
    {
        manual_seed(5);
        long width = x[^1];
        Tensor Random(double scale, params long[] shape) => (randn(shape) * scale).requires_grad_();
        Tensor Scale() => (randn([width]) * 0.1 + 1).requires_grad_();
        double narrow = 1 / Math.Sqrt(width), wide = 1 / Math.Sqrt(mlpWidth);
        BlockWeights weights = new(
            Scale(), Random(0.1, width), Random(narrow, 3 * width, width), Random(0.1, 3 * width), Random(narrow, width, width),
            Random(0.1, width), Scale(), Random(0.1, width), Random(narrow, mlpWidth, width), Random(0.1, mlpWidth),
            Random(wide, width, mlpWidth), Random(0.1, width));
        return new BlockCase(Random(1, x), weights, randn(result));
    }

    public BlockCase In(ScalarType dtype)
    {
        Tensor[] t = [.. Tensors.Select(tensor => tensor.detach().to(dtype).requires_grad_())];
        return new BlockCase(
            X.detach().to(dtype).requires_grad_(),
            new BlockWeights(t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11]),
            Direction.to(dtype));
    }

    /// <summary>The output and the gradients of x and the weights, as <see cref="Names"/> lists them; random numbers are the same each time.</summary>
    public Tensor[] Run(Func<Tensor, BlockWeights, Tensor> block)
    {
        manual_seed(9);
        Tensor output = block(X, Weights);
        IList<Tensor> gradients = autograd.grad([(output * Direction).sum()], [X, .. Tensors]);
        return [output.detach(), .. gradients];
    }

    /// <summary>How far two tensors are apart, relative to the second one's norm.</summary>
    public static double Distance(Tensor left, Tensor right)
    {
        Tensor exact = right.to(ScalarType.Float64);
        return (left.to(ScalarType.Float64) - exact).norm().item<double>() / exact.norm().item<double>();
    }

    /// <summary>Fails unless the fused results are within 1e-6 of those in float64, and as near to the plain ones.</summary>
    public static void AssertAgree(Tensor[] fused, Tensor[] plain, Tensor[] exact)
    {
        for (int index = 0; index < Names.Length; index++)
        {
            double plainError = Distance(plain[index], exact[index]);
            double fusedError = Distance(fused[index], exact[index]);
            Assert.True(fusedError <= 1e-6, $"{Names[index]} is {fusedError:g2} away from float64, the plain operators {plainError:g2}");
            Assert.True(Distance(fused[index], plain[index]) <= 1e-6 + plainError, $"{Names[index]} differs from the plain operators");
        }
    }

    /// <summary>Fails unless the fused results are about as near to those in float64 as the plain ones.</summary>
    public static void AssertAsNearToTheTruth(Tensor[] fused, Tensor[] plain, Tensor[] exact)
    {
        for (int index = 0; index < Names.Length; index++)
        {
            double plainError = Distance(plain[index], exact[index]), fusedError = Distance(fused[index], exact[index]);
            Assert.True(fusedError <= Math.Max(1e-6, 1.25 * plainError), $"{Names[index]}: {fusedError:g2}, the plain operators {plainError:g2}");
        }
    }

    /// <summary>Fails unless the fused results are the plain ones, and others than those without dropout.</summary>
    public static void AssertDropTheSame(Tensor[] fused, Tensor[] plain, Tensor[] withoutDropout)
    {
        for (int index = 0; index < Names.Length; index++)
            Assert.True(Distance(fused[index], plain[index]) <= 2e-6, $"{Names[index]} differs from the plain operators");
        Assert.True(Distance(fused[0], withoutDropout[0]) > 0.01, "nothing was dropped");
    }

    /// <summary>Fails unless all results have the same bits.</summary>
    public static void AssertSameBits(Tensor[] expected, Tensor[] actual, string when)
    {
        for (int index = 0; index < Names.Length; index++)
            Assert.True(actual[index].bytes.SequenceEqual(expected[index].bytes), $"{Names[index]} changed its bits {when}");
    }
}
