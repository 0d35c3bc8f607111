namespace ActorTrain.Host.Theory;

/// <summary>Where the labels of the random data sets come from.</summary>
internal enum LabelKind
{
    /// <summary>Random, but in no singular direction against what was pre-trained: the premise under which the bound falls.</summary>
    Aligned,

    /// <summary>Random, whatever was pre-trained: the fall of the bound is not promised.</summary>
    Free,
}

/// <summary>What is simulated.</summary>
internal sealed record TheoryOptions
{
    /// <summary>Samples of a data set, n.</summary>
    public int Samples { get; init; } = 20;

    /// <summary>Features of a sample, d, more than there are samples.</summary>
    public int Dimensions { get; init; } = 60;

    /// <summary>Outputs of the model, p.</summary>
    public int Outputs { get; init; } = 2;

    /// <summary>Rounds of self-distillation.</summary>
    public int Rounds { get; init; } = 10;

    /// <summary>Weight of the squared norm in a round, λ.</summary>
    public double Lambda { get; init; } = 0.01;

    /// <summary>How long fine-tuning follows the gradient, T.</summary>
    public double Time { get; init; } = 1;

    /// <summary>Data set k is drawn from seed + k.</summary>
    public int Seed { get; init; }

    /// <summary>How many data sets are drawn.</summary>
    public int DataSets { get; init; } = 20;

    /// <summary>Where the labels come from.</summary>
    public LabelKind Labels { get; init; }
}
