using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>What a RoBERTa makes of the tokens that it does not see.</summary>
public static class MaskedPrediction
{
    /// <summary>Predicts the hidden tokens.</summary>
    /// <param name="modelFolder">A RoBERTa's folder, from before fine-tuning.</param>
    /// <param name="input">Sequences with masked positions.</param>
    /// <param name="threads">libtorch's threads.</param>
    /// <returns>The likeliest token at each of the masked positions, in their order.</returns>
    /// <exception cref="ModelException">The folder holds no such model, or the sequences do not fit it.</exception>
    public static int[] Predict(string modelFolder, TextInput input, int threads = 1)
    {
        ModelConfiguration shape = ModelFolder.ReadConfiguration(modelFolder);
        if (shape is not RobertaConfiguration { IsClassifier: false } configuration)
            throw new ModelException($"'{modelFolder}' holds a {shape.Kind}, which predicts no tokens; give a RoBERTa's folder from before fine-tuning.");
        if (input.MaskedPositions is { Length: 0 })
            return [];
        Compute compute = new("cpu", bfloat16: false, threads);
        compute.UseThreads();
        try
        {
            using IDisposable withoutGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            using RobertaMlm network = new(configuration, new NetworkOptions(compute.Device));
            ModelFolder.Load(network, modelFolder);
            TokenTensors batch = network.Encoder.Receive(input);
            Tensor scores = network.Predict(batch, batch.Hidden());                                 // [hidden, vocabulary]
            return [.. scores.argmax(1).data<long>().Select(token => (int)token)];
        }
        catch (ExternalException exception)
        {
            throw compute.Failure("the prediction", exception);
        }
    }
}
