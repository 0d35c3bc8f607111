using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>What a ViT-MAE makes of the patches that it does not see, as pictures.</summary>
public static class Reconstruction
{
    /// <summary>Predicts the hidden patches and shows them among the seen ones.</summary>
    /// <param name="modelFolder">A ViT-MAE's folder.</param>
    /// <param name="pixels">uint8 <c>[batch, 3, size, size]</c>.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="imageSize">Height and width in pixels.</param>
    /// <param name="keptPatches">Patches that are seen, ascending within an image, <c>[batch, kept]</c>.</param>
    /// <param name="pixelMean">Mean of each channel of x / 255.</param>
    /// <param name="pixelStd">Standard deviation of each channel of x / 255.</param>
    /// <param name="threads">libtorch's threads.</param>
    /// <returns>
    /// uint8 <c>[batch, 3, size, size]</c>. A model that was trained on normalised target patches knows no patch's brightness and
    /// contrast; they are taken from the original.
    /// </returns>
    /// <exception cref="ModelException">The folder holds no ViT-MAE, or the images do not fit it.</exception>
    public static byte[] Paint(
        string modelFolder, byte[] pixels, int count, int imageSize, int[] keptPatches, IReadOnlyList<float> pixelMean, IReadOnlyList<float> pixelStd, int threads = 1)
    {
        ModelConfiguration shape = ModelFolder.ReadConfiguration(modelFolder);
        if (shape is not VitConfiguration { IsClassifier: false } configuration)
            throw new ModelException($"'{modelFolder}' holds a {shape.Kind}, which paints no pictures; give a ViT-MAE's folder.");
        Compute compute = new("cpu", bfloat16: false, threads);
        compute.UseThreads();
        try
        {
            using IDisposable withoutGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            using VitMae network = new(configuration, new NetworkOptions(compute.Device));
            ModelFolder.Load(network, modelFolder);
            using PatchExtractor extractor = new(configuration, pixelMean, pixelStd, compute.Device);
            PatchTensor patches = extractor.Extract(pixels, count, imageSize);
            MaskTensors mask = new(keptPatches, count, configuration.Patches, compute.Device);
            Tensor prediction = network.Predict(patches, mask);                                     // [batch, masked, patch length]
            if (configuration.NormPixLoss)
            {
                (Tensor mean, Tensor deviation) = Losses.PatchStatistics(Losses.Targets(patches, mask.MaskedRows, mask.Masked));
                prediction = prediction * deviation + mean;
            }
            long length = configuration.PatchLength;
            Tensor painted = prediction.view(count, mask.Masked, length / VitConfiguration.Channels, VitConfiguration.Channels)
                .transpose(2, 3).reshape(-1, length);                                               // by channel, row, column
            Tensor rows = patches.All.reshape(-1, length).clone();
            rows.scatter_(0, mask.MaskedRows.view(-1, 1).expand(painted.shape), painted);
            return extractor.Bytes(rows);
        }
        catch (ExternalException exception)
        {
            throw compute.Failure("the reconstruction", exception);
        }
    }
}
