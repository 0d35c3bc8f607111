using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// A masked auto-encoder (He et al., arXiv 2111.06377; Hugging Face's <c>ViTMAEForPreTraining</c>): an encoder that sees some
/// patches and a small decoder that predicts the pixels of the others. The decoder's tokens are CLS, the kept patches, then the
/// masked ones (attention does not mind the order), so that its last block and its head compute the masked ones alone.
/// </summary>
internal sealed class VitMae : MaskedNetwork
{
    private readonly VitEncoder _encoder;
    private readonly Parameter _maskToken;
    private readonly Tensor _positions;
    private readonly Parameter _embedWeight;
    private readonly Parameter _embedBias;
    private readonly ModuleList<VitBlock> _blocks;
    private readonly Parameter _normWeight;
    private readonly Parameter _normBias;
    private readonly Parameter _predictionWeight;
    private readonly Parameter _predictionBias;

    /// <summary>A network without dropout, as the paper pre-trains and distils.</summary>
    public VitMae(VitConfiguration configuration, NetworkOptions options)
        : base(nameof(VitMae))
    {
        Configuration = configuration with { NormPixLoss = options.NormPixLoss ?? configuration.NormPixLoss };
        (int width, Device device) = (configuration.DecoderWidth, options.Device);
        _encoder = new VitEncoder(Configuration, options with { Dropout = 0 });
        _maskToken = Uninitialised(device, 1, 1, width);
        _positions = empty([1 + configuration.Patches, width], ScalarType.Float32, device);
        _embedWeight = Uninitialised(device, width, configuration.Width);
        _embedBias = Uninitialised(device, width);
        _blocks = nn.ModuleList<VitBlock>([.. Enumerable.Range(0, configuration.DecoderLayers).Select(_ =>
            new VitBlock(width, configuration.DecoderHeads, configuration.DecoderMlpWidth, configuration.LayerNormEps, dropout: 0, device))]);
        _normWeight = Uninitialised(device, width);
        _normBias = Uninitialised(device, width);
        _predictionWeight = Uninitialised(device, configuration.PatchLength, width);
        _predictionBias = Uninitialised(device, configuration.PatchLength);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override VitConfiguration Configuration { get; }

    /// <summary>The encoder.</summary>
    public VitEncoder Encoder => _encoder;

    /// <inheritdoc/>
    public override (Tensor Loss, Representation? Matched) Forward(ModelInput input, DistillTarget? target)
    {
        (PatchTensor patches, MaskTensors mask) = Receive(input);
        Tensor prediction = Predict(patches, mask);                                                 // [batch, masked, patch length]
        Tensor loss = Losses.MaskedAutoEncoding(prediction, patches, mask, Configuration.NormPixLoss);
        return (loss, target switch
        {
            null => null,
            DistillTarget.Predictions => new Representation(prediction),
            DistillTarget whole => _encoder.Representation(patches, whole),
        });
    }

    /// <inheritdoc/>
    public override Tensor Predictions(ModelInput input)
    {
        (PatchTensor patches, MaskTensors mask) = Receive(input);
        return Predict(patches, mask);
    }

    /// <summary>Predicts the masked patches from the kept ones.</summary>
    /// <param name="patches">Normalised pixels of all patches.</param>
    /// <param name="mask">Which of them the encoder sees.</param>
    /// <returns><c>[batch, masked, patch length]</c>, within a patch ordered by row, column, channel as Hugging Face does.</returns>
    public Tensor Predict(PatchTensor patches, MaskTensors mask)
    {
        Tensor encoded = _encoder.Tokens(patches.Select(mask.KeptRows, mask.Kept), mask.KeptPatches); // [batch, 1 + kept, width]
        long batch = encoded.shape[0];
        int width = Configuration.DecoderWidth;
        Tensor patchPositions = _positions.narrow(0, 1, Configuration.Patches);                     // [patches, decoder width]
        Tensor keptPositions = patchPositions.index_select(0, mask.KeptPatches).view(batch, mask.Kept, width);
        Tensor clsPosition = _positions.narrow(0, 0, 1).unsqueeze(0).expand(batch, 1, width);
        Tensor seen = Kernels.Linear(encoded, _embedWeight, _embedBias) + cat([clsPosition, keptPositions], 1);
        Tensor hidden = _maskToken + patchPositions.index_select(0, mask.MaskedPatches).view(batch, mask.Masked, width);
        Tensor x = cat([seen, hidden], 1);                                                          // [batch, 1 + patches, decoder width]
        for (int layer = 0; layer < _blocks.Count - 1; layer++)
            x = _blocks[layer].call(x);
        x = _blocks[_blocks.Count - 1].ForwardPart(x, 1 + mask.Kept, mask.Masked);                  // [batch, masked, decoder width]
        x = Kernels.LayerNorm(x, _normWeight, _normBias, Configuration.LayerNormEps);
        return Kernels.Linear(x, _predictionWeight, _predictionBias);
    }

    private (PatchTensor Patches, MaskTensors Mask) Receive(ModelInput input)
    {
        PatchTensor patches = _encoder.Receive(input);
        int[] kept = VitEncoder.Images(input).KeptPatches
            ?? throw new ModelException("A batch for masked auto-encoding has no kept patches; give them with it.");
        return (patches, new MaskTensors(kept, input.Count, Configuration.Patches, _maskToken.device));
    }

    /// <summary>The tensors under Hugging Face's names.</summary>
    public override IEnumerable<Weight> Weights()
    {
        foreach (Weight weight in _encoder.Weights())
            yield return weight;
        int width = Configuration.DecoderWidth;
        yield return new Weight("decoder.mask_token", _maskToken, [1, 1, width], Initialisation.Normal);
        yield return new Weight("decoder.decoder_pos_embed", _positions, [1, 1 + Configuration.Patches, width], Initialisation.Positions);
        for (int layer = 0; layer < _blocks.Count; layer++)
        {
            foreach (Weight weight in _blocks[layer].Weights($"decoder.decoder_layers.{layer}"))
                yield return weight;
        }
        foreach (Weight weight in Linear("decoder.decoder_embed", _embedWeight, _embedBias)
            .Concat(LayerNorm("decoder.decoder_norm", _normWeight, _normBias))
            .Concat(Linear("decoder.decoder_pred", _predictionWeight, _predictionBias)))
            yield return weight;
    }
}
