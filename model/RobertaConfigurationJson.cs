using System.Text.Json.Nodes;

namespace ActorTrain.Model;

/// <summary>transformers' <c>RobertaConfig</c>.</summary>
internal static class RobertaConfigurationJson
{
    private const string LanguageModel = "RobertaForMaskedLM";
    private const string Classifier = "RobertaForSequenceClassification";

    public static RobertaConfiguration Read(ConfigurationReader reader)
    {
        string architecture = reader.Architecture(LanguageModel);
        reader.Require(architecture is LanguageModel or Classifier, $"architectures is [{architecture}] but must be [{LanguageModel}] or [{Classifier}]");
        reader.Require("hidden_act", "gelu");
        reader.Require("position_embedding_type", "absolute");
        reader.Require("tie_word_embeddings", true);
        reader.Require("is_decoder", false);
        reader.Require(reader.Value("type_vocab_size", 2) == 1, "type_vocab_size must be 1");
        return new RobertaConfiguration
        {
            VocabularySize = reader.Value("vocab_size", 50265),
            Positions = reader.Value("max_position_embeddings", 512),
            BeginToken = reader.Value("bos_token_id", 0),
            PadToken = reader.Value("pad_token_id", 1),
            EndToken = reader.Value("eos_token_id", 2),
            Width = reader.Value("hidden_size", 768),
            Layers = reader.Value("num_hidden_layers", 12),
            Heads = reader.Value("num_attention_heads", 12),
            MlpWidth = reader.Value("intermediate_size", 3072),
            LayerNormEps = reader.Value("layer_norm_eps", 1e-12),
            ClassNames = architecture == Classifier ? reader.ClassNames() : [],
        };
    }

    /// <summary>The entries that only a RoBERTa has. The dropout is what transformers would train on with.</summary>
    public static JsonObject Write(RobertaConfiguration configuration) => new()
    {
        ["architectures"] = new JsonArray(configuration.IsClassifier ? Classifier : LanguageModel),
        ["attention_probs_dropout_prob"] = 0.1,
        ["bos_token_id"] = configuration.BeginToken,
        ["eos_token_id"] = configuration.EndToken,
        ["hidden_dropout_prob"] = 0.1,
        ["max_position_embeddings"] = configuration.Positions,
        ["model_type"] = "roberta",
        ["pad_token_id"] = configuration.PadToken,
        ["position_embedding_type"] = "absolute",
        ["tie_word_embeddings"] = true,
        ["type_vocab_size"] = 1,
        ["vocab_size"] = configuration.VocabularySize,
    };
}
