using static TorchSharp.torch;

namespace ActorTrain.Model;

/// <summary>What is hidden of a batch, on the device.</summary>
/// <param name="Seen">The tokens as the encoder sees them, int64 <c>[sum of lengths]</c>.</param>
/// <param name="Rows">The places whose tokens are to be predicted.</param>
/// <param name="Truth">Their true tokens, int64 <c>[hidden]</c>.</param>
/// <param name="Shares">What each counts in the loss, float32 <c>[hidden]</c>.</param>
internal sealed record HiddenTokens(Tensor Seen, SequenceRows Rows, Tensor Truth, Tensor Shares);

/// <summary>The sequences of a batch on the device.</summary>
internal sealed class TokenTensors
{
    private readonly TextInput _input;
    private readonly RobertaConfiguration _configuration;
    private readonly Device _device;

    /// <summary>Checks and copies the true tokens.</summary>
    /// <exception cref="ModelException">The input is none of text, a sequence is too long, or a token is not in the vocabulary.</exception>
    public TokenTensors(ModelInput input, RobertaConfiguration configuration, Device device)
    {
        _input = input as TextInput ?? throw new ModelException("A batch of images was given to a model for text; use text data, or an image model.");
        _configuration = configuration;
        _device = device;
        CheckLengths();
        CheckTokens(_input.Tokens, "Token");
        Layout = new SequenceLayout(_input.Lengths, device);
        Tokens = Indices(_input.Tokens);
        Positions = Indices([.. _input.Lengths.SelectMany(length => Enumerable.Range(configuration.FirstPosition, length))]);
    }

    /// <summary>How the sequences lie in <see cref="Tokens"/>.</summary>
    public SequenceLayout Layout { get; }

    /// <summary>The true tokens, int64 <c>[sum of lengths]</c>.</summary>
    public Tensor Tokens { get; }

    /// <summary>Each token's row of the position table, int64 <c>[sum of lengths]</c>.</summary>
    public Tensor Positions { get; }

    /// <summary>Checks and copies what is hidden. Sequences without a hidden token, such as those of empty texts, do not count.</summary>
    /// <exception cref="ModelException">The input says not what is hidden, or a place or token is not one.</exception>
    public HiddenTokens Hidden()
    {
        if (_input.MaskedPositions is not { } positions || _input.MaskedTokens is not { } tokens)
            throw new ModelException("A batch for masked language modelling has no masked positions; give them with it.");
        if (positions.Length != tokens.Length)
            throw new ModelException($"A batch has {positions.Length} masked positions and {tokens.Length} tokens for them; give one for each.");
        CheckTokens(tokens, "Masked token");
        int[] seen = [.. _input.Tokens];
        for (int index = 0; index < positions.Length; index++)
        {
            if (positions[index] <= (index == 0 ? -1 : positions[index - 1]) || positions[index] >= seen.Length)
                throw new ModelException($"Masked position {positions[index]} (number {index} of the batch) is not ascending and below the batch's {seen.Length} tokens.");
            seen[positions[index]] = tokens[index];
        }
        if (positions.Length == 0)
        {
            // Something has to be predicted for there to be a gradient; it counts nothing, so that the gradient is 0.
            SequenceRows first = Layout.First();
            return new HiddenTokens(Tokens, first, Tokens.index_select(0, first.Rows), first.Layout.Shares * 0);
        }
        SequenceRows rows = new(Indices(positions), new SequenceLayout(CountHidden(positions), _device));
        return new HiddenTokens(Indices(seen), rows, Indices([.. positions.Select(position => _input.Tokens[position])]), rows.Layout.Shares);
    }

    private void CheckLengths()
    {
        long sum = 0;
        for (int sequence = 0; sequence < _input.Lengths.Length; sequence++)
        {
            int length = _input.Lengths[sequence];
            if (length < 1 || length > _configuration.MaxLength)
                throw new ModelException($"Sequence {sequence} of the batch has {length} tokens, but the model takes 1 to {_configuration.MaxLength}; set the largest length of a text accordingly.");
            sum += length;
        }
        if (sum == 0 || sum != _input.Tokens.Length)
            throw new ModelException($"A batch of {_input.Lengths.Length} sequences with {sum} tokens in all has {_input.Tokens.Length} tokens.");
    }

    private void CheckTokens(int[] tokens, string what)
    {
        for (int index = 0; index < tokens.Length; index++)
        {
            if (tokens[index] < 0 || tokens[index] >= _configuration.VocabularySize)
                throw new ModelException($"{what} {index} of the batch is {tokens[index]}, but the model's vocabulary has {_configuration.VocabularySize} tokens, counted from 0; use the tokenizer files that belong to the model.");
            if (tokens[index] == _configuration.PadToken)
                throw new ModelException($"{what} {index} of the batch is {tokens[index]}, the padding token; sequences are given without padding.");
        }
    }

    private int[] CountHidden(int[] positions)
    {
        var counts = new int[_input.Lengths.Length];
        (int next, long end) = (0, 0);
        for (int sequence = 0; sequence < counts.Length; sequence++)
        {
            end += _input.Lengths[sequence];
            for (; next < positions.Length && positions[next] < end; next++)
                counts[sequence]++;
        }
        return counts;
    }

    private Tensor Indices(int[] values) => Kernels.Current.ToDevice(tensor(values, ScalarType.Int64), _device);
}
