using static TorchSharp.torch;

namespace ActorTrain.Model.Tests;

/// <summary>What golden/make_golden.py computed with PyTorch.</summary>
internal static class Golden
{
    private const double RelativeTolerance = 1e-5;
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "golden");

    public static string ModelFolder { get; } = Path.Combine(Folder, "model");

    public static IReadOnlyDictionary<string, float[]> Expected { get; } = ReadAll();

    public static VitConfiguration Configuration => (VitConfiguration)ConfigurationFile.Read(ModelFolder);

    public const int Count = 3;

    public static byte[] Pixels { get; } = [.. Expected["pixels"].Select(value => (byte)value)];

    public static int[] Kept { get; } = [.. Expected["kept"].Select(value => (int)value)];

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

    public static void AssertScalar(string key, double actual) => AssertClose(key, Expected[key], [(float)actual], Math.Abs(Expected[key][0]));

    /// <summary>Compares with an expected tensor, relative to its largest value (or another scale).</summary>
    public static void AssertTensor(string key, IEnumerable<float> actual, double? scale = null) =>
        AssertClose(key, Expected[key], [.. actual], scale ?? Expected[key].Max(Math.Abs));

    /// <summary>Compares the gradients of every trained tensor of a network.</summary>
    public static void AssertGradients(string key, Network network, Tensor loss)
    {
        AssertScalar($"{key}/loss", loss.item<float>());
        List<Weight> weights = [.. network.Weights().Where(weight => weight.Initialisation != Initialisation.Positions)];
        List<Tensor> parameters = [.. weights.Select(weight => weight.Tensor).Distinct()];
        IList<Tensor> gradients = autograd.grad([loss], parameters);
        foreach (Weight weight in weights)
        {
            Tensor gradient = gradients[parameters.IndexOf(weight.Tensor)].reshape(-1).narrow(0, weight.Offset, weight.Count);
            string name = $"{key}/gradient/{weight.Key}";
            // A key's bias moves all scores of a query alike, which softmax ignores: its gradient is rounding noise around zero.
            double? scale = weight.Key.EndsWith("key.bias", StringComparison.Ordinal)
                ? Expected[name.Replace("key.bias", "query.bias", StringComparison.Ordinal)].Max(Math.Abs)
                : null;
            AssertTensor(name, gradient.contiguous().data<float>(), scale);
        }
    }

    private static void AssertClose(string key, float[] expected, float[] actual, double scale)
    {
        Assert.Equal(expected.Length, actual.Length);
        double worst = expected.Zip(actual, (left, right) => Math.Abs((double)left - right)).Max();
        Assert.True(worst <= RelativeTolerance * scale, $"{key} is off by {worst}, {worst / scale:E2} of {scale}.");
    }

    private static Dictionary<string, float[]> ReadAll()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Folder, "expected.safetensors"));
        return file.Entries.Keys.ToDictionary(key => key, file.Read);
    }
}
