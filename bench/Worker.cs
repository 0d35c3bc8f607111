using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorTrain.DataPipeline;
using ActorTrain.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Benchmarks;

/// <summary>Our side: the steps of <c>pytorch_steps.py</c> through model/'s own <see cref="Student"/>, with the same protocol.</summary>
internal sealed class Worker : IDisposable
{
    private const int Batch = 64;
    private const int Batches = 8;
    private static readonly VitConfiguration Shape = VitConfiguration.Preset("tiny-32");
    private readonly int _threads;
    private readonly string _folder = Directory.CreateTempSubdirectory("actortrain-bench").FullName;
    private readonly Dictionary<string, Action> _steps = [];
    private readonly List<IDisposable> _opened = [];
    private readonly byte[][] _pixels = new byte[Batches][];

    private Worker(int threads)
    {
        _threads = threads;
        set_num_threads(threads);
        ModelFolder.CreateFresh("tiny-32", 1, _folder);
        Random random = new(0);
        for (int batch = 0; batch < Batches; batch++)
        {
            _pixels[batch] = new byte[Batch * VitConfiguration.Channels * Shape.ImageSize * Shape.ImageSize];
            random.NextBytes(_pixels[batch]);
        }
        int masked = 1 + PatchMask.KeptCount(Shape.Patches, Shape.MaskRatio), full = 1 + Shape.Patches;
        _steps["pretrain"] = TrainingStep(Objective.MaskedAutoEncoding, bfloat16: false);
        _steps["pretrain-bf16"] = TrainingStep(Objective.MaskedAutoEncoding, bfloat16: true);
        _steps["distill"] = TrainingStep(Objective.SelfDistillation, bfloat16: false);
        Action encodeMasked = Blocks(Shape.Layers, masked, Shape.Width, Shape.Heads, Shape.MlpWidth, masked);
        Action decode = Blocks(Shape.DecoderLayers, full, Shape.DecoderWidth, Shape.DecoderHeads, Shape.DecoderMlpWidth, full - masked);
        Action encodeFull = Blocks(Shape.Layers, full, Shape.Width, Shape.Heads, Shape.MlpWidth, 1);
        _steps["pretrain-blocks"] = encodeMasked + decode;
        _steps["pretrain-bf16-blocks"] = () =>
        {
            using IDisposable? autocast = Kernels.Current.Autocast(CPU, ScalarType.BFloat16);
            encodeMasked();
            decode();
        };
        _steps["distill-blocks"] = encodeMasked + decode + encodeFull;
        _steps["adamw"] = OptimiserStep();
    }

