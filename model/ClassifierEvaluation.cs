using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>Loss, accuracy and confusion matrix of a classifier over labelled images, a batch at a time. To be used from one thread.</summary>
public sealed class ClassifierEvaluation : IDisposable
{
    private readonly Compute compute;
    private readonly VitClassifier classifier;
    private readonly PatchExtractor extractor;
    private readonly int[][] confusion;
    private double lossSum;
    private int count;
    private int right;

    private ClassifierEvaluation(Compute compute, VitClassifier classifier, PatchExtractor extractor)
    {
        this.compute = compute;
        this.classifier = classifier;
        this.extractor = extractor;
        int classes = classifier.Configuration.ClassNames.Count;
        confusion = [.. Enumerable.Range(0, classes).Select(_ => new int[classes])];
    }

    /// <summary>The classes that the model tells apart, in label order.</summary>
    public IReadOnlyList<string> ClassNames => classifier.Configuration.ClassNames;

    /// <summary>What was found so far; the means of no image are NaN.</summary>
    public EvaluationResult Result =>
        new(lossSum / count, right / (double)count, count, [.. confusion.Select(row => (int[])row.Clone())]);

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
        compute.UseThreads();
        try
        {
            using IDisposable withoutGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            using IDisposable? autocast = compute.Autocast();
            Tensor scores = classifier.Scores(extractor.Extract(pixels, images, imageSize));        // [batch, classes]
            Tensor expected = Kernels.Current.ToDevice(classifier.Labels(labels, images), compute.Device);
            lossSum += nn.functional.cross_entropy(scores, expected).item<float>() * (double)images;
            long[] predictions = [.. scores.argmax(1).cpu().data<long>()];
            for (int image = 0; image < images; image++)
            {
                confusion[labels[image]][predictions[image]]++;
                right += predictions[image] == labels[image] ? 1 : 0;
            }
            count += images;
        }
        catch (ExternalException exception)
        {
            throw compute.Failure("the evaluation", exception);
        }
    }

    /// <summary>Frees the network.</summary>
    public void Dispose()
    {
        extractor.Dispose();
        classifier.Dispose();
    }
}
