using ActorTrain.DataPipeline;
using ActorTrain.Model;
using MessagePack;

namespace ActorTrain.Actors.Messages;

/// <summary>What a model takes in of some samples: images or token sequences, by the model's modality.</summary>
/// <param name="Images">Images, or null.</param>
/// <param name="Texts">Token sequences, or null.</param>
[MessagePackObject]
public sealed record SampleInputs([property: Key(0)] ImagePixels? Images, [property: Key(1)] TokenSequences? Texts)
{
    /// <summary>What a loader made, unmasked.</summary>
    internal static SampleInputs Of(LoadedBatch batch) => batch switch
    {
        ImageBatch images => new(new ImagePixels(images.Pixels, images.Size, null), null),
        TextBatch texts => new(null, new TokenSequences(texts.Tokens, texts.Lengths, null, null)),
        _ => throw new ArgumentException($"{batch.GetType().Name} has no message.", nameof(batch)),
    };

    /// <summary>The samples as the model takes them.</summary>
    /// <param name="count">Number of samples.</param>
    internal ModelInput ToModelInput(int count) => Images is { } images
        ? new ImageInput(images.Pixels, count, images.Size, images.KeptPatches)
        : new TextInput(Texts!.Tokens, Texts.Lengths, Texts.MaskedPositions, Texts.MaskedTokens);

    /// <summary>Bytes of the arrays in memory.</summary>
    internal long Bytes => Images is { } images
        ? images.Pixels.LongLength + sizeof(int) * (images.KeptPatches?.LongLength ?? 0)
        : sizeof(int) * (Texts!.Tokens.LongLength + Texts.Lengths.LongLength + 2 * (Texts.MaskedPositions?.LongLength ?? 0));
}

/// <summary>Images of one size.</summary>
/// <param name="Pixels">RGB bytes <c>[batch, 3, size, size]</c>, unmasked.</param>
/// <param name="Size">Height and width in pixels.</param>
/// <param name="KeptPatches">Patches that stay visible, ascending within an image, <c>[batch, kept]</c>; null where nothing is masked.</param>
[MessagePackObject]
public sealed record ImagePixels([property: Key(0)] byte[] Pixels, [property: Key(1)] int Size, [property: Key(2)] int[]? KeptPatches);

/// <summary>Token sequences of any lengths, without padding.</summary>
/// <param name="Tokens">The true ids, special tokens included, of all sequences laid end to end, <c>[sum of lengths]</c>.</param>
/// <param name="Lengths">Tokens of each sequence, <c>[batch]</c>.</param>
/// <param name="MaskedPositions">Positions in <paramref name="Tokens"/> that are to be predicted, ascending; null where nothing is masked.</param>
/// <param name="MaskedTokens">What the student sees at each of <paramref name="MaskedPositions"/>.</param>
[MessagePackObject]
public sealed record TokenSequences([property: Key(0)] int[] Tokens, [property: Key(1)] int[] Lengths,
    [property: Key(2)] int[]? MaskedPositions, [property: Key(3)] int[]? MaskedTokens);
