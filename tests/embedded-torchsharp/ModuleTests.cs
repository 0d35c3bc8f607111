using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Embedded.TorchSharp.Tests;

public sealed class ModuleTests
{
    [Fact]
    public void Components_are_named_after_their_fields()
    {
        using var network = new Network();
        Assert.Equal(
            ["_scale", "_first._weight", "_first._bias", "_second._weight", "_second._bias"],
            network.named_parameters().Select(entry => entry.name));
        Assert.Equal(["_first", "_second"], network.named_children().Select(entry => entry.name));
        Assert.Equal(["_positions"], network.named_buffers().Select(entry => entry.name));
        Assert.All(network.parameters(), parameter => Assert.True(parameter.requires_grad));
        Assert.Single(network.named_parameters(recurse: false));
    }

    [Fact]
    public void Training_mode_reaches_every_module()
    {
        using var network = new Network();
        Assert.True(network.training);
        network.eval();
        Assert.All(network.children(), child => Assert.False(child.training));
        network.train();
        Assert.All(network.children(), child => Assert.True(child.training));
    }

    [Fact]
    public void A_name_is_registered_once()
    {
        using var network = new Network();
        Assert.Throws<InvalidOperationException>(() => network.register_parameter("_scale", nn.Parameter(ones(1))));
        Assert.Throws<ArgumentException>(() => network.register_module("a.b", new Dense(1, 1)));
    }

    [Fact]
    public void Converting_a_module_converts_floating_point_components()
    {
        using var scope = NewDisposeScope();
        using var network = new Network();
        network.to(ScalarType.Float64);
        Assert.All(network.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
        Assert.All(network.parameters(), parameter => Assert.True(parameter.requires_grad));
        Assert.Equal(ScalarType.Int64, network.buffers().Single().dtype);
        Assert.Equal(ScalarType.Float64, network.call(ones(2, 4).to(ScalarType.Float64)).dtype);
    }

    [Fact]
    public void Disposing_a_module_frees_its_components()
    {
        Parameter[] parameters;
        using (var network = new Network())
            parameters = [.. network.parameters()];
        Assert.All(parameters, parameter => Assert.True(parameter.IsInvalid));
    }

    private sealed class Dense : nn.Module<Tensor, Tensor>
    {
        private readonly Parameter _weight;
        private readonly Parameter _bias;

        public Dense(long inputs, long outputs)
            : base(nameof(Dense))
        {
            _weight = nn.Parameter(randn(outputs, inputs));
            _bias = nn.Parameter(zeros(outputs));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => nn.functional.linear(input, _weight, _bias);
    }

    private sealed class Network : nn.Module<Tensor, Tensor>
    {
        private readonly Parameter _scale = nn.Parameter(ones(3));
        private readonly Tensor _positions = arange(3);
        private readonly Dense _first = new(4, 8);
        private readonly Dense _second = new(8, 3);

        public Network()
            : base(nameof(Network)) => RegisterComponents();

        public override Tensor forward(Tensor input) => _second.call(_first.call(input).gelu()) * _scale + _positions;
    }
}