    public static void Run(int threads, TextReader commands, TextWriter answers)
    {
        using Worker worker = new(threads);
        HashSet<string> warm = [];
        while (commands.ReadLine() is string line)
        {
            string[] words = line.Split(' ');
            Action step = worker._steps[words[0]];
            for (int index = 0; index < 5 && !warm.Contains(words[0]); index++)
                step();
            warm.Add(words[0]);
            double[] milliseconds = new double[int.Parse(words[1], CultureInfo.InvariantCulture)];
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            for (int index = 0; index < milliseconds.Length; index++)
            {
                long start = Stopwatch.GetTimestamp();
                step();
                milliseconds[index] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
            double seconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
            answers.WriteLine(JsonSerializer.Serialize(new
            {
                kind = words[0],
                milliseconds,
                cpu_seconds = seconds,
                gflop = StepGflop(words[0]),
                gemm_gflops = GemmGflops(),
            }));
            answers.Flush();
        }
    }

    public void Dispose()
    {
        foreach (IDisposable one in _opened)
            one.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Action TrainingStep(Objective objective, bool bfloat16)
    {
        Student student = Student.Open(
            new StudentOptions { Objective = objective, LearningRate = 1.5e-4, TotalSteps = 1_000_000, Bfloat16 = bfloat16, Threads = _threads }, _folder);
        _opened.Add(student);
        float[] targets = new float[Batch * Shape.Width];
        int[] kept = new int[Batch * PatchMask.KeptCount(Shape.Patches, Shape.MaskRatio)];
        return () =>
        {
            long step = student.StepsDone;
            int count = kept.Length / Batch;
            for (int image = 0; image < Batch; image++)
                PatchMask.Keep(1, step, image, Shape.Patches, kept.AsSpan(image * count, count));
            student.Step(step, [new StudentBatch(_pixels[step % Batches], Batch, Shape.ImageSize, kept, null, targets)]);
        };
    }

    /// <summary>A stack of blocks alone, forward and backward; the last computes only <paramref name="lastQueries"/> tokens.</summary>
    private Action Blocks(int layers, long tokens, long width, int heads, long mlpWidth, long lastQueries)
    {
        Tensor Made(params long[] dimensions) => Keep((randn(dimensions) * 0.05).requires_grad_());
        BlockWeights[] weights = [.. Enumerable.Range(0, layers).Select(_ => new BlockWeights(
            Made(width), Made(width), Made(3 * width, width), Made(3 * width), Made(width, width), Made(width),
            Made(width), Made(width), Made(mlpWidth, width), Made(mlpWidth), Made(width, mlpWidth), Made(width)))];
        Tensor input = Made(Batch, tokens, width);
        Tensor direction = Keep(randn([Batch, lastQueries, width]));
        Tensor[] inputs = [input, .. weights.SelectMany(w => new[]
        {
            w.AttentionNormWeight, w.AttentionNormBias, w.QueryKeyValueWeight, w.QueryKeyValueBias, w.AttentionOutputWeight,
            w.AttentionOutputBias, w.MlpNormWeight, w.MlpNormBias, w.MlpWeight, w.MlpBias, w.MlpOutputWeight, w.MlpOutputBias,
        })];
        return () =>
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor x = input;
            for (int layer = 0; layer < layers; layer++)
            {
                long count = layer == layers - 1 ? lastQueries : tokens;
                long first = lastQueries == 1 ? 0 : tokens - count;
                x = Kernels.Current.TransformerBlock(x, weights[layer], heads, Shape.LayerNormEps, first, count, 0);
            }
            autograd.grad([x], inputs, [direction]);
        };
    }

    private Action OptimiserStep()
    {
        long[] parts = [3 * 192 * 192, 192 * 192, 768 * 192, 192 * 768];
        TorchSharp.Modules.Parameter[] parameters = [.. Enumerable.Repeat(parts, 6).SelectMany(part => part).Select(count => nn.Parameter(Keep(randn([count]))))];
        AdamWState state = new(parameters, [.. parameters.Select(_ => true)],
            new StudentOptions { Objective = Objective.MaskedAutoEncoding, LearningRate = 1e-4, TotalSteps = 1 });
        _opened.Add(state);
        return () =>
        {
            state.Step++;
            Kernels.Current.AdamWStep(state, 1e-4, 1);
        };
    }

    private Tensor Keep(Tensor tensor)
    {
        _opened.Add(tensor);
        return tensor;
    }

    /// <summary>Multiplications and additions of the products of one step that is computed our way, in 1e9; backward counts twice forward.</summary>
    private static double StepGflop(string kind)
    {
        long masked = 1 + PatchMask.KeptCount(Shape.Patches, Shape.MaskRatio), full = 1 + Shape.Patches;
        double forward = (Shape.Layers * Block(masked, masked, Shape.Width, Shape.MlpWidth))
            + ((Shape.DecoderLayers - 1) * Block(full, full, Shape.DecoderWidth, Shape.DecoderMlpWidth))
            + Block(full, full - masked, Shape.DecoderWidth, Shape.DecoderMlpWidth);
        if (kind.StartsWith("distill", StringComparison.Ordinal))
            forward += ((Shape.Layers - 1) * Block(full, full, Shape.Width, Shape.MlpWidth)) + Block(full, 1, Shape.Width, Shape.MlpWidth);
        return 3 * forward;

        // Keys and values of all tokens; queries, attention, its output and the MLP of those that ask.
        static double Block(double tokens, double queries, double width, double mlpWidth) =>
            Batch * ((4 * tokens * width * width) + (queries * ((4 * width * width) + (4 * width * mlpWidth) + (4 * tokens * width)))) / 1e9;
    }

    /// <summary>Best of a few products of two 1024 × 1024 matrices by the BLAS.</summary>
    private static double GemmGflops()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradient = no_grad();
        Tensor left = randn([1024, 1024]), right = randn([1024, 1024]);
        double best = double.MaxValue;
        for (int trial = 0; trial < 10; trial++)
        {
            long start = Stopwatch.GetTimestamp();
            using Tensor product = left.matmul(right);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return 2.0 * 1024 * 1024 * 1024 / best / 1e9;
    }
}
