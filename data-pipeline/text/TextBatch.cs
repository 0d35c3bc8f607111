namespace ActorTrain.DataPipeline;

/// <summary>Token sequences, laid end to end without padding.</summary>
public sealed record TextBatch : LoadedBatch
{
    /// <summary>Token ids of all sequences, special tokens included [sum of lengths].</summary>
    public required int[] Tokens { get; init; }

    /// <summary>Tokens of each sequence [batch].</summary>
    public required int[] Lengths { get; init; }
}
