namespace ActorTrain.Model;

/// <summary>What holds the weights near a model while they are trained.</summary>
public enum RegulariserKind
{
    /// <summary>w·‖θ − θ*‖² is added to the loss, over the encoder.</summary>
    L2,

    /// <summary>After each step, each row of a matrix is brought back into a ball around θ* (Gouk et al., arXiv 2002.08253, "MARS").</summary>
    Mars,

    /// <summary>Adam anneals from the pull towards θ* to the task's own step (Chen et al., arXiv 2004.12651).</summary>
    RecAdam,
}

/// <summary>Where R3F's noise comes from.</summary>
public enum NoiseKind
{
    /// <summary>U(−ε, ε).</summary>
    Uniform,

    /// <summary>N(0, ε²).</summary>
    Normal,
}
