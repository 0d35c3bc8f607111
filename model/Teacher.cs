using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// A frozen encoder that computes what a self-distilling student is held against: its final output, after the last LayerNorm, on
/// the unmasked image (arXiv 2210.02871). To be used from one thread.
/// </summary>
public sealed class Teacher : IDisposable
{
    private readonly Compute _compute;
    private readonly VitEncoder _encoder;
    private readonly DistillTarget _target;
    private readonly PatchExtractor _extractor;

    private Teacher(Compute compute, VitEncoder encoder, DistillTarget target, PatchExtractor extractor)
    {
        _compute = compute;
        _encoder = encoder;
        _target = target;
        _extractor = extractor;
    }

    /// <summary>Floats per image: the width, or for <see cref="DistillTarget.Tokens"/> (1 + patches) · width.</summary>
    public int TargetLength => _encoder.Configuration.Width * (_target == DistillTarget.Cls ? 1 : 1 + _encoder.Configuration.Patches);

    /// <summary>Loads the encoder of a model folder.</summary>
    /// <param name="modelFolder">A ViT-MAE's or a classifier's folder.</param>
    /// <param name="target">What is computed.</param>
    /// <param name="pixelMean">Mean of each channel of x / 255.</param>
    /// <param name="pixelStd">Standard deviation of each channel of x / 255.</param>
    /// <param name="device"><c>cpu</c> or <c>cuda:N</c>.</param>
    /// <param name="bfloat16">Whether matrix products run in bfloat16.</param>
    /// <param name="threads">libtorch's threads; decides low-order bits.</param>
    /// <exception cref="ModelException">The folder holds no such model, or the device is absent.</exception>
    public static Teacher Open(
        string modelFolder, DistillTarget target, IReadOnlyList<float> pixelMean, IReadOnlyList<float> pixelStd, string device, bool bfloat16, int threads)
    {
        VitConfiguration configuration = ModelFolder.ReadConfiguration(modelFolder);
        Compute compute = new(device, bfloat16, threads);
        return compute.Load(modelFolder, () =>
        {
            VitEncoder encoder = new(configuration, compute.Device);
            ModelFolder.LoadEncoder(encoder, modelFolder);
            return new Teacher(compute, encoder, target, new PatchExtractor(configuration, pixelMean, pixelStd, compute.Device));
        });
    }

    /// <summary>Computes the targets of a batch.</summary>
    /// <param name="pixels">uint8 <c>[batch, 3, size, size]</c>.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="imageSize">Height and width in pixels.</param>
    /// <param name="targets">Receives <c>[batch, width]</c> or <c>[batch, 1 + patches, width]</c>.</param>
    /// <exception cref="ModelException">The images do not fit the model, or libtorch failed.</exception>
    public void Targets(byte[] pixels, int count, int imageSize, Span<float> targets)
    {
        if (targets.Length != (long)count * TargetLength)
            throw new ArgumentException($"{count} images have {(long)count * TargetLength} target numbers.", nameof(targets));
        _compute.UseThreads();
        try
        {
            using IDisposable withoutGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            using IDisposable? autocast = _compute.Autocast();
            Tensor patches = _extractor.Extract(pixels, count, imageSize).All;
            Tensor output = _target == DistillTarget.Cls ? _encoder.Cls(patches) : _encoder.Tokens(patches, seen: null);
            MemoryMarshal.Cast<byte, float>(output.to_type(ScalarType.Float32).contiguous().cpu().bytes).CopyTo(targets);
        }
        catch (ExternalException exception)
        {
            throw _compute.Failure("the teacher", exception);
        }
    }

    /// <summary>Frees the encoder.</summary>
    public void Dispose()
    {
        _extractor.Dispose();
        _encoder.Dispose();
    }
}
