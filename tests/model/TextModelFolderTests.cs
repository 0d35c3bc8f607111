using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace ActorTrain.Model.Tests;

public sealed class TextModelFolderTests
{
    [Fact]
    public void The_preset_roberta_base_has_the_parameters_of_roberta_base()
    {
        using RobertaMlm network = new(ModelPresets.RobertaBase, new NetworkOptions(CPU));
        Assert.Equal(124_697_433, network.Weights().Sum(weight => weight.Count));
        Assert.Equal(5 + 12 * 16 + 5, network.Weights().Count());
        Assert.Equal(512, ModelPresets.RobertaBase.MaxLength);
    }

    [Fact]
    public void A_fresh_model_is_a_function_of_its_seed_and_follows_transformers()
    {
        using TemporaryFolder folder = new();
        RobertaConfiguration shape = ModelPresets.TinyText with { VocabularySize = 300 };
        ModelFolder.CreateFresh(shape, 1, folder["a"]);
        ModelFolder.CreateFresh(shape, 1, folder["b"]);
        ModelFolder.CreateFresh(shape, 2, folder["c"]);
        Assert.Equal(ModelFolder.Fingerprint(folder["a"]), ModelFolder.Fingerprint(folder["b"]));
        Assert.InRange(ModelFolder.EncoderDistance(folder["a"], folder["c"]), 1, 1000);
        Assert.Equal(shape with { ClassNames = [] }, ModelFolder.ReadConfiguration(folder["a"]) with { ClassNames = [] });
        using SafetensorsFile file = SafetensorsFile.Open(folder["a/model.safetensors"]);
        foreach ((string key, SafetensorsEntry entry) in file.Entries)
        {
            float[] values = file.Read(key);
            bool norm = key.Contains("Norm", StringComparison.Ordinal) || key.Contains("layer_norm", StringComparison.Ordinal);
            if (entry.Shape.Count == 1)
                Assert.All(values, value => Assert.Equal(norm && key.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0, value));
            else
                Assert.InRange(Math.Sqrt(values.Average(value => value * value)), 0.015, 0.025);
        }
    }

    [Fact]
    public void Saving_keeps_every_key_shape_and_value_under_transformers_names()
    {
        using TemporaryFolder folder = new();
        using RobertaMlm network = GoldenText.LoadMlm();
        ModelFolder.Save(network, folder.Path);
        using SafetensorsFile before = SafetensorsFile.Open(Path.Combine(GoldenText.ModelFolder, "model.safetensors"));
        using SafetensorsFile after = SafetensorsFile.Open(folder["model.safetensors"]);
        Assert.Equal(before.Entries.Keys.Order(StringComparer.Ordinal), after.Entries.Keys.Order(StringComparer.Ordinal));
        foreach ((string key, SafetensorsEntry entry) in before.Entries)
        {
            Assert.Equal(entry.Shape, after.Entries[key].Shape);
            Assert.Equal(before.Read(key), after.Read(key));
        }
        JsonObject expected = Json(GoldenText.ModelFolder), written = Json(folder.Path);
        foreach ((string key, JsonNode? value) in expected)
            Assert.True(JsonNode.DeepEquals(value, written[key]), $"{key}: {written[key]}");
    }

    [Fact]
    public void What_transformers_adds_is_passed_over_and_does_not_count_in_a_distance()
    {
        using TemporaryFolder folder = new();
        File.Copy(Path.Combine(GoldenText.ModelFolder, "config.json"), folder["config.json"]);
        Copy(folder.Path, tensors => tensors.AddRange(
        [
            new TensorToWrite("roberta.pooler.dense.weight", [16, 16], () => Filled(256)),
            new TensorToWrite("roberta.pooler.dense.bias", [16], () => Filled(16)),
            new TensorToWrite("roberta.embeddings.position_ids", [1, 16], () => Filled(16)),
            new TensorToWrite("lm_head.decoder.weight", [40, 16], () => Filled(640)),
            new TensorToWrite("lm_head.decoder.bias", [40], () => Filled(40)),
        ]));
        using Student student = Student.Open(
            new StudentOptions { Objective = Objective.MaskedAutoEncoding, LearningRate = 0, TotalSteps = 1 }, folder.Path);
        GoldenText.Values.AssertScalar("mlm/loss", student.Step(0, [new StudentBatch(GoldenText.Input, null, null)]).Loss);
        Assert.Equal(0, ModelFolder.EncoderDistance(GoldenText.ModelFolder, folder.Path));

        static float[] Filled(int count) => [.. Enumerable.Repeat(7f, count)];
    }

