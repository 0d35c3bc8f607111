using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>A network that knows its tensors by Hugging Face's names.</summary>
internal abstract class VitNetwork : nn.Module
{
    protected VitNetwork(string name, VitConfiguration configuration)
        : base(name) => Configuration = configuration;

    /// <summary>The network's shape.</summary>
    public VitConfiguration Configuration { get; }

    /// <summary>Every tensor of the model's file, in a fixed order.</summary>
    public abstract IEnumerable<Weight> Weights();

    /// <summary>A parameter whose values are still to be set.</summary>
    public static Parameter Uninitialised(Device device, params long[] shape) => nn.Parameter(empty(shape, ScalarType.Float32, device));

    /// <summary>Names the tensors of a linear layer.</summary>
    public static IEnumerable<Weight> Linear(string key, Parameter weight, Parameter bias) =>
    [
        new Weight(key + ".weight", weight, weight.shape, Initialisation.XavierUniform),
        new Weight(key + ".bias", bias, bias.shape, Initialisation.Zeros),
    ];

    /// <summary>Names the tensors of a layer normalisation.</summary>
    public static IEnumerable<Weight> LayerNorm(string key, Parameter weight, Parameter bias) =>
    [
        new Weight(key + ".weight", weight, weight.shape, Initialisation.Ones),
        new Weight(key + ".bias", bias, bias.shape, Initialisation.Zeros),
    ];
}
