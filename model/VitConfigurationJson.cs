using System.Text.Json.Nodes;

namespace ActorTrain.Model;

/// <summary>transformers' <c>ViTMAEConfig</c> and <c>ViTConfig</c>.</summary>
internal static class VitConfigurationJson
{
    public static VitConfiguration Read(ConfigurationReader reader, bool classifier)
    {
        reader.Require("hidden_act", "gelu");
        reader.Require("num_channels", VitConfiguration.Channels);
        reader.Require("qkv_bias", true);
        return new VitConfiguration
        {
            ImageSize = reader.Value("image_size", 224),
            PatchSize = reader.Value("patch_size", 16),
            Width = reader.Value("hidden_size", 768),
            Layers = reader.Value("num_hidden_layers", 12),
            Heads = reader.Value("num_attention_heads", 12),
            MlpWidth = reader.Value("intermediate_size", 3072),
            DecoderWidth = classifier ? 0 : reader.Value("decoder_hidden_size", 512),
            DecoderLayers = classifier ? 0 : reader.Value("decoder_num_hidden_layers", 8),
            DecoderHeads = classifier ? 0 : reader.Value("decoder_num_attention_heads", 16),
            DecoderMlpWidth = classifier ? 0 : reader.Value("decoder_intermediate_size", 2048),
            LayerNormEps = reader.Value("layer_norm_eps", 1e-12),
            MaskRatio = reader.Value("mask_ratio", 0.75),
            NormPixLoss = reader.Value("norm_pix_loss", false),
            ClassNames = classifier ? reader.ClassNames() : [],
        };
    }

    /// <summary>The entries that only a ViT has.</summary>
    public static JsonObject Write(VitConfiguration configuration)
    {
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray(configuration.IsClassifier ? "ViTForImageClassification" : "ViTMAEForPreTraining"),
            ["attention_probs_dropout_prob"] = 0.0,
            ["hidden_dropout_prob"] = 0.0,
            ["image_size"] = configuration.ImageSize,
            ["model_type"] = configuration.IsClassifier ? "vit" : "vit_mae",
            ["num_channels"] = VitConfiguration.Channels,
            ["patch_size"] = configuration.PatchSize,
            ["qkv_bias"] = true,
        };
        if (!configuration.IsClassifier)
        {
            json["decoder_hidden_size"] = configuration.DecoderWidth;
            json["decoder_intermediate_size"] = configuration.DecoderMlpWidth;
            json["decoder_num_attention_heads"] = configuration.DecoderHeads;
            json["decoder_num_hidden_layers"] = configuration.DecoderLayers;
            json["mask_ratio"] = configuration.MaskRatio;
            json["norm_pix_loss"] = configuration.NormPixLoss;
        }
        return json;
    }
}
