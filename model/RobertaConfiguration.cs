using System.Text.Json.Nodes;

namespace ActorTrain.Model;

/// <summary>
/// Shape of a RoBERTa with a language model's head or of a classifier made of one: the entries of Hugging Face's
/// <c>config.json</c> (<c>RobertaConfig</c>) under the names used here.
/// </summary>
public sealed record RobertaConfiguration : ModelConfiguration
{
    private const int LargestVocabulary = 1 << 22;

    /// <summary>Tokens that there are (<c>vocab_size</c>).</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Rows of the position table (<c>max_position_embeddings</c>); those up to <see cref="PadToken"/>'s number are never used.</summary>
    public int Positions { get; init; } = 514;

    /// <summary>The token that begins a sequence (<c>bos_token_id</c>).</summary>
    public int BeginToken { get; init; }

    /// <summary>The token that others fill a batch with (<c>pad_token_id</c>); positions count from the number behind it.</summary>
    public int PadToken { get; init; } = 1;

    /// <summary>The token that ends a sequence (<c>eos_token_id</c>).</summary>
    public int EndToken { get; init; } = 2;

    /// <inheritdoc/>
    public override double LayerNormEps { get; init; } = 1e-5;

    /// <summary>Position number of a sequence's first token.</summary>
    public int FirstPosition => PadToken + 1;

    /// <summary>Tokens that a sequence can have, special ones included.</summary>
    public int MaxLength => Positions - FirstPosition;

    /// <inheritdoc/>
    public override string Kind => IsClassifier ? "RoBERTa classifier" : "RoBERTa language model";

    /// <inheritdoc/>
    public override RobertaConfiguration Validated(string place)
    {
        Faults faults = new();
        CheckEncoder(faults);
        faults.Positive(VocabularySize, "vocab_size", LargestVocabulary);
        faults.Positive(Positions, "max_position_embeddings");
        IsToken(BeginToken, "bos_token_id");
        IsToken(PadToken, "pad_token_id");
        IsToken(EndToken, "eos_token_id");
        faults.Require(MaxLength >= 1, $"max_position_embeddings is {Positions} but must be above pad_token_id + 1 = {FirstPosition}");
        faults.Complete(place);
        return this;

        void IsToken(int token, string name) =>
            faults.Require(token >= 0 && token < VocabularySize, $"{name} is {token} but must be a token below vocab_size {VocabularySize}");
    }

    internal override int? TokensOfSample => null;

    internal override JsonObject ToJson() => RobertaConfigurationJson.Write(this);

    internal override RobertaMlm CreateMasked(NetworkOptions options) => new(this, options);

    internal override RobertaEncoder CreateEncoder(NetworkOptions options) => new(this, options);

    internal override RobertaClassifier CreateClassifier(NetworkOptions options) => new(this, options);
}
