using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>Loss, accuracy and confusion matrix of a classifier over labelled images, a batch at a time. To be used from one thread.</summary>
public sealed class ClassifierEvaluation : IDisposable
{
    private readonly Compute _compute;
    private readonly VitClassifier _classifier;
    private readonly PatchExtractor _extractor;
    private readonly int[][] _confusion;
    private double _lossSum;
    private int _count;
    private int _right;

    private ClassifierEvaluation(Compute compute, VitClassifier classifier, PatchExtractor extractor)
    {
        _compute = compute;
        _classifier = classifier;
        _extractor = extractor;
        int classes = classifier.Configuration.ClassNames.Count;
        _confusion = [.. Enumerable.Range(0, classes).Select(_ => new int[classes])];
    }

    /// <summary>The classes that the model tells apart, in label order.</summary>
    public IReadOnlyList<string> ClassNames => _classifier.Configuration.ClassNames;

    /// <summary>What was found so far; the means of no image are NaN.</summary>
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
        VitConfiguration configuration = ModelFolder.ReadConfiguration(modelFolder);
        if (!configuration.IsClassifier)
            throw new ModelException($"'{modelFolder}' holds a ViT-MAE, which has no classes; fine-tune it first.");
        Compute compute = new(device, bfloat16, threads);
        return compute.Load(modelFolder, () =>
        {
            VitClassifier classifier = new(configuration, compute.Device);
            ModelFolder.Load(classifier, modelFolder);
            return new ClassifierEvaluation(compute, classifier, new PatchExtractor(configuration, pixelMean, pixelStd, compute.Device));
        });
    }

    /// <summary>Classifies a batch and compares with the labels.</summary>
    /// <param name="pixels">uint8 <c>[batch, 3, size, size]</c>.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="imageSize">Height and width in pixels.</param>
    /// <param name="labels">Class of each image, <c>[batch]</c>.</param>
    /// <exception cref="ModelException">The images or labels do not fit the model, or libtorch failed.</exception>
    public void Add(byte[] pixels, int images, int imageSize, int[] labels)
    {
        _compute.UseThreads();
        try
        {
            using IDisposable withoutGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            using IDisposable? autocast = _compute.Autocast();
            Tensor scores = _classifier.Scores(_extractor.Extract(pixels, images, imageSize));      // [batch, classes]
            Tensor expected = Kernels.Current.ToDevice(_classifier.Labels(labels, images), _compute.Device);
            _lossSum += nn.functional.cross_entropy(scores, expected).item<float>() * (double)images;
            long[] predictions = [.. scores.argmax(1).cpu().data<long>()];
            for (int image = 0; image < images; image++)
            {
                _confusion[labels[image]][predictions[image]]++;
                _right += predictions[image] == labels[image] ? 1 : 0;
            }
            _count += images;
        }
        catch (ExternalException exception)
        {
            throw _compute.Failure("the evaluation", exception);
        }
    }

    /// <summary>Frees the network.</summary>
    public void Dispose()
    {
        _extractor.Dispose();
        _classifier.Dispose();
    }
}
