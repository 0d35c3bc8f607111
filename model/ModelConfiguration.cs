using System.Text.Json.Nodes;

namespace ActorTrain.Model;

/// <summary>Shape of a network: what Hugging Face's <c>config.json</c> says, under the names used here. Whether a model takes images or text follows from the type.</summary>
public abstract record ModelConfiguration
{
    /// <summary>Width of an encoder token (<c>hidden_size</c>).</summary>
    public required int Width { get; init; }

    /// <summary>Encoder blocks (<c>num_hidden_layers</c>).</summary>
    public required int Layers { get; init; }

    /// <summary>Attention heads of an encoder block (<c>num_attention_heads</c>).</summary>
    public required int Heads { get; init; }

    /// <summary>Hidden width of an encoder block's MLP (<c>intermediate_size</c>).</summary>
    public required int MlpWidth { get; init; }

    /// <summary>ε of every LayerNorm (<c>layer_norm_eps</c>).</summary>
    public abstract double LayerNormEps { get; init; }

    /// <summary>Class names in label order (<c>id2label</c>) of a classifier; empty for a model before fine-tuning.</summary>
    public IReadOnlyList<string> ClassNames { get; init; } = [];

    /// <summary>Whether this describes a classifier.</summary>
    public bool IsClassifier => ClassNames.Count > 0;

    /// <summary>What the model is, in words.</summary>
    public abstract string Kind { get; }

    /// <summary>Encoder tokens of a sample, where all samples have as many; null for text.</summary>
    internal abstract int? TokensOfSample { get; }

    /// <summary>Returns this configuration if a network can have this shape.</summary>
    /// <param name="place">Where the numbers came from, for the message.</param>
    /// <exception cref="ModelException">A number is out of range or does not divide another; all such faults are named at once.</exception>
    public abstract ModelConfiguration Validated(string place);

    /// <summary>The entries of <c>config.json</c> that are not common to all kinds of models.</summary>
    internal abstract JsonObject ToJson();

    /// <summary>Makes the network that learns to fill in what is hidden; its values are still to be set.</summary>
    internal abstract MaskedNetwork CreateMasked(NetworkOptions options);

    /// <summary>Makes the encoder alone; its values are still to be set.</summary>
    internal abstract EncoderNetwork CreateEncoder(NetworkOptions options);

    /// <summary>Makes the classifier of <see cref="ClassNames"/>; its values are still to be set.</summary>
    internal abstract ClassifierNetwork CreateClassifier(NetworkOptions options);

    /// <summary>Collects every fault of a shape before it complains.</summary>
    private protected sealed class Faults
    {
        private readonly List<string> _faults = [];

        /// <summary>Whether nothing was found so far.</summary>
        public bool None => _faults.Count == 0;

        public void Positive(int value, string name, int limit = 65536)
        {
            if (value < 1 || value > limit)
                _faults.Add($"{name} is {value} but must be between 1 and {limit}");
        }

        public void Divides(int divisor, string divisorName, int value, string name)
        {
            if (value % divisor != 0)
                _faults.Add($"{name} {value} is not a multiple of {divisorName} {divisor}");
        }

        public void Require(bool holds, string fault)
        {
            if (!holds)
                _faults.Add(fault);
        }

        /// <exception cref="ModelException">A fault was found.</exception>
        public void Complete(string place)
        {
            if (!None)
                throw new ModelException($"{place} describes no possible network: {string.Join("; ", _faults)}.");
        }
    }

    /// <summary>Checks what every encoder has.</summary>
    private protected void CheckEncoder(Faults faults)
    {
        faults.Positive(Width, "hidden_size");
        faults.Positive(Layers, "num_hidden_layers");
        faults.Positive(Heads, "num_attention_heads");
        faults.Positive(MlpWidth, "intermediate_size");
        faults.Require(LayerNormEps > 0 && LayerNormEps < 1, $"layer_norm_eps is {LayerNormEps} but must lie between 0 and 1");
        if (faults.None)
            faults.Divides(Heads, "num_attention_heads", Width, "hidden_size");
    }
}
