using ActorTrain.Model;
using static TorchSharp.torch;

namespace ActorTrain.Benchmarks;

/// <summary>Optimiser steps alone: 2.65 million parameters in 24 tensors, as large as tiny-32's encoder matrices. Every instance starts from the same numbers.</summary>
internal sealed class AdamWSteps : IDisposable
{
    private readonly TorchSharp.Modules.Parameter[] _parameters;
    private readonly AdamWState _state;

    public AdamWSteps()
    {
        const int Layers = 6;
        long[] matrices = [3 * 192 * 192, 192 * 192, 768 * 192, 192 * 768];
        manual_seed(1);
        _parameters = [.. Enumerable.Repeat(matrices, Layers).SelectMany(matrix => matrix).Select(count => nn.Parameter(randn([count])))];
        _state = new AdamWState(_parameters, [.. _parameters.Select(_ => true)],
            new StudentOptions { Objective = Objective.MaskedAutoEncoding, LearningRate = 1e-4, TotalSteps = 1 });
        using Tensor gradient = randn([_state.Gradient.numel()]);
        _state.Gradient.copy_(gradient);
    }

    /// <summary>One step.</summary>
    /// <returns>The parameters after it.</returns>
    public Tensor[] Run(Kernels kernels)
    {
        _state.Step++;
        kernels.AdamWStep(_state, 1e-4, 1);
        return _parameters;
    }

    public void Dispose()
    {
        _state.Dispose();
        foreach (TorchSharp.Modules.Parameter parameter in _parameters)
            parameter.Dispose();
    }
}
