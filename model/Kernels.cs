using System.Reflection;
using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>
/// The operators that the networks are made of, in plain TorchSharp. A build may carry faster ones: the type that the
/// assembly metadata <c>Kernels</c> names derives from this class and overrides what it does better.
/// </summary>
public class Kernels
{
    /// <summary>What is taken off the score of a key that is padding: softmax makes exactly 0 of it.</summary>
    private const double PassedOver = 1e9;

    /// <summary>The operators in use: the fused ones where they can be loaded, unless <c>ACTORTRAIN_KERNELS=plain</c>.</summary>
    public static Kernels Current { get; } = Find();

    /// <summary>What decides these operators' last bits beside libtorch and processor, in words: their kind, and the library that multiplies matrices.</summary>
    public virtual string Identity => "plain kernels";

    /// <summary>Normalises each token over its width, then scales and shifts it.</summary>
    /// <param name="x">Tokens, <c>[…, width]</c>.</param>
    /// <param name="weight">Scale, <c>[width]</c>.</param>
    /// <param name="bias">Shift, <c>[width]</c>.</param>
    /// <param name="eps">Added to the variance.</param>
    public static Tensor LayerNorm(Tensor x, Tensor weight, Tensor bias, double eps) =>
        nn.functional.layer_norm(x, [weight.shape[0]], weight, bias, eps);

    /// <summary>x Wᵀ + b.</summary>
    /// <param name="x"><c>[…, inputs]</c>.</param>
    /// <param name="weight"><c>[outputs, inputs]</c>.</param>
    /// <param name="bias"><c>[outputs]</c>.</param>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor bias) => nn.functional.linear(x, weight, bias);

    /// <summary>
    /// A pre-norm transformer block (Dosovitskiy et al., arXiv 2010.11929, equations 2 and 3): x + Attention(LayerNorm(x)), then
    /// x + MLP(LayerNorm(x)), for some of the tokens; the others are only looked at.
    /// </summary>
    /// <param name="x"><c>[batch, tokens, width]</c>.</param>
    /// <param name="weights">The block's parameters.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="eps">ε of the LayerNorms.</param>
    /// <param name="first">The first token whose output is wanted.</param>
    /// <param name="count">Tokens whose output is wanted.</param>
    /// <param name="dropout">Probability with which a number of the attention's and of the MLP's output is dropped.</param>
    /// <returns><c>[batch, count, width]</c>.</returns>
    public virtual Tensor TransformerBlock(Tensor x, BlockWeights weights, int heads, double eps, long first, long count, double dropout)
    {
        long width = x.shape[2];
        Tensor normed = LayerNorm(x, weights.AttentionNormWeight, weights.AttentionNormBias, eps);
        Tensor attended;                                                                            // [batch, count, width]
        if (count == x.shape[1])
        {
            Tensor packed = Linear(normed, weights.QueryKeyValueWeight, weights.QueryKeyValueBias); // [batch, tokens, 3 · width]
            attended = Attention(packed.narrow(2, 0, width), packed.narrow(2, width, 2 * width), heads);
        }
        else
        {
            Tensor query = Linear(                                                                  // [batch, count, width]
                normed.narrow(1, first, count), weights.QueryKeyValueWeight.narrow(0, 0, width), weights.QueryKeyValueBias.narrow(0, 0, width));
            Tensor keyValue = Linear(                                                               // [batch, tokens, 2 · width]
                normed, weights.QueryKeyValueWeight.narrow(0, width, 2 * width), weights.QueryKeyValueBias.narrow(0, width, 2 * width));
            attended = Attention(query, keyValue, heads);
            x = x.narrow(1, first, count);
        }
        x = x + Drop(Linear(attended, weights.AttentionOutputWeight, weights.AttentionOutputBias), dropout);
        Tensor hidden = nn.functional.gelu(Linear(                                                  // [batch, count, MLP width]
            LayerNorm(x, weights.MlpNormWeight, weights.MlpNormBias, eps), weights.MlpWeight, weights.MlpBias));
        return x + Drop(Linear(hidden, weights.MlpOutputWeight, weights.MlpOutputBias), dropout);
    }

