namespace ActorTrain.Model;

/// <summary>One micro-batch for a student.</summary>
/// <param name="Input">The samples.</param>
/// <param name="Labels">Class of each sample, <c>[batch]</c>; for classification.</param>
/// <param name="Targets">The teacher's outputs, see <see cref="Teacher.Targets"/>; for self-distillation.</param>
public sealed record StudentBatch(ModelInput Input, int[]? Labels, float[]? Targets);

/// <summary>What one step reports; NaN where a number does not apply to the objective.</summary>
/// <param name="Loss">The minimised loss with all its terms, mean over the micro-batches.</param>
/// <param name="MaeLoss">The masked loss: the squared error on hidden patches, or the cross-entropy of hidden tokens.</param>
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
/// <param name="Loss">Mean cross-entropy per sample.</param>
/// <param name="Accuracy">Share of samples classified rightly, in [0, 1].</param>
/// <param name="Count">Number of samples.</param>
/// <param name="Confusion">Samples per <c>[label][prediction]</c>.</param>
public sealed record EvaluationResult(double Loss, double Accuracy, int Count, int[][] Confusion);
