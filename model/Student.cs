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
    // Dropout and R3F's noise come from libtorch's one generator of the process: students take turns at it, or each would change what the other draws.
    private static readonly Lock Generator = new();

    private readonly StudentOptions _options;
    private readonly bool _draws;
    private readonly Compute _compute;
    private readonly Network _network;
    private readonly Network? _anchor;
    private readonly string _initialFolder;
    private readonly TrainingObjective _objective;
    private readonly WeightRegulariser? _regulariser;
    private readonly AdamWState _optimizer;
    private readonly IList<Tensor> _parameters;

    private Student(StudentOptions options, Compute compute, Network network, Network? anchor, string initialFolder)
    {
        _options = options;
        _draws = options.Dropout > 0 || options.Consistency is not null;
        _compute = compute;
        _network = network;
        _anchor = anchor;
        _initialFolder = initialFolder;
        _objective = network is ClassifierNetwork classifier
            ? new ClassificationObjective(options, compute, classifier)
            : new MaskedObjective(options, compute, (MaskedNetwork)network);
        List<Parameter> trained = Trained(network);
        _parameters = [.. trained];
        // Matrices alone decay: CLS and mask token have three dimensions, LayerNorms and biases one; sines and cosines are no parameters.
        HashSet<Tensor> spared = [.. network.Weights().Where(weight => !weight.Decays).Select(weight => weight.Tensor)];
        if (anchor is not null)
            _regulariser = options.Regulariser!.Create(Anchors(network, anchor, options.Regulariser.AnchorFolder ?? initialFolder));
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

    /// <summary>Forward and backward over the micro-batches, clipping, and one step of AdamW or of the regulariser.</summary>
    /// <param name="step">The step's number from 0; steps are done in order, and each seeds its own dropout and noise.</param>
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
            BatchLosses mean = default;
            for (int index = 0; index < microBatches.Count; index++)
                mean += Backward(step, index, microBatches);
            double loss = mean.Loss + (_regulariser?.Penalise(_optimizer) ?? 0);
            double norm = _optimizer.Gradient.norm().to_type(ScalarType.Float64).item<double>();
            if (!double.IsFinite(loss) || !double.IsFinite(norm))
                throw new ModelException($"The loss of step {step} is {loss} and its gradient's norm {norm}; lower the learning rate, or look for broken input.");
            double scale = _options.MaxGradientNorm > 0 ? Math.Min(1, _options.MaxGradientNorm / (norm + 1e-6)) : 1;
            double learningRate = LearningRateSchedule.At(step, _options.LearningRate, _options.WarmUpSteps, _options.TotalSteps);
            _optimizer.Step = step + 1;
            if (_regulariser is null)
                Kernels.Current.AdamWStep(_optimizer, learningRate, scale);
            else
                _regulariser.Step(_optimizer, learningRate, scale);
            return new StepResult(loss, mean.Mae, mean.Distill, mean.Accuracy, norm, learningRate);
        }
        catch (ExternalException exception)
        {
            throw _compute.Failure($"step {step}", exception);
        }
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
        _anchor?.Dispose();
    }

    private static Student Load(StudentOptions options, Compute compute, ModelConfiguration configuration, string modelFolder)
    {
        Network network = LoadNetwork(options, compute, configuration, modelFolder);
        Network? anchor = null;
        try
        {
            if (options.Regulariser is { } regulariser)
            {
                string folder = regulariser.AnchorFolder ?? modelFolder;
                anchor = LoadNetwork(options, compute, ModelFolder.ReadConfiguration(folder), folder);
            }
            return new Student(options, compute, network, anchor, modelFolder);
        }
        catch
        {
            anchor?.Dispose();
            network.Dispose();
            throw;
        }
    }

    private static Network LoadNetwork(StudentOptions options, Compute compute, ModelConfiguration configuration, string modelFolder)
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
            return classifier;
        }
        if (configuration.IsClassifier)
            throw new ModelException($"'{modelFolder}' holds a {configuration.Kind}, and pre-training needs the model from before fine-tuning; give the folder of one.");
        MaskedNetwork masked = configuration.CreateMasked(network);
        ModelFolder.Load(masked, modelFolder);
        return masked;
    }

    /// <summary>The trained parameters' values in the anchor; null for those of a fresh head.</summary>
    /// <exception cref="ModelException">The anchor has another shape.</exception>
    private static List<Tensor?> Anchors(Network network, Network anchor, string folder)
    {
        (List<Parameter> trained, List<Parameter> anchors) = (Trained(network), Trained(anchor));
        if (trained.Count != anchors.Count || trained.Zip(anchors).Any(pair => !pair.First.shape.SequenceEqual(pair.Second.shape)))
            throw new ModelException($"The weights cannot be held near those of '{folder}', a {anchor.Configuration.Kind} of another shape than the trained {network.Configuration.Kind}; name a model of one shape.");
        HashSet<Tensor> head = network is ClassifierNetwork classifier ? [.. classifier.Head.Select(weight => weight.Tensor)] : [];
        return [.. trained.Zip(anchors, (parameter, value) => head.Contains(parameter) ? null : (Tensor?)value)];
    }

    /// <summary>Adds a micro-batch's share of the gradient and returns its share of the numbers.</summary>
    private BatchLosses Backward(long step, int index, IReadOnlyList<StudentBatch> microBatches)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor loss, BatchLosses numbers) = _draws ? ForwardWithDraws(step, index, microBatches[index]) : Forward(microBatches[index]);
        int parts = microBatches.Count;
        IList<Tensor> gradients = autograd.grad([parts == 1 ? loss : loss / parts], _parameters);
        _optimizer.Gather(gradients, first: index == 0);
        return numbers / parts;
    }

    // Only the forward pass draws: the backward passes of several students go on at the same time.
    private (Tensor Loss, BatchLosses Numbers) ForwardWithDraws(long step, int index, StudentBatch batch)
    {
        lock (Generator)
        {
            // Odd multipliers: distinct steps, and the micro-batches of one, have distinct seeds.
            manual_seed(unchecked((long)(_options.Seed + ((ulong)step + 1) * 0x9E3779B97F4A7C15 + (ulong)index * 0xBF58476D1CE4E5B9)));
            return Forward(batch);
        }
    }

    private (Tensor Loss, BatchLosses Numbers) Forward(StudentBatch batch)
    {
        using IDisposable? autocast = _compute.Autocast();
        return _objective.Of(batch);
    }

    private static List<Parameter> Trained(Network network) => [.. network.Weights().Select(weight => weight.Tensor).OfType<Parameter>().Distinct()];
}
