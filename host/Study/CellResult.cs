using ActorTrain.Actors;

namespace ActorTrain.Host.Study;

/// <summary>
/// What one cell of a study came to: one data set, one value of each swept key, one method, one seed. A small file of its own
/// (<c>cells/*.json</c> in the study's results folder), which says all that is needed to report it and to make it again.
/// </summary>
public sealed record CellResult
{
    /// <summary>The study's name.</summary>
    public required string Study { get; init; }

    /// <summary>The data set's name in the study.</summary>
    public required string Dataset { get; init; }

    /// <summary>The value of each swept key, in the order of the sweep.</summary>
    public required IReadOnlyDictionary<string, string> Sweep { get; init; }

    /// <summary>The method's name.</summary>
    public required string Method { get; init; }

    /// <summary>The seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>SHA-256, in hexadecimal, of what decides the result but the machine: see <see cref="StageIdentity.OfResult"/>.</summary>
    public required string Identity { get; init; }

    /// <summary>The command that makes this cell alone.</summary>
    public required string Command { get; init; }

    /// <summary>What the cell was configured with.</summary>
    public required CellConfiguration Configuration { get; init; }

    /// <summary>Where it was computed.</summary>
    public required TrainingMachine Machine { get; init; }

    /// <summary>When it was finished, in UTC.</summary>
    public required DateTimeOffset Finished { get; init; }

    /// <summary>Whether the samples are text; then F1 stands where images have accuracy.</summary>
    public required bool IsText { get; init; }

    /// <summary>Whether the test samples are those held out of the training set (<c>data.validation</c>), and not the test set.</summary>
    public bool Validation { get; init; }

    /// <summary>The classes in label order.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>Share of the test samples classified rightly, 0 to 1.</summary>
    public double? TestAccuracy { get; init; }

    /// <summary>Cross-entropy on the test samples.</summary>
    public double? TestLoss { get; init; }

    /// <summary>Share of the training samples classified rightly, 0 to 1.</summary>
    public double? TrainAccuracy { get; init; }

    /// <summary>Cross-entropy on the training samples.</summary>
    public double? TrainLoss { get; init; }

    /// <summary>Mean of the classes' F1 on the test samples, 0 to 1.</summary>
    public double? MacroF1 { get; init; }

    /// <summary>F1 of all decisions on the test samples, 0 to 1.</summary>
    public double? MicroF1 { get; init; }

    /// <summary>Test samples counted by [label][prediction].</summary>
    public int[][]? Confusion { get; init; }

    /// <summary>‖θ_init − θ‖₂ over the encoder.</summary>
    public double? Distance { get; init; }

    /// <summary>All stages that led to it, θ_init's first where the study trains it.</summary>
    public required IReadOnlyList<CellStage> Stages { get; init; }
}

/// <summary>The configuration of a cell.</summary>
/// <param name="File">The study's file.</param>
/// <param name="Assignments">What the cell adds to it, <c>key=value</c> each, as <c>--set</c> takes them.</param>
public sealed record CellConfiguration(string File, IReadOnlyList<string> Assignments);

/// <summary>One stage of a cell; cells that share it say the same of it.</summary>
public sealed record CellStage
{
    /// <summary>Its name in a run of the cell alone, such as <c>seed-0/further-pretraining</c>.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of all that decides its result, in hexadecimal. Its first 16 digits name its folder among the study's stages.</summary>
    public required string Identity { get; init; }

    /// <summary>What it did.</summary>
    public required StageKind Kind { get; init; }

    /// <summary>Optimiser steps.</summary>
    public required long Steps { get; init; }

    /// <summary>Wall-clock of training and evaluation in seconds, over all interruptions.</summary>
    public required double Seconds { get; init; }

    /// <summary>‖θ_init − θ‖₂ over the encoder; null for the stage that makes θ_init.</summary>
    public double? Distance { get; init; }

    /// <summary>SHA-256 of the resulting <c>model.safetensors</c>, in hexadecimal.</summary>
    public required string ModelSha256 { get; init; }

    /// <summary>The losses, thinned.</summary>
    public required IReadOnlyList<CurvePoint> Curve { get; init; }
}

/// <summary>A point of a stage's loss curve: means over the steps around it. In JSON <c>[step, loss, mae, distill]</c>.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Loss">The loss that is minimised.</param>
/// <param name="Mae">Its masked part; null where there is none.</param>
/// <param name="Distill">The distance to the teacher; null where there is none.</param>
public sealed record CurvePoint(double Step, double? Loss, double? Mae, double? Distill);
