using static TorchSharp.torch;

namespace ActorTrain.Model.Tests;

/// <summary>The image model of golden/make_golden.py, its batch, and what PyTorch made of it.</summary>
internal static class Golden
{
    public static string ModelFolder { get; } = Path.Combine(GoldenValues.Folder, "model");

    public static GoldenValues Values { get; } = new("expected.safetensors");

    public static VitConfiguration Configuration => (VitConfiguration)ConfigurationFile.Read(ModelFolder);

    public const int Count = 3;

    public static byte[] Pixels { get; } = [.. Values["pixels"].Select(value => (byte)value)];

    public static int[] Kept { get; } = [.. Values["kept"].Select(value => (int)value)];

    public static StudentBatch Batch { get; } = new(new ImageInput(Pixels, Count, 16, Kept), Labels: null, Targets: null);

    public static VitMae LoadMae()
    {
        VitMae network = new(Configuration, new NetworkOptions(CPU));
        Model.ModelFolder.Load(network, ModelFolder);
        return network;
    }

    public static PatchTensor Patches() =>
        new PatchExtractor(Configuration, PatchExtractor.ImageNetMean, PatchExtractor.ImageNetStd, CPU).Extract(Pixels, Count, 16);

    public static MaskTensors Mask() => new(Kept, Count, Configuration.Patches, CPU);
}
