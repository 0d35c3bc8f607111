using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>A ViT's pre-norm block (<see cref="Kernels.TransformerBlock"/>).</summary>
internal sealed class VitBlock : nn.Module<Tensor, Tensor>
{
    private static readonly BlockConvention Convention =
        new("attention.attention", "layernorm_before", "layernorm_after", Initialisation.XavierUniform);

    private readonly BlockParameters _parameters;
    private readonly int _heads;
    private readonly double _eps;
    private readonly double _dropout;

    /// <param name="width">Width of a token.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="mlpWidth">Hidden width of the MLP.</param>
    /// <param name="eps">ε of the LayerNorms.</param>
    /// <param name="dropout">Probability with which a value of the two outputs is dropped; 0 outside fine-tuning.</param>
    /// <param name="device">Where the parameters lie.</param>
    public VitBlock(int width, int heads, int mlpWidth, double eps, double dropout, Device device)
        : base(nameof(VitBlock))
    {
        _parameters = new BlockParameters(Convention, width, mlpWidth, device);
        (_heads, _eps, _dropout) = (heads, eps, dropout);
        RegisterComponents();
    }

    /// <summary>The block on all tokens: <c>[batch, tokens, width]</c> to the same shape.</summary>
    public override Tensor forward(Tensor x) => ForwardPart(x, 0, x.shape[1]);

    /// <summary>The block's output for <paramref name="count"/> tokens from <paramref name="first"/> on; the others are only looked at.</summary>
    /// <param name="x"><c>[batch, tokens, width]</c>.</param>
    /// <param name="first">The first token wanted.</param>
    /// <param name="count">Tokens wanted.</param>
    /// <returns><c>[batch, count, width]</c>.</returns>
    public Tensor ForwardPart(Tensor x, long first, long count) =>
        Kernels.Current.TransformerBlock(x, _parameters.Packed, _heads, _eps, first, count, _dropout);

    /// <summary>The block's tensors under Hugging Face's names.</summary>
    public IEnumerable<Weight> Weights(string prefix) => _parameters.Weights(prefix);
}
