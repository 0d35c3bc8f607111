using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>A RoBERTa's post-norm block (<see cref="Kernels.PostNormBlock"/>).</summary>
internal sealed class RobertaBlock : nn.Module
{
    private static readonly BlockConvention Convention =
        new("attention.self", "attention.output.LayerNorm", "output.LayerNorm", Initialisation.Normal);

    private readonly BlockParameters _parameters;
    private readonly int _heads;
    private readonly double _eps;
    private readonly double _dropout;

    public RobertaBlock(RobertaConfiguration configuration, NetworkOptions options)
        : base(nameof(RobertaBlock))
    {
        _parameters = new BlockParameters(Convention, configuration.Width, configuration.MlpWidth, options.Device);
        (_heads, _eps, _dropout) = (configuration.Heads, configuration.LayerNormEps, options.Dropout);
        RegisterComponents();
    }

    /// <summary>The block's output for some of the tokens; the others are only looked at.</summary>
    /// <param name="x"><c>[tokens, width]</c>.</param>
    /// <param name="layout">How the sequences lie in it.</param>
    /// <param name="wanted">The tokens whose output is wanted; null = all.</param>
    /// <returns><c>[tokens wanted, width]</c>.</returns>
    public Tensor Forward(Tensor x, SequenceLayout layout, SequenceRows? wanted) =>
        Kernels.Current.PostNormBlock(x, _parameters.Packed, layout, _heads, _eps, wanted, _dropout);

    /// <summary>The block's tensors under Hugging Face's names.</summary>
    public IEnumerable<Weight> Weights(string prefix) => _parameters.Weights(prefix);
}
