using System.Reflection;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// The operators that the networks are made of, in plain TorchSharp. A build may carry faster ones: the type that the
/// assembly metadata <c>Kernels</c> names derives from this class and overrides what it does better.
/// </summary>
public class Kernels
{
    /// <summary>The operators in use: the fused ones where they can be loaded, unless <c>ACTORTRAIN_KERNELS=plain</c>.</summary>
    public static Kernels Current { get; } = Find();

    /// <summary>Normalises each token over its width, then scales and shifts it.</summary>
    /// <param name="x">Tokens, <c>[…, width]</c>.</param>
    /// <param name="weight">Scale, <c>[width]</c>.</param>
    /// <param name="bias">Shift, <c>[width]</c>.</param>
    /// <param name="eps">Added to the variance.</param>
    public virtual Tensor LayerNorm(Tensor x, Tensor weight, Tensor bias, double eps) =>
        nn.functional.layer_norm(x, [weight.shape[0]], weight, bias, eps);

    /// <summary>x Wᵀ + b.</summary>
    /// <param name="x"><c>[…, inputs]</c>.</param>
    /// <param name="weight"><c>[outputs, inputs]</c>.</param>
    /// <param name="bias"><c>[outputs]</c>.</param>
    public virtual Tensor Linear(Tensor x, Tensor weight, Tensor bias) => nn.functional.linear(x, weight, bias);

    /// <summary>GELU (with the error function) of <see cref="Linear"/>.</summary>
    public virtual Tensor LinearGelu(Tensor x, Tensor weight, Tensor bias) => nn.functional.gelu(Linear(x, weight, bias));

    /// <summary>Multi-head self-attention: softmax(q kᵀ / √d) v in each head.</summary>
    /// <param name="queryKeyValue">Queries, keys and values side by side, <c>[batch, tokens, 3 · width]</c>.</param>
    /// <param name="heads">Number of heads.</param>
    /// <returns><c>[batch, tokens, width]</c>.</returns>
    public virtual Tensor Attention(Tensor queryKeyValue, int heads)
    {
        long width = queryKeyValue.shape[2] / 3;
        return Attention(queryKeyValue.narrow(2, 0, width), queryKeyValue.narrow(2, width, 2 * width), heads);
    }

    /// <summary>Multi-head attention of some tokens to all: the last block computes only the tokens that its reader needs.</summary>
    /// <param name="query"><c>[batch, queries, width]</c>.</param>
    /// <param name="keyValue">Keys and values side by side, <c>[batch, tokens, 2 · width]</c>.</param>
    /// <param name="heads">Number of heads.</param>
    /// <returns><c>[batch, queries, width]</c>.</returns>
    public virtual Tensor Attention(Tensor query, Tensor keyValue, int heads)
    {
        (long batch, long queries, long width) = (query.shape[0], query.shape[1], query.shape[2]);
        Tensor key = Split(keyValue.narrow(2, 0, width), heads);                                    // [batch, heads, tokens, width / heads]
        Tensor value = Split(keyValue.narrow(2, width, width), heads);
        Tensor scores = Split(query, heads).matmul(key.transpose(2, 3)) / Math.Sqrt(width / heads); // [batch, heads, queries, tokens]
        return scores.softmax(3).matmul(value).transpose(1, 2).reshape(batch, queries, width);
    }

    /// <summary>One AdamW step over all parameters, from <see cref="AdamWState.Gradient"/>.</summary>
    /// <param name="state">The parameters and their moments; <see cref="AdamWState.Step"/> already counts this step.</param>
    /// <param name="learningRate">The step's learning rate.</param>
    /// <param name="gradientScale">Factor on the gradient: what clipping left of it.</param>
    public virtual void AdamWStep(AdamWState state, double learningRate, double gradientScale) =>
        state.PlainStep(learningRate, gradientScale);

    /// <summary>Switches matrix products on this thread to a narrower type until the result is disposed.</summary>
    /// <returns>Null where that is not supported.</returns>
    public virtual IDisposable? Autocast(Device device, ScalarType dtype) => null;

    /// <summary>Copies a tensor to a device, where possible while the host goes on.</summary>
    public virtual Tensor ToDevice(Tensor host, Device device) => host.to(device);

    private static Tensor Split(Tensor x, int heads) =>
        x.view(x.shape[0], x.shape[1], heads, x.shape[2] / heads).transpose(1, 2);

    private static Kernels Find()
    {
        string? name = typeof(Kernels).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(attribute => attribute.Key == "Kernels")?.Value;
        if (name is null || Environment.GetEnvironmentVariable("ACTORTRAIN_KERNELS") == "plain")
            return new Kernels();
        return Type.GetType(name) is Type type ? (Kernels)Activator.CreateInstance(type)! : new Kernels();
    }
}
