namespace ActorTrain.Model;

/// <summary>What a student minimises.</summary>
public enum Objective
{
    /// <summary>Mean squared error on the masked patches (He et al., arXiv 2111.06377), or cross-entropy on the masked tokens (Liu et al., arXiv 1907.11692).</summary>
    MaskedAutoEncoding,

    /// <summary>Masked auto-encoding plus the distance to the frozen teacher's output (arXiv 2210.02871, equation 3).</summary>
    SelfDistillation,

    /// <summary>Cross-entropy of a head on the first token.</summary>
    Classification,
}

/// <summary>What is matched with the teacher's: a part of the encoder's final output, after the last LayerNorm, or what is predicted.</summary>
public enum DistillTarget
{
    /// <summary>The first token (CLS): <c>[batch, width]</c>, as in the authors' code.</summary>
    Cls,

    /// <summary>All tokens, as in equation 3: <c>[batch, 1 + patches, width]</c>, or of texts <c>[sum of lengths, width]</c>.</summary>
    Tokens,

    /// <summary>
    /// What the whole network, decoder or language-model head included, predicts of what is hidden: <c>[batch, masked, patch length]</c>,
    /// or of texts <c>[masked, vocabulary]</c> (the ablation "prediction matching" of arXiv 2210.02871, table 3).
    /// </summary>
    Predictions,
}

/// <summary>How the distances of <see cref="DistillTarget.Tokens"/> and <see cref="DistillTarget.Predictions"/> are reduced over tokens or patches (over their numbers: always summed; over the batch: always averaged).</summary>
public enum DistillReduction
{
    /// <summary>Averaged, so that the weight of the MAE loss keeps its scale.</summary>
    Mean,

    /// <summary>Summed: equation 3 to the letter.</summary>
    Sum,
}

/// <summary>Everything that decides how a student trains; part of a stage's plan, for each value decides bits of the result.</summary>
public sealed record StudentOptions
{
    /// <summary>What is minimised.</summary>
    public required Objective Objective { get; init; }

    /// <summary>Names of the classes, in label order; needed by <see cref="Objective.Classification"/> and empty otherwise.</summary>
    public IReadOnlyList<string> ClassNames { get; init; } = [];

    /// <summary>Number of classes.</summary>
    public int Classes => ClassNames.Count;

    /// <summary>
    /// Probability in [0, 1) with which a number is dropped: in a fine-tuned ViT of the embeddings and of each block's two outputs;
    /// in a RoBERTa, whatever its objective, also of the attention's weights and in the classifier's head. A ViT-MAE drops none.
    /// </summary>
    public double Dropout { get; init; }

    /// <summary>λ: the weight of the MAE loss beside the distance to the teacher.</summary>
    public double MaeWeight { get; init; } = 1;

    /// <summary>Which output is matched with the teacher's.</summary>
    public DistillTarget DistillTarget { get; init; } = DistillTarget.Cls;

    /// <summary>Reduction over tokens or patches.</summary>
    public DistillReduction DistillReduction { get; init; } = DistillReduction.Mean;

    /// <summary>Whether each target patch is normalised by its own mean and unbiased variance before the MAE loss.</summary>
    public bool NormPixLoss { get; init; } = true;

    /// <summary>What holds the weights near a model; null for nothing.</summary>
    public RegulariserOptions? Regulariser { get; init; }

    /// <summary>R3F beside the cross-entropy of <see cref="Objective.Classification"/>; null without it.</summary>
    public ConsistencyOptions? Consistency { get; init; }

    /// <summary>SupCon, in <see cref="Objective.Classification"/>; null without it.</summary>
    public ContrastOptions? Contrast { get; init; }

    /// <summary>AdamW's learning rate at the end of the warm-up.</summary>
    public required double LearningRate { get; init; }

    /// <summary>AdamW's β₁.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's β₂.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>AdamW's ε.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay, on matrices only.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>The gradient's largest global ℓ2 norm; 0 = no clipping.</summary>
    public double MaxGradientNorm { get; init; }

    /// <summary>Steps over which the learning rate rises linearly from 0.</summary>
    public long WarmUpSteps { get; init; }

    /// <summary>Steps at whose end the learning rate has fallen linearly to 0.</summary>
    public required long TotalSteps { get; init; }

    /// <summary>Seeds the fresh classifier head and the dropout of each step.</summary>
    public ulong Seed { get; init; }

    /// <summary><c>cpu</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Whether matrix products run in bfloat16 (autocast; parameters stay float32).</summary>
    public bool Bfloat16 { get; init; }

    /// <summary>libtorch's threads on the training thread; decides low-order bits.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Mean of each channel of x / 255.</summary>
    public IReadOnlyList<float> PixelMean { get; init; } = PatchExtractor.ImageNetMean;

    /// <summary>Standard deviation of each channel of x / 255.</summary>
    public IReadOnlyList<float> PixelStd { get; init; } = PatchExtractor.ImageNetStd;
}
