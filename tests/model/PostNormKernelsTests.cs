using System.Runtime.InteropServices;
using ActorTrain.Embedded.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model.Tests;

/// <summary>The fused post-norm block on sequences of different lengths does what the plain operators do.</summary>
public sealed class PostNormKernelsTests
{
    private const double Epsilon = 1e-5;
    private static readonly int[] Few = [5, 17, 1, 33, 16];
    private static readonly int[] FewOfThem = [0, 3, 1, 33, 2];

    /// <summary>Lengths of the sequences, wanted rows of each or null for all, width, heads, MLP width, threads.</summary>
    public static TheoryData<int[], int[]?, long, int, long, int> Shapes => new()
    {
        { Few, null, 128, 2, 512, 1 },
        { Few, FewOfThem, 128, 2, 512, 1 },                                 // of one sequence nothing, of others all
        { Few, [1, 1, 1, 1, 1], 128, 2, 512, 2 },                           // CLS alone
        { [3, 1, 7], null, 32, 2, 48, 1 },                                  // smallest widths
        { [16], [4], 64, 1, 16, 1 },
        { Random(60, 128), null, 128, 2, 512, 2 },                          // many blocks, long sums over rows
        { Random(60, 128), Random(60, 5), 128, 2, 512, 2 },
        { [290, 512], null, 128, 2, 512, 2 },                               // longer than a block's rows
        { [60, 200], null, 768, 12, 3072, 2 },                              // roberta-base
        { [60, 200], [9, 30], 768, 12, 3072, 1 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void PostNormBlockAgreesWithThePlainOperators(int[] lengths, int[]? wanted, long width, int heads, long mlpWidth, int threads)
    {
        set_num_threads(threads);
        AssertAgrees(lengths, wanted, width, heads, mlpWidth);
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
            AssertAgrees(Few, null, 128, 2, 512);
            AssertAgrees(Few, FewOfThem, 128, 2, 512);
            AssertAgrees([3, 1, 7], null, 32, 2, 48);
            AssertDropsTheSame(Few, null);
        }
        finally
        {
            FusedKernels.LimitVectors(512);
        }
    }

    [Fact]
    public void PostNormBlockDropsTheNumbersThatThePlainOperatorsDrop()
    {
        set_num_threads(2);
        AssertDropsTheSame(Few, null);
        AssertDropsTheSame(Few, FewOfThem);
        AssertDropsTheSame(Random(30, 100), Random(30, 5));
        set_num_threads(1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.1)]
    public void PostNormBlockHasTheSameBitsAgainAndForEveryNumberOfThreads(double dropout)
    {
        using DisposeScope scope = NewDisposeScope();
        Ragged made = new(Random(60, 40), Random(60, 4), 96, 384);
        set_num_threads(1);
        Tensor[] expected = made.Run(new FusedKernels(), 3, dropout);
        foreach (int threads in new[] { 1, 2, 2, 3 })
        {
            set_num_threads(threads);
            BlockCase.AssertSameBits(expected, made.Run(new FusedKernels(), 3, dropout), $"on {threads} threads");
        }
        set_num_threads(1);
    }

    /// <summary>No sequence looks at another one, and there is no padding whose amount could matter.</summary>
    [Fact]
    public void ASequenceHasTheSameBitsAloneAsAmongOthers()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradient = no_grad();
        set_num_threads(1);
        int[] lengths = Random(40, 60);
        Ragged made = new(lengths, null, 96, 384);
        Tensor together = made.Output(new FusedKernels(), 3);
        long first = 0;
        foreach (int length in lengths)
        {
            Tensor alone = new FusedKernels().PostNormBlock(
                made.Block.X.narrow(0, first, length), made.Block.Weights, new SequenceLayout([length], CPU), 3, Epsilon, null, 0);
            Assert.True(alone.bytes.SequenceEqual(together.narrow(0, first, length).contiguous().bytes), $"the rows from {first} on");
            first += length;
        }
    }

    [Fact]
    public void PostNormBlockWithoutGradientsGivesTheSameOutput()
    {
        using DisposeScope scope = NewDisposeScope();
        Ragged all = new(Random(40, 60), null, 96, 384), some = new(Random(40, 60), Random(40, 4), 96, 384);
        Tensor[] trained = [all.Output(new FusedKernels(), 3), some.Output(new FusedKernels(), 3)];
        using IDisposable withoutGradient = no_grad();
        Assert.True(all.Output(new FusedKernels(), 3).bytes.SequenceEqual(trained[0].bytes), "all rows");
        Assert.True(some.Output(new FusedKernels(), 3).bytes.SequenceEqual(trained[1].bytes), "some rows");
    }

