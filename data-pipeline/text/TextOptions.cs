namespace ActorTrain.DataPipeline;

/// <summary>How text becomes sequences, and sequences batches.</summary>
public sealed record TextOptions
{
    /// <summary>Tokens of a sequence at most, special tokens included.</summary>
    public required int MaxLength { get; init; }

    /// <summary>
    /// Join documents into full sequences instead of making one sequence of each. The labels are left out then, and there can be no
    /// <see cref="PairField"/>.
    /// </summary>
    public bool Pack { get; init; }

    /// <summary>Consecutive documents that are packed together. The last sequence of such a window is as short as it happens to be.</summary>
    public int PackWindow { get; init; } = 1000;

    /// <summary>The JSON key of the text.</summary>
    public string TextField { get; init; } = "text";

    /// <summary>The JSON key of the label, a string or a whole number. Documents need not have it; null where nobody looks at labels.</summary>
    public string? LabelField { get; init; } = "label";

    /// <summary>The JSON key of a second text; null where there is none.</summary>
    public string? PairField { get; init; }

    /// <summary>Samples of a training step: the batches of <see cref="BucketBatches"/>.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>Batches of a window in which sequences are sorted by length, at most those of an epoch; 1 leaves the order as it is.</summary>
    public int BucketBatches { get; init; } = 1;

    /// <summary>Pass over lines that cannot be used, instead of stopping.</summary>
    public bool SkipBroken { get; init; }
}
