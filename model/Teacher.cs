using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// A frozen model that computes what a self-distilling student is held against: its encoder's final output, after the last LayerNorm, on
/// the unmasked input, or what the whole network predicts of what is hidden (arXiv 2210.02871). To be used from one thread.
/// </summary>
public sealed class Teacher : IDisposable
{
    private readonly Compute _compute;
    private readonly Network _network;
    private readonly DistillTarget _target;
    private readonly Func<ModelInput, Tensor> _output;

    private Teacher(Compute compute, Network network, DistillTarget target, Func<ModelInput, Tensor> output)
    {
        _compute = compute;
        _network = network;
        _target = target;
        _output = output;
    }

    /// <summary>Floats per sample: the width, or for <see cref="DistillTarget.Tokens"/> the width times the tokens of each image.</summary>
    /// <exception cref="ModelException">Texts have no equal number of tokens, and predictions depend on what is hidden.</exception>
    public int TargetLength => _network.Configuration.Width * _target switch
    {
        DistillTarget.Cls => 1,
        DistillTarget.Tokens => _network.Configuration.TokensOfSample
            ?? throw new ModelException("The tokens of a text have no fixed number of target numbers; compute such targets live, or distil cls."),
        _ => throw new ModelException("Predictions have no fixed number of target numbers, for they depend on what is hidden; compute such targets live."),
    };

    /// <summary>Loads the encoder of a model folder, or for <see cref="DistillTarget.Predictions"/> all of it.</summary>
    /// <param name="modelFolder">A model's folder, before or after fine-tuning; for <see cref="DistillTarget.Predictions"/> before it.</param>
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
            NetworkOptions options = new(compute.Device) { PixelMean = pixelMean, PixelStd = pixelStd };
            if (target == DistillTarget.Predictions)
            {
                if (configuration.IsClassifier)
                    throw new ModelException($"'{modelFolder}' holds a {configuration.Kind}, which predicts nothing that is hidden; give the model from before fine-tuning.");
                MaskedNetwork masked = configuration.CreateMasked(options);
                ModelFolder.Load(masked, modelFolder);
                return new Teacher(compute, masked, target, masked.Predictions);
            }
            EncoderNetwork encoder = configuration.CreateEncoder(options);
            ModelFolder.LoadEncoder(encoder, modelFolder);
            return new Teacher(compute, encoder, target, input => encoder.Representation(input, target).Values);
        });
    }

    /// <summary>Computes the targets of a batch.</summary>
    /// <param name="input">Its samples; what is hidden of them matters for <see cref="DistillTarget.Predictions"/> only.</param>
    /// <returns>Of the shape that <see cref="DistillTarget"/> says.</returns>
    /// <exception cref="ModelException">The input does not fit the model, or libtorch failed.</exception>
    public float[] Targets(ModelInput input)
    {
        _compute.UseThreads();
        try
        {
            using IDisposable withoutGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            using IDisposable? autocast = _compute.Autocast();
            Tensor output = _output(input);
            return MemoryMarshal.Cast<byte, float>(output.to_type(ScalarType.Float32).contiguous().cpu().bytes).ToArray();
        }
        catch (ExternalException exception)
        {
            throw _compute.Failure("the teacher", exception);
        }
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => _network.Dispose();
}
