using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// A network in training: arrays in, numbers out. To be used from one thread, for libtorch keeps its
/// thread count, gradient mode and autocast per OS thread.
/// </summary>
public sealed class Student : IDisposable
{
    // Dropout draws from libtorch's one generator of the process: students take turns, or each would change what the other drops.
    private static readonly Lock Generator = new();

    private readonly StudentOptions _options;
    private readonly Compute _compute;
    private readonly Network _network;
    private readonly string _initialFolder;
    private readonly AdamWState _optimizer;
    private readonly IList<Tensor> _parameters;

    private Student(StudentOptions options, Compute compute, Network network, string initialFolder)
    {
        _options = options;
        _compute = compute;
        _network = network;
        _initialFolder = initialFolder;
        List<Parameter> trained = [.. network.Weights().Select(weight => weight.Tensor).OfType<Parameter>().Distinct()];
        _parameters = [.. trained];
        // Matrices alone decay: CLS and mask token have three dimensions, LayerNorms and biases one; sines and cosines are no parameters.
        HashSet<Tensor> spared = [.. network.Weights().Where(weight => !weight.Decays).Select(weight => weight.Tensor)];
        _optimizer = new AdamWState(trained, [.. trained.Select(parameter => parameter.dim() == 2 && !spared.Contains(parameter))], options);
    }

    /// <summary>The network's shape, as it is saved.</summary>
    public ModelConfiguration Configuration => _network.Configuration;

    /// <summary>Steps done.</summary>
    public long StepsDone => _optimizer.Step;

    /// <summary>Loads the initial weights: a model's before fine-tuning, or for <see cref="Objective.Classification"/> any encoder's, under a fresh head.</summary>
    /// <exception cref="ModelException">An option is out of range, the device is absent, or the folder does not hold such a model.</exception>
    public static Student Open(StudentOptions options, string modelFolder)
    {
        StudentOptionsCheck.Check(options);
        ModelConfiguration configuration = ModelFolder.ReadConfiguration(modelFolder);
        Compute compute = new(options.Device, options.Bfloat16, options.Threads);
        return compute.Load(modelFolder, () => Load(options, compute, configuration, modelFolder));
    }

    /// <summary>Forward and backward over the micro-batches, clipping, and one AdamW step.</summary>
    /// <param name="step">The step's number from 0; steps are done in order, and each seeds its own dropout.</param>
    /// <param name="microBatches">Batches of one size whose gradients are averaged.</param>
    /// <exception cref="ModelException">The loss is not finite, a batch does not fit the model, or libtorch failed.</exception>
    public StepResult Step(long step, IReadOnlyList<StudentBatch> microBatches)
    {
        if (step != StepsDone)
            throw new ArgumentOutOfRangeException(nameof(step), step, $"{StepsDone} steps are done.");
        ArgumentOutOfRangeException.ThrowIfZero(microBatches.Count, nameof(microBatches));
        _compute.UseThreads();
        try
        {
            using DisposeScope scope = NewDisposeScope();
            BatchLosses mean = _options.Dropout > 0 ? BackwardWithDropout(step, microBatches) : Backward(microBatches);
            double norm = _optimizer.Gradient.norm().to_type(ScalarType.Float64).item<double>();
            if (!double.IsFinite(mean.Loss) || !double.IsFinite(norm))
                throw new ModelException($"The loss of step {step} is {mean.Loss} and its gradient's norm {norm}; lower the learning rate, or look for broken input.");
            double scale = _options.MaxGradientNorm > 0 ? Math.Min(1, _options.MaxGradientNorm / (norm + 1e-6)) : 1;
            double learningRate = LearningRateSchedule.At(step, _options.LearningRate, _options.WarmUpSteps, _options.TotalSteps);
            _optimizer.Step = step + 1;
            Kernels.Current.AdamWStep(_optimizer, learningRate, scale);
            return new StepResult(mean.Loss, mean.Mae, mean.Distill, mean.Accuracy, norm, learningRate);
        }
        catch (ExternalException exception)
        {
            throw _compute.Failure($"step {step}", exception);
        }
    }

    private BatchLosses BackwardWithDropout(long step, IReadOnlyList<StudentBatch> microBatches)
    {
        lock (Generator)
        {
            // Odd multiplier: distinct steps have distinct seeds.
            manual_seed(unchecked((long)(_options.Seed + ((ulong)step + 1) * 0x9E3779B97F4A7C15)));
            return Backward(microBatches);
        }
    }

    private BatchLosses Backward(IReadOnlyList<StudentBatch> microBatches)
    {
        BatchLosses mean = default;
        for (int index = 0; index < microBatches.Count; index++)
            mean += Backward(microBatches[index], microBatches.Count, first: index == 0);
        return mean;
    }

    /// <summary>Writes the weights as a Hugging Face folder, with the tokenizer's files of the initial model where it has any.</summary>
    /// <exception cref="ModelException">The folder cannot be written.</exception>
    public void SaveModel(string folder)
    {
        ModelFolder.Save(_network, folder);
        ModelFolder.CopyTokenizer(_initialFolder, folder);
    }

    /// <summary>Writes <c>checkpoint-&lt;step&gt;</c> whole or not at all, then removes the oldest beyond <paramref name="keep"/>.</summary>
    /// <param name="stageFolder">The folder that the checkpoints lie in.</param>
    /// <param name="state">What is to be known when it is restored.</param>
    /// <param name="keep">How many stay, this one among them.</param>
    /// <param name="held">Whether the checkpoint of a step stays in any case, because somebody needs its files.</param>
    /// <exception cref="ModelException">The folder cannot be written.</exception>
    public void SaveCheckpoint(string stageFolder, TrainerState state, int keep, Func<long, bool>? held = null)
    {
        if (state.Step != StepsDone)
            throw new ArgumentException($"The state counts {state.Step} steps, the student {StepsDone}.", nameof(state));
        CheckpointFolder.Save(stageFolder, _network, _optimizer, state, keep, held);
    }

