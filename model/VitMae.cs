using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// A masked auto-encoder (He et al., arXiv 2111.06377; Hugging Face's <c>ViTMAEForPreTraining</c>): an encoder that sees some
/// patches and a small decoder that predicts the pixels of the others. The decoder's tokens are CLS, the kept patches, then the
/// masked ones (attention does not mind the order), so that its last block and its head compute the masked ones alone.
/// </summary>
internal sealed class VitMae : VitNetwork
{
    private readonly VitEncoder encoder;
    private readonly Parameter maskToken;
    private readonly Tensor positions;
    private readonly Parameter embedWeight;
    private readonly Parameter embedBias;
    private readonly ModuleList<TransformerBlock> blocks;
    private readonly Parameter normWeight;
    private readonly Parameter normBias;
    private readonly Parameter predictionWeight;
    private readonly Parameter predictionBias;

    public VitMae(VitConfiguration configuration, Device device)
        : base(nameof(VitMae), configuration)
    {
        int width = configuration.DecoderWidth;
        encoder = new VitEncoder(configuration, device);
        maskToken = Uninitialised(device, 1, 1, width);
        positions = empty([1 + configuration.Patches, width], ScalarType.Float32, device);
        embedWeight = Uninitialised(device, width, configuration.Width);
        embedBias = Uninitialised(device, width);
        blocks = nn.ModuleList<TransformerBlock>([.. Enumerable.Range(0, configuration.DecoderLayers).Select(_ =>
            new TransformerBlock(width, configuration.DecoderHeads, configuration.DecoderMlpWidth, configuration.LayerNormEps, device))]);
        normWeight = Uninitialised(device, width);
        normBias = Uninitialised(device, width);
        predictionWeight = Uninitialised(device, configuration.PatchLength, width);
        predictionBias = Uninitialised(device, configuration.PatchLength);
        RegisterComponents();
    }

    /// <summary>The encoder.</summary>
    public VitEncoder Encoder => encoder;

    /// <summary>Predicts the masked patches from the kept ones.</summary>
    /// <param name="patches">Normalised pixels of all patches.</param>
    /// <param name="mask">Which of them the encoder sees.</param>
    /// <returns><c>[batch, masked, patch length]</c>, within a patch ordered by row, column, channel as Hugging Face does.</returns>
    public Tensor Predict(PatchTensor patches, MaskTensors mask)
    {
        Tensor encoded = encoder.Tokens(patches.Select(mask.KeptRows, mask.Kept), mask.KeptPatches); // [batch, 1 + kept, width]
        long batch = encoded.shape[0];
        int width = Configuration.DecoderWidth;
        Tensor patchPositions = positions.narrow(0, 1, Configuration.Patches);                      // [patches, decoder width]
        Tensor keptPositions = patchPositions.index_select(0, mask.KeptPatches).view(batch, mask.Kept, width);
        Tensor clsPosition = positions.narrow(0, 0, 1).unsqueeze(0).expand(batch, 1, width);
        Tensor seen = Kernels.Linear(encoded, embedWeight, embedBias) + cat([clsPosition, keptPositions], 1);
        Tensor hidden = maskToken + patchPositions.index_select(0, mask.MaskedPatches).view(batch, mask.Masked, width);
        Tensor x = cat([seen, hidden], 1);                                                          // [batch, 1 + patches, decoder width]
        for (int layer = 0; layer < blocks.Count - 1; layer++)
            x = blocks[layer].call(x);
        x = blocks[blocks.Count - 1].ForwardPart(x, 1 + mask.Kept, mask.Masked);                    // [batch, masked, decoder width]
        x = Kernels.LayerNorm(x, normWeight, normBias, Configuration.LayerNormEps);
        return Kernels.Linear(x, predictionWeight, predictionBias);
    }

    /// <summary>The tensors under Hugging Face's names.</summary>
    public override IEnumerable<Weight> Weights()
    {
        foreach (Weight weight in encoder.Weights())
            yield return weight;
        int width = Configuration.DecoderWidth;
        yield return new Weight("decoder.mask_token", maskToken, [1, 1, width], Initialisation.Normal);
        yield return new Weight("decoder.decoder_pos_embed", positions, [1, 1 + Configuration.Patches, width], Initialisation.Positions);
        for (int layer = 0; layer < blocks.Count; layer++)
        {
            foreach (Weight weight in blocks[layer].Weights($"decoder.decoder_layers.{layer}"))
                yield return weight;
        }
        foreach (Weight weight in Linear("decoder.decoder_embed", embedWeight, embedBias)
            .Concat(LayerNorm("decoder.decoder_norm", normWeight, normBias))
            .Concat(Linear("decoder.decoder_pred", predictionWeight, predictionBias)))
            yield return weight;
    }
}
