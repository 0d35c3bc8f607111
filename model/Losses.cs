using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>What is minimised.</summary>
internal static class Losses
{
    /// <summary>Added to the variance of a target patch (He et al.'s reference implementation).</summary>
    private const double PatchVarianceEps = 1e-6;

    /// <summary>What is taken off a sample's score for itself: softmax makes exactly 0 of it.</summary>
    private const float OutOfReach = 1e9f;

    /// <summary>What features are divided by at least when their length is made 1 (torch's <c>normalize</c>).</summary>
    private const double LeastNorm = 1e-12;

    /// <summary>Mean squared error on the masked patches (arXiv 2111.06377, section 3).</summary>
    /// <param name="prediction">Of the hidden patches, <c>[batch, masked, patch length]</c>.</param>
    /// <param name="patches">Normalised pixels of all patches.</param>
    /// <param name="mask">Which of them are hidden.</param>
    /// <param name="normaliseTargets">Whether each target patch is normalised by its own mean and unbiased variance.</param>
    public static Tensor MaskedAutoEncoding(Tensor prediction, PatchTensor patches, MaskTensors mask, bool normaliseTargets)
    {
        Tensor target = Targets(patches, mask.MaskedRows, mask.Masked);
        if (normaliseTargets)
        {
            (Tensor mean, Tensor deviation) = PatchStatistics(target);
            target = (target - mean) / deviation;
        }
        return (prediction.to_type(ScalarType.Float32) - target).pow(2).mean();
    }

    /// <summary>Some patches, ordered within by row, column, channel as the decoder predicts them: <c>[batch, count, patch length]</c>.</summary>
    public static Tensor Targets(PatchTensor patches, Tensor rows, long count)
    {
        Tensor selected = patches.Select(rows, count);                                              // by channel, row, column
        (long batch, long length) = (selected.shape[0], selected.shape[2]);
        long pixels = length / VitConfiguration.Channels;
        return selected.view(batch, count, VitConfiguration.Channels, pixels).transpose(2, 3).reshape(batch, count, length);
    }

    /// <summary>Mean and √(unbiased variance + ε) of each patch: <c>[batch, count, 1]</c>.</summary>
    public static (Tensor Mean, Tensor Deviation) PatchStatistics(Tensor patches) =>
        (patches.mean([-1], keepdim: true), patches.var(-1, unbiased: true, keepdim: true).add(PatchVarianceEps).sqrt());

    /// <summary>Cross-entropy of the hidden tokens: mean over each sequence's, then over sequences (arXiv 2210.02871, equation 2).</summary>
    /// <param name="scores">Of the hidden tokens, <c>[hidden, vocabulary]</c>.</param>
    /// <param name="hidden">What is hidden.</param>
    public static Tensor MaskedLanguageModelling(Tensor scores, HiddenTokens hidden) =>
        (nn.functional.cross_entropy(scores.to_type(ScalarType.Float32), hidden.Truth, reduction: nn.Reduction.None) * hidden.Shares).sum();

    /// <summary>
    /// Distance to the teacher, averaged over the batch (arXiv 2210.02871, equation 3): the squared one, summed over the width; of scores of
    /// tokens the divergence KL(teacher ‖ student).
    /// </summary>
    /// <param name="output">The student's.</param>
    /// <param name="target">The teacher's, of the shape of its values.</param>
    /// <param name="reduction">Over the rows of a sample, if there are several.</param>
    public static Tensor Distillation(Representation output, Tensor target, DistillReduction reduction)
    {
        Tensor values = output.Values.to_type(ScalarType.Float32);
        if (output.Hidden is { } hidden)
        {
            Tensor divergences = Divergences(target, values);                                       // [hidden]
            return reduction == DistillReduction.Mean
                ? (divergences * hidden.Shares).sum()
                : (divergences * hidden.Shares.gt(0)).sum() / hidden.Rows.Layout.Count;
        }
        Tensor squares = (values - target).pow(2);
        if (output.Sequences is not { } sequences)
        {
            long samples = squares.shape[0];
            if (squares.dim() == 3 && reduction == DistillReduction.Mean)
                samples *= squares.shape[1];
            return squares.sum() / samples;
        }
        return reduction == DistillReduction.Mean ? (squares.sum(1) * sequences.Shares).sum() : squares.sum() / sequences.Count;
    }

    /// <summary>KL(p ‖ q) + KL(q ‖ p) of two answers, averaged over the batch (arXiv 2008.03156, equation 4; the gradient goes into both).</summary>
    /// <param name="scores">Float32 <c>[batch, classes]</c>.</param>
    /// <param name="others">Float32 <c>[batch, classes]</c>.</param>
    public static Tensor SymmetricDivergence(Tensor scores, Tensor others) => (Divergences(scores, others) + Divergences(others, scores)).mean();

    /// <summary>
    /// The supervised contrastive loss (arXiv 2004.11362, equation 2): of each sample that has others of its class, how unlikely these are
    /// among all others, by the cosine of their features; averaged over its class, then over such samples.
    /// </summary>
    /// <param name="features"><c>[batch, width]</c>.</param>
    /// <param name="labels">Class of each sample; a sample that is the only one of its class does not count but as another's other.</param>
    /// <param name="temperature">What the cosines are divided by.</param>
    public static Tensor SupervisedContrast(Tensor features, int[] labels, double temperature)
    {
        int batch = labels.Length;
        (float[] shares, float[] self) = (new float[batch * batch], new float[batch * batch]);
        int[] positives = [.. labels.Select(label => labels.Count(other => other == label) - 1)];
        int counted = positives.Count(count => count > 0);
        for (int sample = 0; sample < batch; sample++)
        {
            self[sample * batch + sample] = OutOfReach;
            for (int other = 0; other < batch; other++)
            {
                if (other != sample && labels[other] == labels[sample])
                    shares[sample * batch + other] = 1f / (positives[sample] * counted);
            }
        }
        Tensor values = features.to_type(ScalarType.Float32);
        Tensor normed = values / values.norm(1, keepdim: true).clamp(min: LeastNorm);
        Tensor cosines = normed.matmul(normed.transpose(0, 1)).to_type(ScalarType.Float32);         // [batch, batch]
        return -((cosines / temperature - Square(self)).log_softmax(1) * Square(shares)).sum();

        Tensor Square(float[] host) => Kernels.Current.ToDevice(tensor(host, ScalarType.Float32), features.device).view(batch, batch);
    }

    /// <summary>KL(p ‖ q) of each row's distributions.</summary>
    /// <param name="scores">Whose softmax is p, float32 <c>[rows, classes]</c>.</param>
    /// <param name="others">Whose softmax is q, of the same shape.</param>
    /// <returns><c>[rows]</c>.</returns>
    private static Tensor Divergences(Tensor scores, Tensor others) =>
        (scores.softmax(1) * (scores.log_softmax(1) - others.log_softmax(1))).sum(1);
}
