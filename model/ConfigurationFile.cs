using System.Text.Json;
using System.Text.Json.Nodes;

namespace ActorTrain.Model;

/// <summary>Hugging Face's <c>config.json</c> (transformers' <c>ViTMAEConfig</c> and <c>ViTConfig</c>) to and from a <see cref="VitConfiguration"/>.</summary>
internal static class ConfigurationFile
{
    /// <summary>The file's name in a model folder.</summary>
    public const string Name = "config.json";

    /// <summary>Reads and checks the configuration of a model folder.</summary>
    /// <exception cref="ModelException">The file is missing, is no such configuration, or describes no possible network.</exception>
    public static VitConfiguration Read(string folder)
    {
        string path = Path.Combine(folder, Name);
        JsonObject json;
        try
        {
            json = JsonNode.Parse(File.ReadAllText(path)) as JsonObject
                ?? throw new ModelException($"'{path}' holds no JSON object; give a Hugging Face model folder.");
            return new Reader(path, json).Read();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"Cannot read '{path}': {exception.Message.TrimEnd('.')}; give a folder with {Name} and {ModelFolder.WeightsName}.", exception);
        }
        // ArgumentException: a key twice; JsonNode finds it only when the object is first looked into.
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new ModelException($"'{path}' is not valid JSON: {exception.Message.Split(". ", 2)[0].TrimEnd('.')}; download it again.", exception);
        }
    }

    /// <summary>The JSON that transformers loads.</summary>
    public static string Write(VitConfiguration configuration)
    {
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray(configuration.IsClassifier ? "ViTForImageClassification" : "ViTMAEForPreTraining"),
            ["attention_probs_dropout_prob"] = 0.0,
            ["hidden_act"] = "gelu",
            ["hidden_dropout_prob"] = 0.0,
            ["hidden_size"] = configuration.Width,
            ["image_size"] = configuration.ImageSize,
            ["initializer_range"] = 0.02,
            ["intermediate_size"] = configuration.MlpWidth,
            ["layer_norm_eps"] = configuration.LayerNormEps,
            ["model_type"] = configuration.IsClassifier ? "vit" : "vit_mae",
            ["num_attention_heads"] = configuration.Heads,
            ["num_channels"] = VitConfiguration.Channels,
            ["num_hidden_layers"] = configuration.Layers,
            ["patch_size"] = configuration.PatchSize,
            ["qkv_bias"] = true,
        };
        if (configuration.IsClassifier)
        {
            (JsonObject names, JsonObject numbers) = (new(), new());
            for (int label = 0; label < configuration.ClassNames.Count; label++)
            {
                names[$"{label}"] = configuration.ClassNames[label];
                numbers[configuration.ClassNames[label]] = label;
            }
            json["id2label"] = names;
            json["label2id"] = numbers;
            json["problem_type"] = "single_label_classification";
        }
        else
        {
            json["decoder_hidden_size"] = configuration.DecoderWidth;
            json["decoder_intermediate_size"] = configuration.DecoderMlpWidth;
            json["decoder_num_attention_heads"] = configuration.DecoderHeads;
            json["decoder_num_hidden_layers"] = configuration.DecoderLayers;
            json["mask_ratio"] = configuration.MaskRatio;
            json["norm_pix_loss"] = configuration.NormPixLoss;
        }
        return json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    /// <summary>Collects every fault of a file before it complains.</summary>
    private sealed class Reader(string path, JsonObject json)
    {
        private readonly List<string> _faults = [];

        public VitConfiguration Read()
        {
            string type = Value("model_type", "");
            if (type is not ("vit_mae" or "vit"))
                _faults.Add($"model_type is '{type}' but must be vit_mae or vit");
            if (Value("hidden_act", "gelu") != "gelu")
                _faults.Add("hidden_act must be gelu");
            if (Value("num_channels", VitConfiguration.Channels) != VitConfiguration.Channels)
                _faults.Add($"num_channels must be {VitConfiguration.Channels}");
            if (!Value("qkv_bias", true))
                _faults.Add("qkv_bias must be true");
            bool classifier = type == "vit";
            VitConfiguration configuration = new()
            {
                ImageSize = Value("image_size", 224),
                PatchSize = Value("patch_size", 16),
                Width = Value("hidden_size", 768),
                Layers = Value("num_hidden_layers", 12),
                Heads = Value("num_attention_heads", 12),
                MlpWidth = Value("intermediate_size", 3072),
                DecoderWidth = classifier ? 0 : Value("decoder_hidden_size", 512),
                DecoderLayers = classifier ? 0 : Value("decoder_num_hidden_layers", 8),
                DecoderHeads = classifier ? 0 : Value("decoder_num_attention_heads", 16),
                DecoderMlpWidth = classifier ? 0 : Value("decoder_intermediate_size", 2048),
                LayerNormEps = Value("layer_norm_eps", 1e-12),
                MaskRatio = Value("mask_ratio", 0.75),
                NormPixLoss = Value("norm_pix_loss", false),
                ClassNames = classifier ? ClassNames() : [],
            };
            if (_faults.Count > 0)
                throw new ModelException($"'{path}' is not the configuration of a ViT-MAE or ViT classifier: {string.Join("; ", _faults)}.");
            return configuration.Validated($"'{path}'");
        }

        private T Value<T>(string key, T absent)
        {
            if (!json.TryGetPropertyValue(key, out JsonNode? node) || node is null)
                return absent;
            if (node is JsonValue value && value.TryGetValue(out T? found))
                return found;
            _faults.Add($"{key} is {Shown(node)} but must be {(typeof(T) == typeof(int) ? "a whole number" : typeof(T) == typeof(string) ? "a string" : typeof(T) == typeof(bool) ? "true or false" : "a number")}");
            return absent;
        }

        private List<string> ClassNames()
        {
            if (!json.TryGetPropertyValue("id2label", out JsonNode? node) || node is null)
                return ["LABEL_0", "LABEL_1"];
            List<string> names = [];
            if (node is JsonObject labels)
            {
                while (labels.TryGetPropertyValue($"{names.Count}", out JsonNode? name) && name is JsonValue value && value.TryGetValue(out string? text))
                    names.Add(text);
                if (names.Count == labels.Count && names.Count > 0)
                    return names;
            }
            _faults.Add("id2label must name the classes 0, 1, 2, …");
            return ["?"];
        }

        private static string Shown(JsonNode node)
        {
            string text = node.ToJsonString();
            return text.Length <= 40 ? text : text[..40] + "…";
        }
    }
}