    /// <summary>bfloat16 rounds at the same places as autocast over the plain operators, so it must be as near to the truth.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void PostNormBlockInBfloat16IsAsNearToTheTruthAsAutocast(bool some)
    {
        using DisposeScope scope = NewDisposeScope();
        set_num_threads(1);
        Ragged made = new(Random(16, 40), some ? Random(16, 4) : null, 192, 768);
        FusedKernels fusedKernels = new();
        Tensor[] exact = made.In(ScalarType.Float64).Run(new Kernels(), 3, 0);
        Tensor[] plain, fused;
        using (fusedKernels.Autocast(CPU, ScalarType.BFloat16))
        {
            plain = made.Run(new Kernels(), 3, 0);
            fused = made.Run(fusedKernels, 3, 0);
        }
        BlockCase.AssertAsNearToTheTruth(fused, plain, exact);
    }

    [Fact]
    public void WidthsThatTheFusedBlockDoesNotHandleGoToThePlainOperators()
    {
        using DisposeScope scope = NewDisposeScope();
        Ragged made = new([2, 5], [1, 2], 24, 40);
        BlockCase.AssertSameBits(made.Run(new Kernels(), 3, 0.1), made.Run(new FusedKernels(), 3, 0.1), "against the plain operators");
    }

    [Fact]
    public void RowsThatDoNotFitTheSequencesAreRefused()
    {
        using DisposeScope scope = NewDisposeScope();
        Ragged made = new([4, 6], null, 32, 48);
        SequenceLayout one = new([1], CPU), two = new([1, 1], CPU);
        Assert.Contains("11 tokens in all, and x has 10", Refused(made with { Layout = new SequenceLayout([4, 7], CPU) }), StringComparison.Ordinal);
        Assert.Contains("ascend within the 10 rows", Refused(made with { Wanted = new SequenceRows(tensor([10L]), one) }), StringComparison.Ordinal);
        Assert.Contains("ascend within the 10 rows", Refused(made with { Wanted = new SequenceRows(tensor([5L, 5L]), two) }), StringComparison.Ordinal);

        static string Refused(Ragged ragged) => Assert.Throws<ExternalException>(() => ragged.Output(new FusedKernels(), 1)).Message;
    }

    private static void AssertAgrees(int[] lengths, int[]? wanted, long width, int heads, long mlpWidth)
    {
        using DisposeScope scope = NewDisposeScope();
        Ragged made = new(lengths, wanted, width, mlpWidth);
        BlockCase.AssertAgree(
            made.Run(new FusedKernels(), heads, 0), made.Run(new Kernels(), heads, 0), made.In(ScalarType.Float64).Run(new Kernels(), heads, 0));
    }

    private static void AssertDropsTheSame(int[] lengths, int[]? wanted)
    {
        using DisposeScope scope = NewDisposeScope();
        Ragged made = new(lengths, wanted, 128, 512);
        BlockCase.AssertDropTheSame(
            made.Run(new FusedKernels(), 2, 0.1), made.Run(new Kernels(), 2, 0.1), made.In(ScalarType.Float64).Run(new Kernels(), 2, 0));
    }

    /// <summary>Numbers from 1 to a highest one, the same each time.</summary>
    private static int[] Random(int count, int highest)
    {
        Random random = new(7);
        return [.. Enumerable.Range(0, count).Select(_ => 1 + random.Next(highest))];
    }

    /// <summary>A block on sequences of given lengths, of which the last rows of each are wanted, or all of all.</summary>
    private sealed record Ragged(BlockCase Block, SequenceLayout Layout, SequenceRows? Wanted)
    {
        public Ragged(int[] lengths, int[]? wanted, long width, long mlpWidth)
            : this(
                BlockCase.Make([lengths.Sum(), width], [Rows(lengths, wanted).Length, width], mlpWidth), new SequenceLayout(lengths, CPU),
                wanted is null ? null : new SequenceRows(tensor(Rows(lengths, wanted)), new SequenceLayout([.. lengths.Zip(wanted, Math.Min)], CPU)))
        {
        }

        public Ragged In(ScalarType dtype) => this with { Block = Block.In(dtype) };

        public Tensor Output(Kernels kernels, int heads) => kernels.PostNormBlock(Block.X, Block.Weights, Layout, heads, Epsilon, Wanted, 0);

        public Tensor[] Run(Kernels kernels, int heads, double dropout) =>
            Block.Run((x, weights) => kernels.PostNormBlock(x, weights, Layout, heads, Epsilon, Wanted, dropout));

        private static long[] Rows(int[] lengths, int[]? wanted)
        {
            List<long> rows = [];
            long end = 0;
            for (int sequence = 0; sequence < lengths.Length; sequence++)
            {
                end += lengths[sequence];
                for (long row = end - Math.Min(wanted?[sequence] ?? int.MaxValue, lengths[sequence]); row < end; row++)
                    rows.Add(row);
            }
            return [.. rows];
        }
    }
}
