using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace ActorTrain.Model.Tests;

public sealed class ModelFolderTests
{
    private const string Key = "vit.encoder.layer.0.attention.attention.key.weight";

    [Fact]
    public void The_preset_base_224_has_the_parameters_of_vit_mae_base()
    {
        using VitMae network = new(ModelPresets.Base224, new NetworkOptions(CPU));
        Assert.Equal(111_907_840, network.Weights().Sum(weight => weight.Count));
        Assert.Equal(12 * 16 + 8 * 16 + 4 + 2 + 2 + 2 + 2 + 2, network.Weights().Count());
    }

    [Fact]
    public void A_fresh_model_is_a_function_of_its_seed()
    {
        using TemporaryFolder folder = new();
        ModelFolder.CreateFresh(ModelPresets.Tiny32, 1, folder["a"]);
        ModelFolder.CreateFresh(ModelPresets.Tiny32, 1, folder["b"]);
        ModelFolder.CreateFresh(ModelPresets.Tiny32, 2, folder["c"]);
        Assert.Equal(ModelFolder.Fingerprint(folder["a"]), ModelFolder.Fingerprint(folder["b"]));
        Assert.NotEqual(ModelFolder.Fingerprint(folder["a"]), ModelFolder.Fingerprint(folder["c"]));
        Assert.Equal(0, ModelFolder.EncoderDistance(folder["a"], folder["b"]));
        Assert.InRange(ModelFolder.EncoderDistance(folder["a"], folder["c"]), 1, 1000);
        Assert.Equal(ModelPresets.Tiny32 with { ClassNames = [] }, ModelFolder.ReadConfiguration(folder["a"]) with { ClassNames = [] });
    }

    [Fact]
    public void Fresh_weights_follow_the_reference_implementation()
    {
        using VitMae network = Golden.LoadMae();
        float[] positions = network.Weights().Single(weight => weight.Key == "vit.embeddings.position_embeddings").Get();
        FreshWeights.Fill(network.Weights(), 3);
        Dictionary<string, float[]> fresh = network.Weights().ToDictionary(weight => weight.Key, weight => weight.Get());
        Assert.All(positions.Zip(fresh["vit.embeddings.position_embeddings"]), pair => Assert.Equal(pair.First, pair.Second, 1e-7));
        double bound = Math.Sqrt(6.0 / (3 * 16 + 16));
        Assert.InRange(fresh[Key].Max(Math.Abs), 0.9 * bound, bound);
        Assert.All(fresh["vit.layernorm.weight"], value => Assert.Equal(1, value));
        Assert.All(fresh["vit.encoder.layer.0.intermediate.dense.bias"], value => Assert.Equal(0, value));
        Assert.InRange(Math.Sqrt(fresh["vit.embeddings.cls_token"].Average(value => value * value)), 0.005, 0.05);
    }

    [Fact]
    public void Saving_keeps_every_key_shape_and_value()
    {
        using TemporaryFolder folder = new();
        using VitMae network = Golden.LoadMae();
        ModelFolder.Save(network, folder.Path);
        using SafetensorsFile before = SafetensorsFile.Open(Path.Combine(Golden.ModelFolder, "model.safetensors"));
        using SafetensorsFile after = SafetensorsFile.Open(folder["model.safetensors"]);
        Assert.Equal(before.Entries.Keys.Order(StringComparer.Ordinal), after.Entries.Keys.Order(StringComparer.Ordinal));
        foreach ((string key, SafetensorsEntry entry) in before.Entries)
        {
            Assert.Equal(entry.Shape, after.Entries[key].Shape);
            Assert.Equal(before.Read(key), after.Read(key));
        }
        Assert.Equal(network.Configuration with { ClassNames = [] }, ModelFolder.ReadConfiguration(folder.Path) with { ClassNames = [] });
    }

