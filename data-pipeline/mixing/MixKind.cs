namespace ActorTrain.DataPipeline;

/// <summary>How two images are made into one.</summary>
public enum MixKind
{
    /// <summary>A weighted mean of all pixels (Zhang et al., arXiv 1710.09412).</summary>
    MixUp,

    /// <summary>A rectangle of the one is put into the other (Yun et al., arXiv 1905.04899).</summary>
    CutMix,
}

/// <summary>What a target sample is mixed with.</summary>
public enum MixScope
{
    /// <summary>Another sample of the target domain.</summary>
    Target,

    /// <summary>A sample of the source domain.</summary>
    Source,
}
