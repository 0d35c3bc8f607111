using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// A frozen encoder that computes what a self-distilling student is held against: its final output, after the last LayerNorm, on
/// the unmasked input (arXiv 2210.02871). To be used from one thread.
/// </summary>
public sealed class Teacher : IDisposable
{
    private readonly Compute _compute;
    private readonly EncoderNetwork _encoder;
    private readonly DistillTarget _target;

    private Teacher(Compute compute, EncoderNetwork encoder, DistillTarget target)
    {
        _compute = compute;
        _encoder = encoder;
        _target = target;
    }

    /// <summary>Floats per sample: the width, or for <see cref="DistillTarget.Tokens"/> the width times the tokens of each image.</summary>
    /// <exception cref="ModelException">Texts have no equal number of tokens.</exception>
    public int TargetLength => _encoder.Configuration.Width * (_target == DistillTarget.Cls ? 1 : _encoder.Configuration.TokensOfSample
        ?? throw new ModelException("The tokens of a text have no fixed number of target numbers; compute such targets live, or distil cls."));

    /// <summary>Loads the encoder of a model folder.</summary>
    /// <param name="modelFolder">A model's folder, before or after fine-tuning.</param>
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
        ModelConfiguration configuration = ModelFolder.ReadConfiguration(modelFolder);
        Compute compute = new(device, bfloat16, threads);
        return compute.Load(modelFolder, () =>
        {
            EncoderNetwork encoder = configuration.CreateEncoder(new NetworkOptions(compute.Device) { PixelMean = pixelMean, PixelStd = pixelStd });
            ModelFolder.LoadEncoder(encoder, modelFolder);
            return new Teacher(compute, encoder, target);
        });
    }

    /// <summary>Computes the targets of a batch.</summary>
    /// <param name="input">Its samples; what is hidden of them does not matter.</param>
    /// <returns><c>[batch, width]</c>; for <see cref="DistillTarget.Tokens"/> <c>[batch, 1 + patches, width]</c>, or of texts <c>[sum of lengths, width]</c>.</returns>
    /// <exception cref="ModelException">The input does not fit the model, or libtorch failed.</exception>
    public float[] Targets(ModelInput input)
    {
        _compute.UseThreads();
        try
        {
            using IDisposable withoutGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            using IDisposable? autocast = _compute.Autocast();
            Tensor output = _encoder.Representation(input, _target).Values;
            return MemoryMarshal.Cast<byte, float>(output.to_type(ScalarType.Float32).contiguous().cpu().bytes).ToArray();
        }
        catch (ExternalException exception)
        {
            throw _compute.Failure("the teacher", exception);
        }
    }

    /// <summary>Frees the encoder.</summary>
    public void Dispose() => _encoder.Dispose();
}
