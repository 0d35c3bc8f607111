using ActorTrain.Embedded.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model.Tests;

/// <summary>Every fused operator does what the plain operators do: same bits, or within 1e-6 of them.</summary>
public sealed class KernelsTests
{
    /// <summary>Batch, tokens, width, heads, MLP width, first token wanted, tokens wanted, threads.</summary>
    public static TheoryData<long, long, long, int, long, long, long, int> Shapes => new()
    {
        { 4, 17, 192, 3, 768, 0, 17, 1 },       // tiny-32's encoder on kept patches
        { 3, 65, 192, 3, 768, 0, 1, 1 },        // CLS alone
        { 3, 65, 96, 3, 384, 17, 48, 1 },       // the decoder's last block: masked patches alone
        { 5, 65, 96, 3, 384, 0, 65, 2 },
        { 37, 17, 192, 3, 768, 0, 17, 2 },      // more images than a block holds, and an uneven share for each thread
        { 1, 197, 128, 2, 512, 0, 197, 2 },     // longer than a block's rows
        { 5, 7, 32, 2, 48, 4, 3, 1 },           // smallest widths
        { 2, 16, 64, 1, 16, 0, 16, 1 },         // no padding of tokens
        { 64, 65, 192, 3, 768, 0, 65, 2 },      // a whole batch: long sums over rows
        { 1, 197, 768, 12, 3072, 0, 197, 2 },   // base-224's encoder on a whole image
        { 2, 197, 768, 12, 3072, 0, 1, 1 },
        { 1, 197, 512, 16, 2048, 50, 147, 1 },  // its decoder's last block
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void TransformerBlockAgreesWithThePlainOperators(
        long batch, long tokens, long width, int heads, long mlpWidth, long first, long count, int threads)
    {
        set_num_threads(threads);
        AssertAgrees(batch, tokens, width, heads, mlpWidth, first, count);
        set_num_threads(1);
    }

    /// <summary>A CPU without the instructions for so many bits runs the widest that it has.</summary>
    [Theory]
    [InlineData(512)]
    [InlineData(256)]
    [InlineData(128)]
    public void EveryInstructionSetAgreesWithThePlainOperators(int bits)
    {
        set_num_threads(1);
        FusedKernels.LimitVectors(bits);
        try
        {
            AssertAgrees(4, 17, 192, 3, 768, 0, 17);
            AssertAgrees(3, 65, 96, 3, 384, 17, 48);
            AssertAgrees(1, 50, 768, 12, 3072, 0, 1);
            AssertAgrees(5, 7, 32, 2, 48, 4, 3);
            AssertAdamWHasTheSameBits();
        }
        finally
        {
            FusedKernels.LimitVectors(512);
        }
    }

    [Fact]
    public void TransformerBlockHasTheSameBitsAgainAndForEveryNumberOfThreads()
    {
        using DisposeScope scope = NewDisposeScope();
        BlockCase made = Make(37, 17, 96, 384, 17);
        set_num_threads(1);
        Tensor[] expected = Run(new FusedKernels(), made, 3, 0, 17, 0);
        foreach (int threads in new[] { 1, 2, 2, 3 })
        {
            set_num_threads(threads);
            BlockCase.AssertSameBits(expected, Run(new FusedKernels(), made, 3, 0, 17, 0), $"on {threads} threads");
        }
        set_num_threads(1);
    }

    [Fact]
    public void TransformerBlockWithoutGradientsGivesTheSameOutput()
    {
        using DisposeScope scope = NewDisposeScope();
        BlockCase made = Make(40, 17, 96, 384, 17);
        FusedKernels kernels = new();
        Tensor trained = kernels.TransformerBlock(made.X, made.Weights, 3, 1e-12, 0, 17, 0);
        using IDisposable withoutGradient = no_grad();
        Tensor inferred = kernels.TransformerBlock(made.X, made.Weights, 3, 1e-12, 0, 17, 0);
        Assert.True(inferred.bytes.SequenceEqual(trained.bytes));
    }

    [Fact]
    public void TransformerBlockDropsTheNumbersThatThePlainOperatorsDrop()
    {
        using DisposeScope scope = NewDisposeScope();
        set_num_threads(1);
        BlockCase made = Make(4, 17, 96, 384, 17);
        Tensor[] plain = Run(new Kernels(), made, 3, 0, 17, 0.1);
        Tensor[] fused = Run(new FusedKernels(), made, 3, 0, 17, 0.1);
        Tensor[] exact = Run(new Kernels(), made.In(ScalarType.Float64), 3, 0, 17, 0);
        BlockCase.AssertDropTheSame(fused, plain, exact);
    }

    /// <summary>bfloat16 rounds at the same places as autocast over the plain operators, so it must be as near to the truth.</summary>
    [Theory]
    [InlineData(0, 17)]
    [InlineData(0, 1)]
    public void TransformerBlockInBfloat16IsAsNearToTheTruthAsAutocast(long first, long count)
    {
        using DisposeScope scope = NewDisposeScope();
        set_num_threads(1);
        BlockCase made = Make(16, 17, 192, 768, count);
        FusedKernels fusedKernels = new();
        Tensor[] exact = Run(new Kernels(), made.In(ScalarType.Float64), 3, first, count, 0);
        Tensor[] plain, fused;
        using (fusedKernels.Autocast(CPU, ScalarType.BFloat16))
        {
            plain = Run(new Kernels(), made, 3, first, count, 0);
            fused = Run(fusedKernels, made, 3, first, count, 0);
        }
        BlockCase.AssertAsNearToTheTruth(fused, plain, exact);
    }

    [Fact]
    public void EmbeddingAgreesWithThePlainOperator()
    {
        using DisposeScope scope = NewDisposeScope();
        manual_seed(3);
        Tensor table = randn([7, 5]).requires_grad_(), rows = tensor(new long[] { 6, 0, 0, 3, 6, 6 }), direction = randn([6, 5]);
        Tensor plain = new Kernels().Embedding(table, rows), fused = new FusedKernels().Embedding(table, rows);
        Assert.True(fused.bytes.SequenceEqual(plain.bytes));
        Tensor expected = autograd.grad([(plain * direction).sum()], [table])[0], actual = autograd.grad([(fused * direction).sum()], [table])[0];
        Assert.True(BlockCase.Distance(actual, expected) <= 1e-6);
    }

    [Fact]
    public void AdamWHasTheBitsOfThePlainOperators()
    {
        set_num_threads(2);
        AssertAdamWHasTheSameBits();
        set_num_threads(1);
    }

    [Fact]
    public void WidthsThatTheFusedBlockDoesNotHandleGoToThePlainOperators()
    {
        using DisposeScope scope = NewDisposeScope();
        BlockCase made = Make(2, 5, 24, 40, 5);
        Tensor[] plain = Run(new Kernels(), made, 3, 0, 5, 0);
        Tensor[] fused = Run(new FusedKernels(), made, 3, 0, 5, 0);
        BlockCase.AssertSameBits(plain, fused, "against the plain operators");
    }

    private static void AssertAgrees(long batch, long tokens, long width, int heads, long mlpWidth, long first, long count)
    {
        using DisposeScope scope = NewDisposeScope();
        BlockCase made = Make(batch, tokens, width, mlpWidth, count);
        BlockCase.AssertAgree(
            Run(new FusedKernels(), made, heads, first, count, 0), Run(new Kernels(), made, heads, first, count, 0),
            Run(new Kernels(), made.In(ScalarType.Float64), heads, first, count, 0));
    }

    private static void AssertAdamWHasTheSameBits()
    {
        using DisposeScope scope = NewDisposeScope();
        StudentOptions options = new() { Objective = Objective.MaskedAutoEncoding, LearningRate = 1e-3, TotalSteps = 10 };
        AdamWState[] states = [State(options), State(options)];
        for (int step = 1; step <= 4; step++)
        {
            manual_seed(step);
            Tensor gradient = randn([states[0].Gradient.numel()]);
            foreach (AdamWState state in states)
            {
                state.Gradient.copy_(gradient);
                state.Step = step;
            }
            new Kernels().AdamWStep(states[0], 1e-3, step == 3 ? 0.7 : 1);
            new FusedKernels().AdamWStep(states[1], 1e-3, step == 3 ? 0.7 : 1);
        }
        Assert.True(states[1].ExponentialAverage.bytes.SequenceEqual(states[0].ExponentialAverage.bytes), "first moments");
        Assert.True(states[1].ExponentialAverageSquared.bytes.SequenceEqual(states[0].ExponentialAverageSquared.bytes), "second moments");
        for (int index = 0; index < states[0].Parameters.Count; index++)
            Assert.True(states[1].Parameters[index].bytes.SequenceEqual(states[0].Parameters[index].bytes), $"parameter {index}");
    }

    private static AdamWState State(StudentOptions options)
    {
        manual_seed(1);
        Parameter[] parameters = [nn.Parameter(randn([97, 33])), nn.Parameter(randn([5])), nn.Parameter(randn([300, 333]))];
        return new AdamWState(parameters, [true, false, true], options);
    }

    private static BlockCase Make(long batch, long tokens, long width, long mlpWidth, long count) =>
        BlockCase.Make([batch, tokens, width], [batch, count, width], mlpWidth);

    private static Tensor[] Run(Kernels kernels, BlockCase made, int heads, long first, long count, double dropout) =>
        made.Run((x, weights) => kernels.TransformerBlock(x, weights, heads, 1e-12, first, count, dropout));
}
