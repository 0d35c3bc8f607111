namespace ActorTrain.Model;

/// <summary>One micro-batch for a student.</summary>
/// <param name="Pixels">RGB bytes <c>[batch, 3, size, size]</c>.</param>
/// <param name="Count">Number of images.</param>
/// <param name="ImageSize">Height and width in pixels; the model's own.</param>
/// <param name="KeptPatches">Patches that the encoder sees, ascending within an image, <c>[batch, kept]</c>; for the MAE loss.</param>
/// <param name="Labels">Class of each image, <c>[batch]</c>; for classification.</param>
/// <param name="Targets">The teacher's outputs, <c>[batch, width]</c> or <c>[batch, 1 + patches, width]</c>; for self-distillation.</param>
public sealed record StudentBatch(byte[] Pixels, int Count, int ImageSize, int[]? KeptPatches, int[]? Labels, float[]? Targets);

/// <summary>What one step reports; NaN where a number does not apply to the objective.</summary>
/// <param name="Loss">The minimised loss, mean over the micro-batches.</param>
/// <param name="MaeLoss">Mean squared error on the masked patches.</param>
/// <param name="DistillLoss">Distance to the teacher.</param>
/// <param name="Accuracy">Share of the batch classified rightly, in [0, 1], under dropout.</param>
/// <param name="GradientNorm">Global ℓ2 norm of the gradient before clipping.</param>
/// <param name="LearningRate">The learning rate that the step used.</param>
public readonly record struct StepResult(
    double Loss, double MaeLoss, double DistillLoss, double Accuracy, double GradientNorm, double LearningRate);

/// <summary>What a checkpoint remembers beside tensors (<c>trainer_state.json</c>).</summary>
public sealed record TrainerState
{
    /// <summary>Steps done: training goes on with this step number.</summary>
    public required long Step { get; init; }

    /// <summary>Fingerprint of the plan that the checkpoint belongs to.</summary>
    public required string PlanFingerprint { get; init; }

    /// <summary>Fencing epoch of the coordinator that allowed the checkpoint.</summary>
    public long Epoch { get; init; }

    /// <summary>Whatever else the owner of the run wants back after a restart.</summary>
    public IReadOnlyDictionary<string, string> Extra { get; init; } = new Dictionary<string, string>();
}

/// <summary>What the evaluation of a classifier found.</summary>
/// <param name="Loss">Mean cross-entropy per image.</param>
/// <param name="Accuracy">Share of images classified rightly, in [0, 1].</param>
/// <param name="Count">Number of images.</param>
/// <param name="Confusion">Images per <c>[label][prediction]</c>.</param>
public sealed record EvaluationResult(double Loss, double Accuracy, int Count, int[][] Confusion);
