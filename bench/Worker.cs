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
    private static readonly VitConfiguration Shape = ModelPresets.Tiny32;
    private readonly int _threads;
    private readonly string _folder = Directory.CreateTempSubdirectory("actortrain-bench").FullName;
    private readonly List<IDisposable> _opened = [];
    private readonly byte[][] _pixels = new byte[Batches][];

    private Worker(int threads)
    {
        _threads = threads;
        set_num_threads(threads);
        ModelFolder.CreateFresh(Shape, 1, _folder);
        Random random = new(0);
        for (int batch = 0; batch < Batches; batch++)
        {
            _pixels[batch] = new byte[Batch * VitConfiguration.Channels * Shape.ImageSize * Shape.ImageSize];
            random.NextBytes(_pixels[batch]);
        }
    }

    public static void Run(int threads, TextReader commands, TextWriter answers)
    {
        using Worker worker = new(threads);
        Dictionary<string, Func<double?>> steps = [];
        while (commands.ReadLine() is string line)
        {
            string[] words = line.Split(' ');
            if (!steps.TryGetValue(words[0], out Func<double?>? step))
            {
                const int WarmUp = 5;
                steps[words[0]] = step = worker.Make(words[0]);
                for (int index = 0; index < WarmUp; index++)
                    step();
            }
            int count = int.Parse(words[1], CultureInfo.InvariantCulture);
            (double[] milliseconds, double?[] losses) = (new double[count], new double?[count]);
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            for (int index = 0; index < count; index++)
            {
                long start = Stopwatch.GetTimestamp();
                losses[index] = step();
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
                losses,
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

    /// <summary>What one step of a kind does; it returns the loss where there is one.</summary>
    private Func<double?> Make(string kind)
    {
        int masked = 1 + PatchMask.KeptCount(Shape.Patches, Shape.MaskRatio), full = 1 + Shape.Patches;
        return kind switch
        {
            "pretrain" => TrainingStep(Objective.MaskedAutoEncoding, bfloat16: false),
            "pretrain-bf16" => TrainingStep(Objective.MaskedAutoEncoding, bfloat16: true),
            "distill" => TrainingStep(Objective.SelfDistillation, bfloat16: false),
            "pretrain-blocks" => Part(EncoderBlocks(masked, masked), DecoderBlocks(full, full - masked)),
            "pretrain-bf16-blocks" => InBfloat16(Part(EncoderBlocks(masked, masked), DecoderBlocks(full, full - masked))),
            "distill-blocks" => Part(EncoderBlocks(masked, masked), DecoderBlocks(full, full - masked), EncoderBlocks(full, 1)),
            "adamw" => Optimiser(),
            "text" or "text-everywhere" or "text-padded" => TextStep(kind),
            _ => throw new FormatException($"there is no kind of step '{kind}'"),
        };
    }

    private Func<double?> TrainingStep(Objective objective, bool bfloat16)
    {
        Student student = Keep(Student.Open(
            new StudentOptions { Objective = objective, LearningRate = 1.5e-4, TotalSteps = 1_000_000, Bfloat16 = bfloat16, Threads = _threads }, _folder));
        float[] targets = new float[Batch * Shape.Width];
        int[] kept = new int[Batch * PatchMask.KeptCount(Shape.Patches, Shape.MaskRatio)];
        return () =>
        {
            long step = student.StepsDone;
            int count = kept.Length / Batch;
            for (int image = 0; image < Batch; image++)
                PatchMask.Keep(1, step, image, Shape.Patches, kept.AsSpan(image * count, count));
            return student.Step(step, [new StudentBatch(new ImageInput(_pixels[step % Batches], Batch, Shape.ImageSize, kept), null, targets)]).Loss;
        };
    }

    private Func<double?> TextStep(string kind)
    {
        TextSteps text = Keep(new TextSteps(kind, _threads));
        return () => text.Run();
    }

    private BlockStack EncoderBlocks(long tokens, long lastQueries) =>
        Keep(new BlockStack(Shape.Layers, Batch, tokens, Shape.Width, Shape.Heads, Shape.MlpWidth, lastQueries));

    private BlockStack DecoderBlocks(long tokens, long lastQueries) =>
        Keep(new BlockStack(Shape.DecoderLayers, Batch, tokens, Shape.DecoderWidth, Shape.DecoderHeads, Shape.DecoderMlpWidth, lastQueries));

    private static Func<double?> Part(params BlockStack[] stacks) => () =>
    {
        foreach (BlockStack stack in stacks)
        {
            using DisposeScope scope = NewDisposeScope();
            stack.Run(Kernels.Current);
        }
        return null;
    };

    private static Func<double?> InBfloat16(Func<double?> part) => () =>
    {
        using IDisposable? autocast = Kernels.Current.Autocast(CPU, ScalarType.BFloat16);
        return part();
    };

    private Func<double?> Optimiser()
    {
        AdamWSteps optimiser = Keep(new AdamWSteps());
        return () =>
        {
            optimiser.Run(Kernels.Current);
            return null;
        };
    }

    private T Keep<T>(T one)
        where T : IDisposable
    {
        _opened.Add(one);
        return one;
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
