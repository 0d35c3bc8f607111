using System.Text.Json;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ActorTrain.Embedded.TorchSharp.Tests;

/// <summary>Operators and their gradients against PyTorch's own numbers (golden.json, written by make_golden.py).</summary>
public sealed class GoldenTests
{
    private const double RelativeTolerance = 1e-5;
    private const double AbsoluteTolerance = 1e-6;

    private static readonly Golden Expected = JsonSerializer.Deserialize<Golden>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "golden.json")), JsonSerializerOptions.Web)!;

    private static readonly Dictionary<string, Func<Tensor[], Tensor>> Operators = new()
    {
        ["abs"] = t => t[0].abs(),
        ["add"] = t => t[0] + t[1],
        ["add alpha"] = t => t[0].add(t[1], 0.25),
        ["add scalar"] = t => t[0] + 3,
        ["scalar minus"] = t => 2 - t[0],
        ["broadcast"] = t => t[0] * t[1],
        ["div"] = t => t[0] / t[1],
        ["scalar over"] = t => 1 / t[0],
        ["negate"] = t => -t[0],
        ["pow"] = t => t[0].pow(2.5),
        ["square"] = t => t[0].square(),
        ["sqrt"] = t => t[0].sqrt(),
        ["log"] = t => t[0].log(),
        ["gelu"] = t => functional.gelu(t[0]),
        ["clamp"] = t => t[0].clamp(-0.5, 0.75),
        ["matmul"] = t => matmul(t[0], t[1]),
        ["linear"] = t => functional.linear(t[0], t[1], t[2]),
        ["linear without bias"] = t => functional.linear(t[0], t[1]),
        ["layer_norm"] = t => functional.layer_norm(t[0], [6], t[1], t[2], 1e-6),
        ["softmax"] = t => t[0].softmax(-1),
        ["log_softmax"] = t => t[0].log_softmax(-1),
        ["cross_entropy"] = t => functional.cross_entropy(t[0], t[1]),
        ["cross_entropy smoothed sum"] = t => functional.cross_entropy(t[0], t[1], reduction: Reduction.Sum, label_smoothing: 0.1),
        ["sum"] = t => t[0].sum(),
        ["sum dims"] = t => t[0].sum(new long[] { 0, 2 }),
        ["mean"] = t => t[0].mean(),
        ["mean dims"] = t => t[0].mean([-1], keepdim: true),
        ["var"] = t => t[0].var(new long[] { -1 }, unbiased: true, keepdim: true),
        ["var biased"] = t => t[0].var(false),
        ["norm"] = t => t[0].norm(),
        ["norm dim"] = t => t[0].norm(1),
        ["max"] = t => t[0].max(),
        ["min"] = t => t[0].min(),
        ["argmax"] = t => t[0].argmax(1).to(ScalarType.Float32),
        ["greater"] = t => t[0].gt(0.1).to(ScalarType.Float32),
        ["view"] = t => t[0].view(3, 2, 12),
        ["reshape permuted"] = t => t[0].permute(2, 0, 1).reshape(6, 12),
        ["transpose"] = t => t[0].transpose(0, 2),
        ["expand"] = t => t[0].unsqueeze(0).expand(3, -1),
        ["narrow"] = t => t[0].narrow(1, 1, 2),
        ["select"] = t => t[0].select(1, 2),
        ["index_select"] = t => t[0].index_select(0, t[1]),
        ["scatter_"] = t => (t[0] * 1).scatter_(1, t[1].unsqueeze(0), t[2].narrow(0, 0, 3).unsqueeze(0)),
        ["cat"] = t => cat(new[] { t[0], t[1] }, 0),
        ["chunk"] = t => t[0].chunk(3, -1)[1],
        ["unbind"] = t => t[0].unbind(1)[3],
        ["bfloat16"] = t => t[0].to(ScalarType.BFloat16).to(ScalarType.Float32),
        ["attention"] = t => matmul((matmul(t[0], t[0].transpose(-2, -1)) / Math.Sqrt(6)).softmax(-1), t[0]),
    };

    public static TheoryData<string> Cases => [.. Expected.Cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_operator_agrees_with_PyTorch(string name)
    {
        using var scope = NewDisposeScope();
        Case expected = Expected.Cases[name];
        Tensor[] inputs = [.. expected.Inputs.Select(input => Read(Expected.Inputs[input], input))];
        Tensor[] floating = [.. inputs.Where(input => input.dtype == ScalarType.Float32)];

        Tensor result = Operators[name](inputs);

        AssertClose(expected.Result, result, name);
        Assert.Equal(expected.Gradients.Count > 0, result.requires_grad);
        if (!result.requires_grad)
            return;
        Tensor cotangent = Cosines(result.numel()).view(result.shape);
        IList<Tensor> gradients = autograd.grad([(result * cotangent).sum()], floating);
        for (int i = 0; i < gradients.Count; i++)
            AssertClose(expected.Gradients[i], gradients[i], $"{name}, gradient {i}");
    }

    [Fact]
    public void Every_operator_here_has_golden_numbers() => Assert.Equal(Expected.Cases.Keys.Order(), Operators.Keys.Order());

    private static Tensor Read(Numbers numbers, string name) => name is "rows" or "labels"
        ? tensor(numbers.Values.Select(value => (long)value).ToArray(), numbers.Shape)
        : tensor(numbers.Values.Select(value => (float)value).ToArray(), numbers.Shape).requires_grad_();

    private static Tensor Cosines(long count) => tensor(Enumerable.Range(0, (int)count).Select(i => MathF.Cos(i)).ToArray());

    private static void AssertClose(Numbers expected, Tensor actual, string name)
    {
        Assert.Equal(expected.Shape, actual.shape);
        float[] values = actual.detach().data<float>().ToArray();
        for (int i = 0; i < values.Length; i++)
        {
            double allowed = AbsoluteTolerance + (RelativeTolerance * Math.Abs(expected.Values[i]));
            Assert.True(
                Math.Abs(values[i] - expected.Values[i]) <= allowed,
                $"{name}, element {i}: {values[i]} where PyTorch has {expected.Values[i]}");
        }
    }

    private sealed record Numbers(long[] Shape, double[] Values);

    private sealed record Case(List<string> Inputs, Numbers Result, List<Numbers> Gradients);

    private sealed record Golden(Dictionary<string, Numbers> Inputs, Dictionary<string, Case> Cases);
}
