using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>The vision transformer that a ViT-MAE and a classifier share: patches in, tokens after the last LayerNorm out.</summary>
internal sealed class VitEncoder : EncoderNetwork
{
    private readonly Parameter _clsToken;
    private readonly Tensor _positions;
    private readonly Parameter _patchWeight;
    private readonly Parameter _patchBias;
    private readonly ModuleList<VitBlock> _blocks;
    private readonly Parameter _normWeight;
    private readonly Parameter _normBias;
    private readonly PatchExtractor _extractor;
    private readonly double _dropout;

    public VitEncoder(VitConfiguration configuration, NetworkOptions options)
        : base(nameof(VitEncoder))
    {
        Configuration = configuration;
        _dropout = options.Dropout;
        (int width, Device device) = (configuration.Width, options.Device);
        _clsToken = Uninitialised(device, 1, 1, width);
        _positions = empty([1 + configuration.Patches, width], ScalarType.Float32, device);
        _patchWeight = Uninitialised(device, width, configuration.PatchLength);
        _patchBias = Uninitialised(device, width);
        _blocks = nn.ModuleList<VitBlock>([.. Enumerable.Range(0, configuration.Layers).Select(_ =>
            new VitBlock(width, configuration.Heads, configuration.MlpWidth, configuration.LayerNormEps, _dropout, device))]);
        _normWeight = Uninitialised(device, width);
        _normBias = Uninitialised(device, width);
        _extractor = new PatchExtractor(configuration, options.PixelMean, options.PixelStd, device);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override VitConfiguration Configuration { get; }

    /// <summary>Checks a batch and copies it to the device.</summary>
    /// <exception cref="ModelException">The input does not fit the model.</exception>
    public PatchTensor Receive(ModelInput input)
    {
        ImageInput images = Images(input);
        return _extractor.Extract(images.Pixels, images.Count, images.Size);
    }

    /// <summary>What a model for images takes.</summary>
    /// <exception cref="ModelException">The input is of another kind.</exception>
    public static ImageInput Images(ModelInput input) =>
        input as ImageInput ?? throw new ModelException("A batch of text was given to a model for images; use images, or a text model.");

    /// <inheritdoc/>
    public override Representation Representation(ModelInput input, DistillTarget target) => Representation(Receive(input), target);

    /// <summary>The output on all patches.</summary>
    public Representation Representation(PatchTensor patches, DistillTarget target) =>
        new(target == DistillTarget.Cls ? Cls(patches.All) : Tokens(patches.All, seen: null));

    /// <summary>All output tokens, CLS first.</summary>
    /// <param name="patches">Normalised pixels of the patches that are seen, <c>[batch, seen, patch length]</c>.</param>
    /// <param name="seen">Patch numbers of all images one after the other, <c>[batch · seen]</c>; null = every patch is there.</param>
    /// <returns><c>[batch, 1 + seen, width]</c>.</returns>
    public Tensor Tokens(Tensor patches, Tensor? seen)
    {
        Tensor x = Embed(patches, seen);
        foreach (VitBlock block in _blocks)
            x = block.call(x);
        return Kernels.LayerNorm(x, _normWeight, _normBias, Configuration.LayerNormEps);
    }

    /// <inheritdoc/>
    public override Tensor Cls(ModelInput input, Func<Tensor, Tensor>? disturb = null) => Cls(Receive(input).All, disturb);

    /// <summary>The CLS token of every patch's encoding alone: the last block computes no other.</summary>
    /// <param name="patches">Normalised pixels, <c>[batch, patches, patch length]</c>.</param>
    /// <param name="disturb">What becomes of the tokens before the first block; null = nothing.</param>
    /// <returns><c>[batch, width]</c>.</returns>
    public Tensor Cls(Tensor patches, Func<Tensor, Tensor>? disturb = null)
    {
        Tensor x = Embed(patches, seen: null, disturb);
        for (int layer = 0; layer < _blocks.Count - 1; layer++)
            x = _blocks[layer].call(x);
        x = _blocks[_blocks.Count - 1].ForwardPart(x, 0, 1);                                        // [batch, 1, width]
        return Kernels.LayerNorm(x, _normWeight, _normBias, Configuration.LayerNormEps).select(1, 0);
    }

    /// <summary>The tensors under Hugging Face's names.</summary>
    public override IEnumerable<Weight> Weights()
    {
        (int width, int size) = (Configuration.Width, Configuration.PatchSize);
        yield return new Weight("vit.embeddings.cls_token", _clsToken, [1, 1, width], Initialisation.Normal);
        yield return new Weight(
            "vit.embeddings.position_embeddings", _positions, [1, 1 + Configuration.Patches, width], Initialisation.Positions);
        yield return new Weight("vit.embeddings.patch_embeddings.projection.weight", _patchWeight,
            [width, VitConfiguration.Channels, size, size], Initialisation.XavierUniform);
        yield return new Weight("vit.embeddings.patch_embeddings.projection.bias", _patchBias, [width], Initialisation.Zeros);
        for (int layer = 0; layer < _blocks.Count; layer++)
        {
            foreach (Weight weight in _blocks[layer].Weights($"vit.encoder.layer.{layer}"))
                yield return weight;
        }
        foreach (Weight weight in LayerNorm("vit.layernorm", _normWeight, _normBias))
            yield return weight;
    }

    private Tensor Embed(Tensor patches, Tensor? seen, Func<Tensor, Tensor>? disturb = null)
    {
        (long batch, long count) = (patches.shape[0], patches.shape[1]);
        Tensor patchPositions = _positions.narrow(0, 1, Configuration.Patches);                     // [patches, width]
        if (seen is not null)
            patchPositions = patchPositions.index_select(0, seen).view(batch, count, Configuration.Width);
        Tensor tokens = Kernels.Linear(patches, _patchWeight, _patchBias) + patchPositions;         // [batch, seen, width]
        Tensor cls = (_clsToken + _positions.narrow(0, 0, 1)).expand(batch, 1, Configuration.Width);
        Tensor x = cat([cls, tokens], 1);                                                           // [batch, 1 + seen, width]
        return Kernels.Drop(disturb is null ? x : disturb(x), _dropout);
    }
}
