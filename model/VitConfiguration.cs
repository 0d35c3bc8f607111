namespace ActorTrain.Model;

/// <summary>
/// Shape of a ViT-MAE or of a classifier made of one: the entries of Hugging Face's <c>config.json</c>
/// (<c>ViTMAEConfig</c>, <c>ViTConfig</c>) under the names used here. Images are RGB and square.
/// </summary>
public sealed record VitConfiguration
{
    /// <summary>Colour channels of an image.</summary>
    public const int Channels = 3;

    /// <summary>Height and width of an image in pixels (<c>image_size</c>).</summary>
    public required int ImageSize { get; init; }

    /// <summary>Height and width of a patch in pixels (<c>patch_size</c>).</summary>
    public required int PatchSize { get; init; }

    /// <summary>Width of an encoder token (<c>hidden_size</c>).</summary>
    public required int Width { get; init; }

    /// <summary>Encoder blocks (<c>num_hidden_layers</c>).</summary>
    public required int Layers { get; init; }

    /// <summary>Attention heads of an encoder block (<c>num_attention_heads</c>).</summary>
    public required int Heads { get; init; }

    /// <summary>Hidden width of an encoder block's MLP (<c>intermediate_size</c>).</summary>
    public required int MlpWidth { get; init; }

    /// <summary>Width of a decoder token (<c>decoder_hidden_size</c>); 0 where there is no decoder.</summary>
    public int DecoderWidth { get; init; }

    /// <summary>Decoder blocks (<c>decoder_num_hidden_layers</c>).</summary>
    public int DecoderLayers { get; init; }

    /// <summary>Attention heads of a decoder block (<c>decoder_num_attention_heads</c>).</summary>
    public int DecoderHeads { get; init; }

    /// <summary>Hidden width of a decoder block's MLP (<c>decoder_intermediate_size</c>).</summary>
    public int DecoderMlpWidth { get; init; }

    /// <summary>ε of every LayerNorm (<c>layer_norm_eps</c>).</summary>
    public double LayerNormEps { get; init; } = 1e-12;

    /// <summary>Share of patches hidden from the encoder (<c>mask_ratio</c>).</summary>
    public double MaskRatio { get; init; } = 0.75;

    /// <summary>Whether the MAE loss normalises each target patch (<c>norm_pix_loss</c>).</summary>
    public bool NormPixLoss { get; init; }

    /// <summary>Class names in label order (<c>id2label</c>) of a classifier; empty for a ViT-MAE.</summary>
    public IReadOnlyList<string> ClassNames { get; init; } = [];

    /// <summary>Patches of an image.</summary>
    public int Patches => ImageSize / PatchSize * (ImageSize / PatchSize);

    /// <summary>Numbers in a patch: pixels times channels.</summary>
    public int PatchLength => PatchSize * PatchSize * Channels;

    /// <summary>Whether this describes a classifier (<c>ViTForImageClassification</c>) instead of a ViT-MAE.</summary>
    public bool IsClassifier => ClassNames.Count > 0;

    /// <summary>Names of the built-in shapes.</summary>
    public static IReadOnlyList<string> Presets { get; } = ["tiny-32", "base-224"];

    /// <summary>Whether <paramref name="name"/> is a built-in shape.</summary>
    public static bool IsPreset(string name) => Presets.Contains(name);

    /// <summary>A built-in shape: <c>tiny-32</c> for small images, <c>base-224</c> as facebook/vit-mae-base.</summary>
    /// <exception cref="ModelException">The name is not a preset's.</exception>
    public static VitConfiguration Preset(string name) => name switch
    {
        "tiny-32" => new VitConfiguration
        {
            ImageSize = 32,
            PatchSize = 4,
            Width = 192,
            Layers = 6,
            Heads = 3,
            MlpWidth = 768,
            DecoderWidth = 96,
            DecoderLayers = 2,
            DecoderHeads = 3,
            DecoderMlpWidth = 384,
            NormPixLoss = true,
        },
        "base-224" => new VitConfiguration
        {
            ImageSize = 224,
            PatchSize = 16,
            Width = 768,
            Layers = 12,
            Heads = 12,
            MlpWidth = 3072,
            DecoderWidth = 512,
            DecoderLayers = 8,
            DecoderHeads = 16,
            DecoderMlpWidth = 2048,
        },
        _ => throw new ModelException($"There is no preset '{name}'; the presets are {string.Join(", ", Presets)}."),
    };

    /// <summary>Returns this configuration if a network can have this shape.</summary>
    /// <param name="place">Where the numbers came from, for the message.</param>
    /// <exception cref="ModelException">A number is out of range or does not divide another; all such faults are named at once.</exception>
    public VitConfiguration Validated(string place)
    {
        List<string> faults = [];
        Positive(ImageSize, "image_size");
        Positive(PatchSize, "patch_size");
        Positive(Width, "hidden_size");
        Positive(Layers, "num_hidden_layers");
        Positive(Heads, "num_attention_heads");
        Positive(MlpWidth, "intermediate_size");
        if (!IsClassifier)
        {
            Positive(DecoderWidth, "decoder_hidden_size");
            Positive(DecoderLayers, "decoder_num_hidden_layers");
            Positive(DecoderHeads, "decoder_num_attention_heads");
            Positive(DecoderMlpWidth, "decoder_intermediate_size");
        }
        if (faults.Count == 0)
        {
            Divides(PatchSize, "patch_size", ImageSize, "image_size");
            Divides(Heads, "num_attention_heads", Width, "hidden_size");
            Divides(4, "the sines and cosines of two coordinates,", Width, "hidden_size");
            if (!IsClassifier)
            {
                Divides(DecoderHeads, "decoder_num_attention_heads", DecoderWidth, "decoder_hidden_size");
                Divides(4, "the sines and cosines of two coordinates,", DecoderWidth, "decoder_hidden_size");
            }
        }
        if (!(LayerNormEps > 0 && LayerNormEps < 1))
            faults.Add($"layer_norm_eps is {LayerNormEps} but must lie between 0 and 1");
        if (!(MaskRatio >= 0 && MaskRatio < 1))
            faults.Add($"mask_ratio is {MaskRatio} but must be at least 0 and below 1");
        return faults.Count == 0 ? this : throw new ModelException($"{place} describes no possible network: {string.Join("; ", faults)}.");

        void Positive(int value, string name)
        {
            if (value is < 1 or > 65536)
                faults.Add($"{name} is {value} but must be between 1 and 65536");
        }

        void Divides(int divisor, string divisorName, int value, string name)
        {
            if (value % divisor != 0)
                faults.Add($"{name} {value} is not a multiple of {divisorName} {divisor}");
        }
    }
}