    /// <summary>
    /// A post-norm transformer block (Vaswani et al., arXiv 1706.03762, as in BERT and RoBERTa): LayerNorm(x + Attention(x)), then
    /// LayerNorm(x + MLP(x)), on sequences that lie end to end, for some of the tokens; the others are only looked at. Random
    /// numbers are drawn for the attention's weights (by sequence, head, query, key; none for padding), then for the attention's
    /// output, then for the MLP's.
    /// </summary>
    /// <param name="x"><c>[tokens, width]</c>.</param>
    /// <param name="weights">The block's parameters.</param>
    /// <param name="layout">The sequences of <paramref name="x"/>.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="eps">ε of the LayerNorms.</param>
    /// <param name="wanted">The tokens whose output is wanted; null = all.</param>
    /// <param name="dropout">Probability with which an attention weight or a number of either output is dropped.</param>
    /// <returns><c>[tokens wanted, width]</c>.</returns>
    public virtual Tensor PostNormBlock(
        Tensor x, BlockWeights weights, SequenceLayout layout, int heads, double eps, SequenceRows? wanted, double dropout)
    {
        long width = x.shape[1];
        Tensor query, keyValue;                                                                     // [tokens wanted, width], [tokens, 2 · width]
        if (wanted is null)
        {
            Tensor packed = Linear(x, weights.QueryKeyValueWeight, weights.QueryKeyValueBias);      // [tokens, 3 · width]
            (query, keyValue) = (packed.narrow(1, 0, width), packed.narrow(1, width, 2 * width));
        }
        else
        {
            keyValue = Linear(x, weights.QueryKeyValueWeight.narrow(0, width, 2 * width), weights.QueryKeyValueBias.narrow(0, width, 2 * width));
            x = x.index_select(0, wanted.Rows);
            query = Linear(x, weights.QueryKeyValueWeight.narrow(0, 0, width), weights.QueryKeyValueBias.narrow(0, 0, width));
        }
        SequenceLayout queries = wanted?.Layout ?? layout;
        Tensor passedOver = layout.Filled.to_type(ScalarType.Float32).sub(1).mul(PassedOver).view(layout.Count, 1, 1, layout.Longest);
        Tensor? factors = dropout == 0 ? null : AttentionFactors(queries, layout, heads, dropout, x.device);
        Tensor attended = queries.Unpad(Attention(queries.Pad(query), layout.Pad(keyValue), heads, passedOver, factors));
        x = x + Drop(Linear(attended, weights.AttentionOutputWeight, weights.AttentionOutputBias), dropout);
        x = LayerNorm(x, weights.AttentionNormWeight, weights.AttentionNormBias, eps);
        Tensor hidden = nn.functional.gelu(Linear(x, weights.MlpWeight, weights.MlpBias));          // [tokens wanted, MLP width]
        x = x + Drop(Linear(hidden, weights.MlpOutputWeight, weights.MlpOutputBias), dropout);
        return LayerNorm(x, weights.MlpNormWeight, weights.MlpNormBias, eps);
    }

    /// <summary>Looks rows of a table up.</summary>
    /// <param name="table"><c>[rows, width]</c>.</param>
    /// <param name="rows">Row numbers, int64 <c>[count]</c>.</param>
    /// <returns><c>[count, width]</c>.</returns>
    public virtual Tensor Embedding(Tensor table, Tensor rows) => table.index_select(0, rows);

    /// <summary>Dropout where there is any.</summary>
    /// <param name="x">Of any shape.</param>
    /// <param name="probability">Probability with which a number becomes 0; the others grow accordingly.</param>
    public static Tensor Drop(Tensor x, double probability) => probability == 0 ? x : nn.functional.dropout(x, probability);

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

    // softmax(q kᵀ / √d + added) · factors v in each head; query [batch, queries, width], keyValue [batch, tokens, 2 · width].
    private static Tensor Attention(Tensor query, Tensor keyValue, int heads, Tensor? added = null, Tensor? factors = null)
    {
        (long batch, long queries, long width) = (query.shape[0], query.shape[1], query.shape[2]);
        Tensor key = Split(keyValue.narrow(2, 0, width), heads);                                    // [batch, heads, tokens, width / heads]
        Tensor value = Split(keyValue.narrow(2, width, width), heads);
        Tensor scores = Split(query, heads).matmul(key.transpose(2, 3)) / Math.Sqrt(width / heads); // [batch, heads, queries, tokens]
        Tensor attention = (added is null ? scores : scores + added).softmax(3);
        return (factors is null ? attention : attention * factors).matmul(value).transpose(1, 2).reshape(batch, queries, width);
    }

    // Dropout's factors for the weights of sequences that lie padded, [count, heads, queries, keys].
    private static Tensor AttentionFactors(SequenceLayout queries, SequenceLayout keys, int heads, double dropout, Device device)
    {
        long[] shape = [keys.Count, heads, queries.Longest, keys.Longest];
        long drawn = heads * queries.Lengths.Zip(keys.Lengths, (rows, columns) => (long)rows * columns).Sum();
        Tensor pairs = queries.Filled.unsqueeze(2).mul(keys.Filled.unsqueeze(1)).unsqueeze(1).expand(shape);
        Tensor factors = Drop(ones([drawn], ScalarType.Float32, device), dropout);
        return zeros(shape, ScalarType.Float32, device).masked_scatter(pairs, factors);
    }

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
