using System.Text.Json;
using System.Text.Json.Nodes;

namespace ActorTrain.Model;

/// <summary>Hugging Face's <c>config.json</c> to and from a <see cref="ModelConfiguration"/>.</summary>
internal static class ConfigurationFile
{
    /// <summary>The file's name in a model folder.</summary>
    public const string Name = "config.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Reads and checks the configuration of a model folder.</summary>
    /// <exception cref="ModelException">The file is missing, is no such configuration, or describes no possible network.</exception>
    public static ModelConfiguration Read(string folder)
    {
        string path = Path.Combine(folder, Name);
        try
        {
            JsonObject json = JsonNode.Parse(File.ReadAllText(path)) as JsonObject
                ?? throw new ModelException($"'{path}' holds no JSON object; give a Hugging Face model folder.");
            ConfigurationReader reader = new(json);
            string type = reader.Value("model_type", "");
            ModelConfiguration? configuration = type switch
            {
                "vit_mae" => VitConfigurationJson.Read(reader, classifier: false),
                "vit" => VitConfigurationJson.Read(reader, classifier: true),
                "roberta" => RobertaConfigurationJson.Read(reader),
                _ => null,
            };
            reader.Require(configuration is not null, $"model_type is '{type}' but must be vit_mae, vit or roberta");
            reader.Complete(path);
            return configuration!.Validated($"'{path}'");
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
    public static string Write(ModelConfiguration configuration)
    {
        JsonObject json = configuration.ToJson();
        json["hidden_act"] = "gelu";
        json["hidden_size"] = configuration.Width;
        json["initializer_range"] = 0.02;
        json["intermediate_size"] = configuration.MlpWidth;
        json["layer_norm_eps"] = configuration.LayerNormEps;
        json["num_attention_heads"] = configuration.Heads;
        json["num_hidden_layers"] = configuration.Layers;
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
        return json.ToJsonString(Indented) + "\n";
    }
}
