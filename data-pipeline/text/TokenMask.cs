namespace ActorTrain.DataPipeline;

/// <summary>
/// Which tokens of a sequence a masked language model has to predict, and what stands in their place: of the chosen 80 % become
/// <c>&lt;mask&gt;</c>, 10 % a random token, 10 % stay (Devlin et al.: "BERT", 2019), anew in every epoch as RoBERTa does it.
/// </summary>
public static class TokenMask
{
    private const double MaskShare = 0.8;
    private const double RandomShare = 0.1;

    /// <summary>
    /// Adds the chosen positions, ascending, and their replacements, which are fixed by (seed, epoch, sample) and the tokens. Special tokens are
    /// never chosen; of the others each is with the same probability, and one is if chance took none. A sequence of special tokens only adds nothing.
    /// </summary>
    /// <param name="tokenizer">Knows the tokens; random replacements are drawn evenly from those that are not special.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="sample">The sample that the sequence is.</param>
    /// <param name="tokens">The sequence.</param>
    /// <param name="ratio">Probability of a token, in [0, 1]; with <paramref name="wholeWord"/> of a word.</param>
    /// <param name="wholeWord">Whether words are chosen, with all their tokens: a word begins with a blank or after a special token.</param>
    /// <param name="offset">Where the sequence begins in its batch; added to the positions.</param>
    /// <param name="positions">Where chosen positions are added.</param>
    /// <param name="replacements">Where the tokens that stand there instead are added.</param>
    public static void Choose(
        Tokenizer tokenizer, ulong seed, long epoch, long sample, ReadOnlySpan<int> tokens, double ratio, bool wholeWord, int offset,
        List<int> positions, List<int> replacements)
    {
        int already = positions.Count;
        var choice = new CounterRandom(seed, RandomPurpose.TokenChoice, epoch, sample);
        int candidates = 0;
        for (int start = 0; NextUnit(tokenizer, tokens, wholeWord, ref start, out int end); start = end)
        {
            candidates++;
            if (choice.NextDouble() < ratio)
                AddRange(positions, offset, start, end);
        }
        if (positions.Count == already && candidates > 0)
        {
            int chosen = choice.Next(candidates);
            for (int start = 0; NextUnit(tokenizer, tokens, wholeWord, ref start, out int end); start = end)
            {
                if (chosen-- == 0)
                    AddRange(positions, offset, start, end);
            }
        }
        var replacement = new CounterRandom(seed, RandomPurpose.TokenReplacement, epoch, sample);
        for (int i = already; i < positions.Count; i++)
            replacements.Add(Replace(tokenizer, tokens[positions[i] - offset], ref replacement));
    }

    /// <summary>Finds the next token or word at or after <paramref name="start"/> that may be chosen.</summary>
    private static bool NextUnit(Tokenizer tokenizer, ReadOnlySpan<int> tokens, bool wholeWord, ref int start, out int end)
    {
        while (start < tokens.Length && tokenizer.IsSpecial(tokens[start]))
            start++;
        end = start + 1;
        while (wholeWord && end < tokens.Length && !tokenizer.IsSpecial(tokens[end]) && !tokenizer.StartsWord(tokens[end]))
            end++;
        return start < tokens.Length;
    }

    private static void AddRange(List<int> positions, int offset, int start, int end)
    {
        for (int position = start; position < end; position++)
            positions.Add(offset + position);
    }

    private static int Replace(Tokenizer tokenizer, int token, ref CounterRandom random)
    {
        double share = random.NextDouble();
        if (share < MaskShare)
            return tokenizer.Mask;
        if (share >= MaskShare + RandomShare)
            return token;
        var special = tokenizer.SpecialIds;
        int id = random.Next(tokenizer.VocabularySize - special.Length);
        foreach (int passed in special)
        {
            if (id >= passed)
                id++;
        }
        return id;
    }
}
