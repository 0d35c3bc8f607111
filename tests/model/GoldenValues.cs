using static TorchSharp.torch;

namespace ActorTrain.Model.Tests;

/// <summary>What a script in golden/ computed with PyTorch, and comparisons with it.</summary>
internal sealed class GoldenValues
{
    private const double RelativeTolerance = 1e-5;
    private readonly Dictionary<string, float[]> _values;

    public GoldenValues(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Folder, name));
        _values = file.Entries.Keys.ToDictionary(key => key, file.Read);
    }

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "golden");

    public IEnumerable<string> Keys => _values.Keys;

    public float[] this[string key] => _values[key];

    public int[] Integers(string key) => [.. this[key].Select(value => (int)value)];

    public void AssertScalar(string key, double actual) => AssertClose(key, this[key], [(float)actual], Math.Abs(this[key][0]));

    /// <summary>Compares with an expected tensor, relative to its largest value (or another scale).</summary>
    public void AssertTensor(string key, IEnumerable<float> actual, double? scale = null) =>
        AssertClose(key, this[key], [.. actual], scale ?? this[key].Max(Math.Abs));

    /// <summary>Compares the gradients of every trained tensor of a network.</summary>
    public void AssertGradients(string key, Network network, Tensor loss)
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
                ? this[name.Replace("key.bias", "query.bias", StringComparison.Ordinal)].Max(Math.Abs)
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
}
