namespace ActorTrain.Model;

/// <summary>The samples of a micro-batch as a network takes them; which kind it takes follows from its configuration.</summary>
public abstract record ModelInput
{
    /// <summary>Number of samples.</summary>
    public abstract int Count { get; }
}

/// <summary>Images for a <see cref="VitConfiguration"/>'s network.</summary>
/// <param name="Pixels">RGB bytes <c>[batch, 3, size, size]</c>.</param>
/// <param name="Count">Number of images.</param>
/// <param name="Size">Height and width in pixels; the model's own.</param>
/// <param name="KeptPatches">Patches that the encoder sees, ascending within an image, <c>[batch, kept]</c>; for the masked loss.</param>
public sealed record ImageInput(byte[] Pixels, int Count, int Size, int[]? KeptPatches = null) : ModelInput
{
    /// <inheritdoc/>
    public override int Count { get; } = Count;
}

/// <summary>Sequences of tokens, laid end to end without padding, for a <see cref="RobertaConfiguration"/>'s network.</summary>
/// <param name="Tokens">The true tokens, special ones included, <c>[sum of lengths]</c>.</param>
/// <param name="Lengths">Tokens of each sequence, <c>[batch]</c>.</param>
/// <param name="MaskedPositions">Tokens to be predicted, as ascending indices into <paramref name="Tokens"/>; for the masked loss.</param>
/// <param name="MaskedTokens">What the encoder sees in their places: the mask token, another one or the same.</param>
public sealed record TextInput(int[] Tokens, int[] Lengths, int[]? MaskedPositions = null, int[]? MaskedTokens = null) : ModelInput
{
    /// <inheritdoc/>
    public override int Count => Lengths.Length;
}
