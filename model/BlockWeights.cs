using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>The parameters of a transformer block; queries, keys and values are one packed matrix.</summary>
/// <param name="AttentionNormWeight">Scale of the attention's LayerNorm (before it, or in a post-norm block behind it), <c>[width]</c>.</param>
/// <param name="AttentionNormBias">Its shift, <c>[width]</c>.</param>
/// <param name="QueryKeyValueWeight"><c>[3 · width, width]</c>.</param>
/// <param name="QueryKeyValueBias"><c>[3 · width]</c>.</param>
/// <param name="AttentionOutputWeight"><c>[width, width]</c>.</param>
/// <param name="AttentionOutputBias"><c>[width]</c>.</param>
/// <param name="MlpNormWeight">Scale of the MLP's LayerNorm, <c>[width]</c>.</param>
/// <param name="MlpNormBias">Its shift, <c>[width]</c>.</param>
/// <param name="MlpWeight"><c>[MLP width, width]</c>.</param>
/// <param name="MlpBias"><c>[MLP width]</c>.</param>
/// <param name="MlpOutputWeight"><c>[width, MLP width]</c>.</param>
/// <param name="MlpOutputBias"><c>[width]</c>.</param>
public sealed record BlockWeights(
    Tensor AttentionNormWeight,
    Tensor AttentionNormBias,
    Tensor QueryKeyValueWeight,
    Tensor QueryKeyValueBias,
    Tensor AttentionOutputWeight,
    Tensor AttentionOutputBias,
    Tensor MlpNormWeight,
    Tensor MlpNormBias,
    Tensor MlpWeight,
    Tensor MlpBias,
    Tensor MlpOutputWeight,
    Tensor MlpOutputBias);