    /// <summary>Goes back to the newest complete checkpoint.</summary>
    /// <param name="stageFolder">The folder that the checkpoints lie in; may be absent.</param>
    /// <param name="warn">Told about each damaged checkpoint that was passed over.</param>
    /// <returns>Its state, or null where there is none; then nothing changed.</returns>
    public TrainerState? RestoreLatest(string stageFolder, Action<string>? warn = null) =>
        CheckpointFolder.RestoreLatest(stageFolder, _network, _optimizer, warn);

    /// <summary>Frees the network and the optimiser.</summary>
    public void Dispose()
    {
        _optimizer.Dispose();
        _network.Dispose();
    }

    private static Student Load(StudentOptions options, Compute compute, ModelConfiguration configuration, string modelFolder)
    {
        NetworkOptions network = new(compute.Device)
        {
            Dropout = options.Dropout,
            PixelMean = options.PixelMean,
            PixelStd = options.PixelStd,
            NormPixLoss = options.NormPixLoss,
        };
        if (options.Objective == Objective.Classification)
        {
            ClassifierNetwork classifier = (configuration with { ClassNames = options.ClassNames }).CreateClassifier(network);
            ModelFolder.LoadEncoder(classifier.Encoder, modelFolder);
            FreshWeights.Fill(classifier.Head, options.Seed);
            return new Student(options, compute, classifier, modelFolder);
        }
        if (configuration.IsClassifier)
            throw new ModelException($"'{modelFolder}' holds a {configuration.Kind}, and pre-training needs the model from before fine-tuning; give the folder of one.");
        MaskedNetwork masked = configuration.CreateMasked(network);
        ModelFolder.Load(masked, modelFolder);
        return new Student(options, compute, masked, modelFolder);
    }

    /// <summary>Adds 1 / <paramref name="parts"/> of a micro-batch's gradient and returns that share of its numbers.</summary>
    private BatchLosses Backward(StudentBatch batch, int parts, bool first)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor loss, BatchLosses numbers) = Forward(batch);
        IList<Tensor> gradients = autograd.grad([parts == 1 ? loss : loss / parts], _parameters);
        _optimizer.Gather(gradients, first);
        return numbers / parts;
    }

    private (Tensor Loss, BatchLosses Numbers) Forward(StudentBatch batch)
    {
        using IDisposable? autocast = _compute.Autocast();
        return _network is ClassifierNetwork classifier ? Classify(classifier, batch) : FillIn((MaskedNetwork)_network, batch);
    }

    private (Tensor Loss, BatchLosses Numbers) Classify(ClassifierNetwork classifier, StudentBatch batch)
    {
        int[] given = batch.Labels ?? throw new ModelException("A batch for classification has no labels; use labelled data.");
        Tensor labels = ToDevice(classifier.Labels(given, batch.Input.Count));                      // [batch]
        Tensor scores = classifier.Scores(batch.Input);                                             // [batch, classes]
        Tensor crossEntropy = nn.functional.cross_entropy(scores, labels);
        double accuracy = scores.argmax(1).eq(labels).sum().item<long>() / (double)batch.Input.Count;
        return (crossEntropy, new BatchLosses(Number(crossEntropy), double.NaN, double.NaN, accuracy));
    }

    private (Tensor Loss, BatchLosses Numbers) FillIn(MaskedNetwork network, StudentBatch batch)
    {
        (Tensor masked, Representation? whole) =
            network.Forward(batch.Input, _options.Objective == Objective.SelfDistillation ? _options.DistillTarget : null);
        if (whole is null)
            return (masked, new BatchLosses(Number(masked), Number(masked), double.NaN, double.NaN));
        Tensor distance = Losses.Distillation(whole, Targets(batch, whole.Values.shape), _options.DistillReduction);
        Tensor loss = masked * _options.MaeWeight + distance;
        return (loss, new BatchLosses(Number(loss), Number(masked), Number(distance), double.NaN));
    }

    private Tensor Targets(StudentBatch batch, long[] shape)
    {
        float[] targets = batch.Targets ?? throw new ModelException("A batch for self-distillation has no targets; ask the teacher for them.");
        long wanted = shape.Aggregate(1L, (product, dimension) => product * dimension);
        if (targets.Length != wanted)
            throw new ModelException($"A batch has {targets.Length} target numbers instead of [{string.Join(", ", shape)}]; teacher and student must have one width, one input and one kind of target.");
        return ToDevice(tensor(targets, ScalarType.Float32)).view(shape);
    }

    private Tensor ToDevice(Tensor host) => Kernels.Current.ToDevice(host, _compute.Device);

    private static double Number(Tensor loss) => loss.item<float>();

    /// <summary>What a batch reports; an average of batches is made by summing shares.</summary>
    private readonly record struct BatchLosses(double Loss, double Mae, double Distill, double Accuracy)
    {
        public static BatchLosses operator +(BatchLosses left, BatchLosses right) =>
            new(left.Loss + right.Loss, left.Mae + right.Mae, left.Distill + right.Distill, left.Accuracy + right.Accuracy);

        public static BatchLosses operator /(BatchLosses losses, int count) =>
            new(losses.Loss / count, losses.Mae / count, losses.Distill / count, losses.Accuracy / count);
    }
}
