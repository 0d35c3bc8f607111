using System.Text.Json.Nodes;

namespace ActorTrain.Model;

/// <summary>
/// Shape of a ViT-MAE or of a classifier made of one: the entries of Hugging Face's <c>config.json</c>
/// (<c>ViTMAEConfig</c>, <c>ViTConfig</c>) under the names used here. Images are RGB and square.
/// </summary>
public sealed record VitConfiguration : ModelConfiguration
{
    /// <summary>Colour channels of an image.</summary>
    public const int Channels = 3;

    /// <summary>Height and width of an image in pixels (<c>image_size</c>).</summary>
    public required int ImageSize { get; init; }

    /// <summary>Height and width of a patch in pixels (<c>patch_size</c>).</summary>
    public required int PatchSize { get; init; }

    /// <summary>Width of a decoder token (<c>decoder_hidden_size</c>); 0 where there is no decoder.</summary>
    public int DecoderWidth { get; init; }

    /// <summary>Decoder blocks (<c>decoder_num_hidden_layers</c>).</summary>
    public int DecoderLayers { get; init; }

    /// <summary>Attention heads of a decoder block (<c>decoder_num_attention_heads</c>).</summary>
    public int DecoderHeads { get; init; }

    /// <summary>Hidden width of a decoder block's MLP (<c>decoder_intermediate_size</c>).</summary>
    public int DecoderMlpWidth { get; init; }

    /// <inheritdoc/>
    public override double LayerNormEps { get; init; } = 1e-12;

    /// <summary>Share of patches hidden from the encoder (<c>mask_ratio</c>).</summary>
    public double MaskRatio { get; init; } = 0.75;

    /// <summary>Whether the MAE loss normalises each target patch (<c>norm_pix_loss</c>).</summary>
    public bool NormPixLoss { get; init; }

    /// <summary>Patches of an image.</summary>
    public int Patches => ImageSize / PatchSize * (ImageSize / PatchSize);

    /// <summary>Numbers in a patch: pixels times channels.</summary>
    public int PatchLength => PatchSize * PatchSize * Channels;

    /// <inheritdoc/>
    public override string Kind => IsClassifier ? "ViT classifier" : "ViT-MAE";

    /// <inheritdoc/>
    public override VitConfiguration Validated(string place)
    {
        Faults faults = new();
        faults.Positive(ImageSize, "image_size");
        faults.Positive(PatchSize, "patch_size");
        CheckEncoder(faults);
        if (!IsClassifier)
        {
            faults.Positive(DecoderWidth, "decoder_hidden_size");
            faults.Positive(DecoderLayers, "decoder_num_hidden_layers");
            faults.Positive(DecoderHeads, "decoder_num_attention_heads");
            faults.Positive(DecoderMlpWidth, "decoder_intermediate_size");
        }
        faults.Require(MaskRatio >= 0 && MaskRatio < 1, $"mask_ratio is {MaskRatio} but must be at least 0 and below 1");
        if (faults.None)
        {
            faults.Divides(PatchSize, "patch_size", ImageSize, "image_size");
            faults.Divides(4, "the sines and cosines of two coordinates,", Width, "hidden_size");
            if (!IsClassifier)
            {
                faults.Divides(DecoderHeads, "decoder_num_attention_heads", DecoderWidth, "decoder_hidden_size");
                faults.Divides(4, "the sines and cosines of two coordinates,", DecoderWidth, "decoder_hidden_size");
            }
        }
        faults.Complete(place);
        return this;
    }

    internal override int? TokensOfSample => 1 + Patches;

    internal override JsonObject ToJson() => VitConfigurationJson.Write(this);

    internal override VitMae CreateMasked(NetworkOptions options) => new(this, options);

    internal override VitEncoder CreateEncoder(NetworkOptions options) => new(this, options);

    internal override VitClassifier CreateClassifier(NetworkOptions options) => new(this, options);
}
