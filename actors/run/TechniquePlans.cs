using ActorTrain.DataPipeline;
using ActorTrain.Model;
using MessagePack;

namespace ActorTrain.Actors;

/// <summary>What holds the weights near a model while they are trained.</summary>
public enum RegulariserKind
{
    /// <summary>w · ‖θ − θ*‖² is added to the loss; see <see cref="L2Options"/>.</summary>
    L2,
    /// <summary>After each step, each row of a matrix is brought back into a ball around θ*; see <see cref="MarsOptions"/>.</summary>
    Mars,
    /// <summary>Adam anneals from the pull towards θ* to the task's own step; see <see cref="RecAdamOptions"/>.</summary>
    RecAdam,
}

/// <summary>What holds the weights near a model while they are trained; see <see cref="RegulariserKind"/>.</summary>
[MessagePackObject]
public sealed record RegulariserPlan
{
    /// <summary>The technique.</summary>
    [Key(0)] public required RegulariserKind Kind { get; init; }
    /// <summary>The model θ* in the forms of <see cref="StagePlan.Initial"/>; null for the one that the stage starts from.</summary>
    [Key(1)] public string? Anchor { get; init; }
    /// <summary>ℓ2: the penalty's weight. RecAdam: w, the largest weight of the task's step.</summary>
    [Key(2)] public double Weight { get; init; }
    /// <summary>MARS: λ, the largest ℓ1 norm of a row's difference from θ*.</summary>
    [Key(3)] public double Radius { get; init; }
    /// <summary>MARS: the same for the fresh head, around 0; above 0 also where there is no head.</summary>
    [Key(4)] public double HeadRadius { get; init; }
    /// <summary>RecAdam: k, the slope of the annealing per step.</summary>
    [Key(5)] public double Slope { get; init; }
    /// <summary>RecAdam: t₀, the step at which half of w is reached.</summary>
    [Key(6)] public double Midpoint { get; init; }
    /// <summary>RecAdam: γ, the strength of the pull towards θ*.</summary>
    [Key(7)] public double Pull { get; init; }

    /// <summary>As the student takes it.</summary>
    /// <param name="anchorFolder">Where <see cref="Anchor"/> is on this node; null for none.</param>
    internal RegulariserOptions ToOptions(string? anchorFolder) => Kind switch
    {
        RegulariserKind.L2 => new L2Options { AnchorFolder = anchorFolder, Weight = Weight },
        RegulariserKind.Mars => new MarsOptions { AnchorFolder = anchorFolder, Radius = Radius, HeadRadius = HeadRadius },
        _ => new RecAdamOptions { AnchorFolder = anchorFolder, Slope = Slope, Midpoint = Midpoint, Weight = Weight, Pull = Pull },
    };
}

/// <summary>R3F (Aghajanyan et al., arXiv 2008.03156): the classifier shall say the same under noise.</summary>
[MessagePackObject]
public sealed record ConsistencyPlan
{
    /// <summary>λ, the weight of the symmetric divergence beside the cross-entropy.</summary>
    [Key(0)] public required double Weight { get; init; }
    /// <summary>ε, the size of the noise on the embeddings.</summary>
    [Key(1)] public required double Epsilon { get; init; }
    /// <summary>Its distribution.</summary>
    [Key(2)] public required NoiseKind Noise { get; init; }

    /// <summary>As the student takes it.</summary>
    internal ConsistencyOptions ToOptions() => new() { Weight = Weight, Epsilon = Epsilon, Noise = Noise };
}

/// <summary>SupCon (Khosla et al., arXiv 2004.11362): the encoder learns to hold a class together, a linear classifier is trained alongside.</summary>
[MessagePackObject]
public sealed record ContrastPlan
{
    /// <summary>The weight of the contrastive loss.</summary>
    [Key(0)] public required double Weight { get; init; }
    /// <summary>τ, what the cosines are divided by.</summary>
    [Key(1)] public required double Temperature { get; init; }

    /// <summary>As the student takes it.</summary>
    internal ContrastOptions ToOptions() => new() { Weight = Weight, Temperature = Temperature };
}

/// <summary>How images of the target domain are mixed with others; see <see cref="MixKind"/> (arXiv 2110.09510).</summary>
[MessagePackObject]
public sealed record MixPlan
{
    /// <summary>The technique.</summary>
    [Key(0)] public required MixKind Kind { get; init; }
    /// <summary>α of the Beta(α, α) that the share is drawn from.</summary>
    [Key(1)] public required double Alpha { get; init; }
    /// <summary>What they are mixed with.</summary>
    [Key(2)] public required MixScope Scope { get; init; }
}
