using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>What is minimised.</summary>
internal static class Losses
{
    /// <summary>Added to the variance of a target patch (He et al.'s reference implementation).</summary>
    private const double PatchVarianceEps = 1e-6;

    /// <summary>Mean squared error on the masked patches (arXiv 2111.06377, section 3).</summary>
    /// <param name="network">The auto-encoder.</param>
    /// <param name="patches">Normalised pixels of all patches.</param>
    /// <param name="mask">Which of them are hidden.</param>
    /// <param name="normaliseTargets">Whether each target patch is normalised by its own mean and unbiased variance.</param>
    public static Tensor MaskedAutoEncoding(VitMae network, PatchTensor patches, MaskTensors mask, bool normaliseTargets)
    {
        Tensor target = Targets(patches, mask.MaskedRows, mask.Masked);
        if (normaliseTargets)
        {
            (Tensor mean, Tensor deviation) = PatchStatistics(target);
            target = (target - mean) / deviation;
        }
        Tensor prediction = network.Predict(patches, mask).to_type(ScalarType.Float32);             // [batch, masked, patch length]
        return (prediction - target).pow(2).mean();
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
    /// <param name="network">The language model.</param>
    /// <param name="batch">The sequences.</param>
    /// <param name="hidden">What is hidden of them.</param>
    public static Tensor MaskedLanguageModelling(RobertaMlm network, TokenTensors batch, HiddenTokens hidden)
    {
        Tensor scores = network.Predict(batch, hidden).to_type(ScalarType.Float32);                 // [hidden, vocabulary]
        return (nn.functional.cross_entropy(scores, hidden.Truth, reduction: nn.Reduction.None) * hidden.Shares).sum();
    }

    /// <summary>Squared distance to the teacher: summed over the width, averaged over the batch (arXiv 2210.02871, equation 3).</summary>
    /// <param name="output">The student's.</param>
    /// <param name="target">The teacher's, of the shape of its values.</param>
    /// <param name="reduction">Over the tokens of a sample, if there are several.</param>
    public static Tensor Distillation(Representation output, Tensor target, DistillReduction reduction)
    {
        Tensor squares = (output.Values.to_type(ScalarType.Float32) - target).pow(2);
        if (output.Sequences is not { } sequences)
        {
            long samples = squares.shape[0];
            if (squares.dim() == 3 && reduction == DistillReduction.Mean)
                samples *= squares.shape[1];
            return squares.sum() / samples;
        }
        return reduction == DistillReduction.Mean ? (squares.sum(1) * sequences.Shares).sum() : squares.sum() / sequences.Count;
    }
}
