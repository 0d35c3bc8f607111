using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// The encoder of a RoBERTa (Liu et al., arXiv 1907.11692; Hugging Face's <c>RobertaModel</c> without pooler). All but attention
/// works on the tokens of all sequences laid end to end; nothing is computed for padding.
/// </summary>
internal sealed class RobertaEncoder : EncoderNetwork
{
    private readonly NetworkOptions _options;
    private readonly Parameter _words;
    private readonly Parameter _positions;
    private readonly Parameter _tokenType;
    private readonly Parameter _normWeight;
    private readonly Parameter _normBias;
    private readonly ModuleList<RobertaBlock> _blocks;

    public RobertaEncoder(RobertaConfiguration configuration, NetworkOptions options)
        : base(nameof(RobertaEncoder))
    {
        Configuration = configuration;
        _options = options;
        (int width, Device device) = (configuration.Width, options.Device);
        _words = Uninitialised(device, configuration.VocabularySize, width);
        _positions = Uninitialised(device, configuration.Positions, width);
        _tokenType = Uninitialised(device, 1, width);
        _normWeight = Uninitialised(device, width);
        _normBias = Uninitialised(device, width);
        _blocks = nn.ModuleList<RobertaBlock>([.. Enumerable.Range(0, configuration.Layers).Select(_ => new RobertaBlock(configuration, options))]);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override RobertaConfiguration Configuration { get; }

    /// <summary>The word embeddings, <c>[vocabulary, width]</c>, which the language model's head shares.</summary>
    public Parameter Words => _words;

    /// <summary>Checks a batch and copies it to the device.</summary>
    /// <exception cref="ModelException">The input does not fit the model.</exception>
    public TokenTensors Receive(ModelInput input) => new(input, Configuration, _options.Device);

    /// <inheritdoc/>
    public override Representation Representation(ModelInput input, DistillTarget target) => Representation(Receive(input), target);

    /// <summary>The output on the true tokens.</summary>
    public Representation Representation(TokenTensors batch, DistillTarget target) => target == DistillTarget.Cls
        ? new Representation(Cls(batch))
        : new Representation(Encode(batch, batch.Tokens, wanted: null), batch.Layout);

    /// <inheritdoc/>
    public override Tensor Cls(ModelInput input, Func<Tensor, Tensor>? disturb = null) => Cls(Receive(input), disturb);

    /// <summary>The output for each sequence's first token.</summary>
    /// <returns><c>[batch, width]</c>.</returns>
    public Tensor Cls(TokenTensors batch, Func<Tensor, Tensor>? disturb = null) => Encode(batch, batch.Tokens, batch.Layout.First(), disturb);

    /// <summary>The final output for some of the tokens.</summary>
    /// <param name="batch">The sequences.</param>
    /// <param name="seen">The tokens as the encoder sees them, int64 <c>[sum of lengths]</c>.</param>
    /// <param name="wanted">The tokens whose output is wanted, for the last block computes no other; null = all.</param>
    /// <param name="disturb">What becomes of the words' embeddings; null = nothing.</param>
    /// <returns><c>[tokens wanted, width]</c>.</returns>
    public Tensor Encode(TokenTensors batch, Tensor seen, SequenceRows? wanted, Func<Tensor, Tensor>? disturb = null)
    {
        Kernels kernels = Kernels.Current;
        Tensor words = kernels.Embedding(_words, seen);                                             // [sum of lengths, width]
        Tensor x = (disturb is null ? words : disturb(words)) + kernels.Embedding(_positions, batch.Positions) + _tokenType;
        x = Kernels.Drop(Kernels.LayerNorm(x, _normWeight, _normBias, Configuration.LayerNormEps), _options.Dropout);
        for (int layer = 0; layer < _blocks.Count; layer++)
            x = _blocks[layer].Forward(x, batch.Layout, layer == _blocks.Count - 1 ? wanted : null);
        return x;
    }

    /// <inheritdoc/>
    public override IEnumerable<Weight> Weights()
    {
        yield return new Weight("roberta.embeddings.word_embeddings.weight", _words, _words.shape, Initialisation.Normal);
        yield return new Weight("roberta.embeddings.position_embeddings.weight", _positions, _positions.shape, Initialisation.Normal) { Decays = false };
        yield return new Weight("roberta.embeddings.token_type_embeddings.weight", _tokenType, _tokenType.shape, Initialisation.Normal);
        foreach (Weight weight in LayerNorm("roberta.embeddings.LayerNorm", _normWeight, _normBias))
            yield return weight;
        for (int layer = 0; layer < _blocks.Count; layer++)
        {
            foreach (Weight weight in _blocks[layer].Weights($"roberta.encoder.layer.{layer}"))
                yield return weight;
        }
    }
}
