using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>Loss, accuracy and confusion matrix of a classifier over labelled samples, a batch at a time. To be used from one thread.</summary>
public sealed class ClassifierEvaluation : IDisposable
{
    private readonly Compute _compute;
    private readonly ClassifierNetwork _classifier;
    private readonly int[][] _confusion;
    private double _lossSum;
    private int _count;
    private int _right;

    private ClassifierEvaluation(Compute compute, ClassifierNetwork classifier)
    {
        _compute = compute;
        _classifier = classifier;
        int classes = classifier.Configuration.ClassNames.Count;
        _confusion = [.. Enumerable.Range(0, classes).Select(_ => new int[classes])];
    }

    /// <summary>The classes that the model tells apart, in label order.</summary>
    public IReadOnlyList<string> ClassNames => _classifier.Configuration.ClassNames;

    /// <summary>What was found so far; the means of no sample are NaN.</summary>
    public EvaluationResult Result =>
        new(_lossSum / _count, _right / (double)_count, _count, [.. _confusion.Select(row => (int[])row.Clone())]);

    /// <summary>Loads a classifier.</summary>
    /// <param name="modelFolder">A folder that a fine-tuning <see cref="Student"/> or transformers saved.</param>
    /// <param name="pixelMean">Mean of each channel of x / 255.</param>
    /// <param name="pixelStd">Standard deviation of each channel of x / 255.</param>
    /// <param name="device"><c>cpu</c> or <c>cuda:N</c>.</param>
    /// <param name="bfloat16">Whether matrix products run in bfloat16.</param>
    /// <param name="threads">libtorch's threads; decides low-order bits.</param>
    /// <exception cref="ModelException">The folder holds no classifier, or the device is absent.</exception>
    public static ClassifierEvaluation Open(
        string modelFolder, IReadOnlyList<float> pixelMean, IReadOnlyList<float> pixelStd, string device, bool bfloat16, int threads)
    {
        ModelConfiguration configuration = ModelFolder.ReadConfiguration(modelFolder);
        if (!configuration.IsClassifier)
            throw new ModelException($"'{modelFolder}' holds a {configuration.Kind}, which has no classes; fine-tune it first.");
        Compute compute = new(device, bfloat16, threads);
        return compute.Load(modelFolder, () =>
        {
            ClassifierNetwork classifier = configuration.CreateClassifier(new NetworkOptions(compute.Device) { PixelMean = pixelMean, PixelStd = pixelStd });
            ModelFolder.Load(classifier, modelFolder);
            return new ClassifierEvaluation(compute, classifier);
        });
    }

    /// <summary>Classifies a batch and compares with the labels.</summary>
    /// <param name="input">Its samples.</param>
    /// <param name="labels">Class of each sample, <c>[batch]</c>.</param>
    /// <exception cref="ModelException">The input or the labels do not fit the model, or libtorch failed.</exception>
    public void Add(ModelInput input, int[] labels)
    {
        _compute.UseThreads();
        try
        {
            using IDisposable withoutGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            using IDisposable? autocast = _compute.Autocast();
            Tensor expected = Kernels.Current.ToDevice(_classifier.Labels(labels, input.Count), _compute.Device);
            Tensor scores = _classifier.Scores(input);                                              // [batch, classes]
            _lossSum += nn.functional.cross_entropy(scores, expected).item<float>() * (double)input.Count;
            long[] predictions = [.. scores.argmax(1).cpu().data<long>()];
            for (int sample = 0; sample < predictions.Length; sample++)
            {
                _confusion[labels[sample]][predictions[sample]]++;
                _right += predictions[sample] == labels[sample] ? 1 : 0;
            }
            _count += input.Count;
        }
        catch (ExternalException exception)
        {
            throw _compute.Failure("the evaluation", exception);
        }
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => _classifier.Dispose();
}