    [Fact]
    public void Every_mismatch_is_reported_at_once()
    {
        using TemporaryFolder folder = new();
        CopyModel(folder.Path, tensors =>
        {
            tensors.RemoveAll(tensor => tensor.Name == "decoder.mask_token");
            tensors.RemoveAll(tensor => tensor.Name == Key);
            tensors.Add(new TensorToWrite(Key, [8, 32], () => new float[256]));
            tensors.Add(new TensorToWrite("vit.surplus", [1], () => new float[1]));
            tensors.Add(new TensorToWrite("vit.pooler.dense.bias", [16], () => new float[16]));
        });
        using VitMae network = new(Golden.Configuration, new NetworkOptions(CPU));
        string message = Assert.Throws<ModelException>(() => ModelFolder.Load(network, folder.Path)).Message;
        Assert.Contains("(3 mismatches)", message, StringComparison.Ordinal);
        Assert.Contains("'decoder.mask_token' is missing", message, StringComparison.Ordinal);
        Assert.Contains($"'{Key}' has shape [8, 32] but must have [16, 16]", message, StringComparison.Ordinal);
        Assert.Contains("'vit.surplus' is unexpected", message, StringComparison.Ordinal);
        Assert.Contains(folder["model.safetensors"], message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_mismatch_is_told_with_the_way_out()
    {
        using TemporaryFolder folder = new();
        CopyModel(folder.Path, tensors => tensors.RemoveAll(tensor => tensor.Name == "decoder.mask_token"));
        using VitMae network = new(Golden.Configuration, new NetworkOptions(CPU));
        Assert.Equal(
            $"'{folder["model.safetensors"]}' does not fit the config.json beside it (1 mismatch): 'decoder.mask_token' is missing; take both files from the same model.",
            Assert.Throws<ModelException>(() => ModelFolder.Load(network, folder.Path)).Message);
    }

    [Fact]
    public void An_optional_pooler_is_passed_over()
    {
        using TemporaryFolder folder = new();
        CopyModel(folder.Path, tensors => tensors.Add(new TensorToWrite("vit.pooler.dense.bias", [16], () => new float[16])));
        using VitMae network = new(Golden.Configuration, new NetworkOptions(CPU));
        ModelFolder.Load(network, folder.Path);
        Assert.Equal(2 + 2 + 2 * 16 + 2 * 16 + 2 + 2 + 2 + 2 + 2, network.Weights().Count());
    }

    [Theory]
    [InlineData("patch_size", "5", "image_size 16 is not a multiple of patch_size 5")]
    [InlineData("num_attention_heads", "3", "hidden_size 16 is not a multiple of num_attention_heads 3")]
    [InlineData("decoder_num_attention_heads", "16", "decoder_hidden_size 8 is not a multiple")]
    [InlineData("hidden_size", "-16", "hidden_size is -16")]
    [InlineData("hidden_size", "\"wide\"", "hidden_size is \"wide\" but must be a whole number")]
    [InlineData("num_channels", "1", "num_channels must be 3")]
    [InlineData("hidden_act", "\"relu\"", "hidden_act must be gelu")]
    [InlineData("qkv_bias", "false", "qkv_bias must be true")]
    [InlineData("model_type", "\"bert\"", "model_type is 'bert'")]
    [InlineData("mask_ratio", "1.0", "mask_ratio is 1")]
    [InlineData("layer_norm_eps", "0", "layer_norm_eps is 0")]
    public void An_impossible_configuration_is_refused_with_its_key(string key, string value, string fault)
    {
        using TemporaryFolder folder = new();
        JsonObject json = JsonNode.Parse(File.ReadAllText(Path.Combine(Golden.ModelFolder, "config.json")))!.AsObject();
        json[key] = JsonNode.Parse(value);
        File.WriteAllText(folder["config.json"], json.ToJsonString());
        ModelException exception = Assert.Throws<ModelException>(() => ModelFolder.ReadConfiguration(folder.Path));
        Assert.Contains(fault, exception.Message, StringComparison.Ordinal);
        Assert.Contains(folder["config.json"], exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("{\"model_type\":\"vit\",\"model_type\":\"vit\"}")]
    [InlineData("{\"model_type\":\"vit\",\"id2label\":{\"0\":\"a\",\"2\":\"b\"}}")]
    public void A_broken_configuration_file_is_refused(string text)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder["config.json"], text);
        Assert.Contains(folder["config.json"], Assert.Throws<ModelException>(() => ModelFolder.ReadConfiguration(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_folder_and_an_impossible_size_are_refused()
    {
        using TemporaryFolder folder = new();
        Assert.Contains(folder["none"], Assert.Throws<ModelException>(() => ModelFolder.ReadConfiguration(folder["none"])).Message, StringComparison.Ordinal);
        Assert.Contains("33", Assert.Throws<ModelException>(() => ModelFolder.CreateFresh(ModelPresets.Tiny32 with { ImageSize = 33 }, 0, folder["a"])).Message, StringComparison.Ordinal);
        Assert.Contains("tiny-32, base-224, tiny-text, roberta-base", Assert.Throws<ModelException>(() => ModelPresets.Find("huge")).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["file"], "");
        Assert.Contains(folder["file"], Assert.Throws<ModelException>(() => ModelFolder.CreateFresh(ModelPresets.Tiny32, 0, folder["file"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspection_lists_names_dtypes_and_shapes_in_order()
    {
        IReadOnlyList<SafetensorsEntry> entries = ModelFolder.Inspect(Golden.ModelFolder);
        Assert.Equal("decoder.decoder_embed.bias", entries[0].Name);
        Assert.Equal([16, 3, 4, 4], entries.Single(entry => entry.Name == "vit.embeddings.patch_embeddings.projection.weight").Shape);
    }

    private static void CopyModel(string folder, Action<List<TensorToWrite>> change)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Golden.ModelFolder, "model.safetensors"));
        List<TensorToWrite> tensors = [.. file.Entries.Values.Select(entry => new TensorToWrite(entry.Name, entry.Shape, () => file.Read(entry.Name)))];
        change(tensors);
        SafetensorsFile.Write(Path.Combine(folder, "model.safetensors"), tensors);
    }
}