    [Fact]
    public void A_vocabulary_that_the_weights_do_not_have_is_told_with_the_way_out()
    {
        using TemporaryFolder folder = new();
        Copy(folder.Path, _ => { });
        Change(folder, "vocab_size", "50");
        string message = Assert.Throws<ModelException>(
            () => Teacher.Open(folder.Path, DistillTarget.Cls, [], [], "cpu", bfloat16: false, threads: 1)).Message;
        Assert.Equal(
            $"'{folder["model.safetensors"]}' does not fit the config.json beside it (1 mismatch): 'roberta.embeddings.word_embeddings.weight' has shape [40, 16] but must have [50, 16]; take both files from the same model.",
            message);
    }

    [Theory]
    [InlineData("vocab_size", "0", "vocab_size is 0 but must be between 1 and")]
    [InlineData("vocab_size", "2", "eos_token_id is 2 but must be a token below vocab_size 2")]
    [InlineData("vocab_size", "\"many\"", "vocab_size is \"many\" but must be a whole number")]
    [InlineData("max_position_embeddings", "2", "max_position_embeddings is 2 but must be above pad_token_id + 1 = 2")]
    [InlineData("num_attention_heads", "3", "hidden_size 16 is not a multiple of num_attention_heads 3")]
    [InlineData("type_vocab_size", "2", "type_vocab_size must be 1")]
    [InlineData("hidden_act", "\"relu\"", "hidden_act must be gelu")]
    [InlineData("position_embedding_type", "\"relative_key\"", "position_embedding_type must be absolute")]
    [InlineData("tie_word_embeddings", "false", "tie_word_embeddings must be true")]
    [InlineData("pad_token_id", "-1", "pad_token_id is -1")]
    [InlineData("layer_norm_eps", "2", "layer_norm_eps is 2")]
    [InlineData("architectures", "[\"RobertaModel\"]", "architectures is [RobertaModel] but must be [RobertaForMaskedLM] or [RobertaForSequenceClassification]")]
    [InlineData("architectures", "\"RobertaForMaskedLM\"", "architectures is \"RobertaForMaskedLM\" but must name one")]
    [InlineData("model_type", "\"bert\"", "model_type is 'bert' but must be vit_mae, vit or roberta")]
    public void An_impossible_configuration_is_refused_with_its_key(string key, string value, string fault)
    {
        using TemporaryFolder folder = new();
        Change(folder, key, value);
        string message = Assert.Throws<ModelException>(() => ModelFolder.ReadConfiguration(folder.Path)).Message;
        Assert.Contains(fault, message, StringComparison.Ordinal);
        Assert.Contains(folder["config.json"], message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_classifier_of_transformers_with_two_unnamed_classes_is_one()
    {
        using TemporaryFolder folder = new();
        Change(folder, "architectures", "[\"RobertaForSequenceClassification\"]");
        ModelConfiguration configuration = ModelFolder.ReadConfiguration(folder.Path);
        Assert.True(configuration.IsClassifier);
        Assert.Equal("RoBERTa classifier", configuration.Kind);
        Assert.Equal(["LABEL_0", "LABEL_1"], configuration.ClassNames);
    }

    private static JsonObject Json(string folder) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!.AsObject();

    private static void Change(TemporaryFolder folder, string key, string value)
    {
        JsonObject json = Json(GoldenText.ModelFolder);
        json[key] = JsonNode.Parse(value);
        File.WriteAllText(folder["config.json"], json.ToJsonString());
    }

    private static void Copy(string folder, Action<List<TensorToWrite>> change)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(GoldenText.ModelFolder, "model.safetensors"));
        List<TensorToWrite> tensors = [.. file.Entries.Values.Select(entry => new TensorToWrite(entry.Name, entry.Shape, () => file.Read(entry.Name)))];
        change(tensors);
        SafetensorsFile.Write(Path.Combine(folder, "model.safetensors"), tensors);
    }
}
