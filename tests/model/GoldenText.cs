using static TorchSharp.torch;

namespace ActorTrain.Model.Tests;

/// <summary>The text model of golden/make_golden_text.py, its batch, and what PyTorch made of it, with padding.</summary>
internal static class GoldenText
{
    public static string ModelFolder { get; } = Path.Combine(GoldenValues.Folder, "text-model");

    public static GoldenValues Values { get; } = new("expected-text.safetensors");

    public static RobertaConfiguration Configuration => (RobertaConfiguration)ConfigurationFile.Read(ModelFolder);

    public static TextInput Input { get; } =
        new(Values.Integers("tokens"), Values.Integers("lengths"), Values.Integers("masked-positions"), Values.Integers("masked-tokens"));

    public static RobertaMlm LoadMlm()
    {
        RobertaMlm network = new(Configuration, new NetworkOptions(CPU));
        Model.ModelFolder.Load(network, ModelFolder);
        return network;
    }
}
