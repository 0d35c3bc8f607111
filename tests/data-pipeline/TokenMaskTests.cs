using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.DataPipeline.Tests;

public sealed class TokenMaskTests
{
    private static readonly Tokenizer Tokenizer = GoldenBpe.Tokenizer;

    private static readonly Arbitrary<int[]> Sequences = Gen.Frequency(
        (1, Gen.Elements(0, 1, 2, 3, Tokenizer.Mask)), (9, Gen.Choose(0, Tokenizer.VocabularySize - 1))).ArrayOf().ToArbitrary();

    [Fact]
    public void Positions_ascend_are_never_special_and_are_a_pure_function_of_the_key() =>
        Prop.ForAll(Sequences, ArbMap.Default.ArbFor<(ulong Seed, int Epoch, long Sample, bool WholeWord)>(), Gen.Choose(0, 100).ToArbitrary(),
            (tokens, key, percent) =>
            {
                var (positions, replacements) = Choose(tokens, key.Seed, key.Epoch, key.Sample, percent / 100.0, key.WholeWord);
                var again = Choose(tokens, key.Seed, key.Epoch, key.Sample, percent / 100.0, key.WholeWord);
                return positions.SequenceEqual(again.Positions) && replacements.SequenceEqual(again.Replacements)
                    && positions.Zip(positions.Skip(1)).All(pair => pair.First < pair.Second)
                    && positions.All(position => !Tokenizer.IsSpecial(tokens[position]))
                    && replacements.Count == positions.Count
                    && replacements.All(token => token == Tokenizer.Mask || !Tokenizer.IsSpecial(token))
                    && positions.Count > 0 == tokens.Any(token => !Tokenizer.IsSpecial(token));
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void Whole_words_are_chosen_with_all_their_tokens() =>
        Prop.ForAll(Sequences, ArbMap.Default.ArbFor<ulong>(), (tokens, seed) =>
        {
            var chosen = Choose(tokens, seed, 0, 0, 0.3, wholeWord: true).Positions.ToHashSet();
            return Enumerable.Range(1, Math.Max(0, tokens.Length - 1)).All(i =>
                Tokenizer.IsSpecial(tokens[i]) || Tokenizer.IsSpecial(tokens[i - 1]) || Tokenizer.StartsWord(tokens[i])
                || chosen.Contains(i) == chosen.Contains(i - 1));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_share_of_one_takes_all_and_of_zero_one_token_or_word()
    {
        int[] tokens = [Tokenizer.Begin, .. Tokenizer.Encode("the student reads unbelievably masked text"), Tokenizer.End];
        Assert.Equal(Enumerable.Range(1, tokens.Length - 2), Choose(tokens, 1, 0, 0, 1, wholeWord: false).Positions);
        Assert.Equal(Enumerable.Range(1, tokens.Length - 2), Choose(tokens, 1, 0, 0, 1, wholeWord: true).Positions);
        Assert.Single(Choose(tokens, 1, 0, 0, 0, wholeWord: false).Positions);
        var word = Choose(tokens, 1, 0, 0, 0, wholeWord: true).Positions;
        string text = Tokenizer.Decode([.. word.Select(position => tokens[position])]).Trim();
        Assert.Contains(text, "the student reads unbelievably masked text".Split(' '));
    }

    [Fact]
    public void The_offset_moves_positions_and_what_the_lists_held_stays()
    {
        int[] tokens = Tokenizer.Encode(GoldenBpe.Instance.Documents[0]);
        var (positions, replacements) = Choose(tokens, 1, 2, 3, 0.15, wholeWord: false);
        List<int> allPositions = [7], allReplacements = [8];
        TokenMask.Choose(Tokenizer, 1, 2, 3, tokens, 0.15, wholeWord: false, offset: 1000, allPositions, allReplacements);
        Assert.Equal([7, .. positions.Select(position => position + 1000)], allPositions);
        Assert.Equal([8, .. replacements], allReplacements);
    }

    [Fact]
    public void Another_epoch_sample_or_seed_gives_another_mask()
    {
        int[] tokens = [.. GoldenBpe.Instance.Documents.SelectMany(Tokenizer.Encode)];
        var masks = new[] { Choose(tokens, 1, 0, 0), Choose(tokens, 2, 0, 0), Choose(tokens, 1, 1, 0), Choose(tokens, 1, 0, 1) };
        Assert.Equal(4, masks.Select(mask => string.Join(' ', mask.Positions)).Distinct().Count());
    }

    [Fact]
    public void Tokens_are_chosen_independently_with_the_same_probability_and_replaced_in_the_published_shares()
    {
        int[] tokens = [.. Enumerable.Range(100, 200)];
        const int Samples = 2000;
        var perPosition = new int[tokens.Length];
        var perReplacement = new int[Tokenizer.VocabularySize];
        int chosen = 0, masked = 0, kept = 0;
        double squares = 0;
        for (int sample = 0; sample < Samples; sample++)
        {
            var (positions, replacements) = Choose(tokens, 1, 0, sample);
            chosen += positions.Count;
            squares += Math.Pow(positions.Count - 30, 2);
            for (int i = 0; i < positions.Count; i++)
            {
                perPosition[positions[i]]++;
                if (replacements[i] == Tokenizer.Mask)
                    masked++;
                else if (replacements[i] == tokens[positions[i]])
                    kept++;
                else
                    perReplacement[replacements[i]]++;
            }
        }
        // 60,000 expected of 400,000, standard deviation 226; 300 at each position, standard deviation 16.
        Assert.InRange(chosen, 59_100, 60_900);
        Assert.All(perPosition, count => Assert.InRange(count, 225, 375));
        // The variance of a binomial count: 25.5, known here to about 0.8.
        Assert.InRange(squares / Samples, 22.5, 28.5);
        // Of about 60,000: standard deviations 0.0016 and 0.0012. One in 545 random tokens is the token itself.
        Assert.InRange((double)masked / chosen, 0.793, 0.807);
        Assert.InRange((double)kept / chosen, 0.095, 0.1055);
        Assert.All([0, 1, 2, 3, Tokenizer.Mask], special => Assert.Equal(0, perReplacement[special]));
        // About 6,000 over 545 tokens: 11 each. The sum of squared deviations over 11 has mean 544 and standard deviation 33.
        double expected = perReplacement.Sum() / (Tokenizer.VocabularySize - 5.0);
        double deviation = perReplacement.Where((_, id) => !Tokenizer.IsSpecial(id)).Sum(count => Math.Pow(count - expected, 2) / expected);
        Assert.InRange(deviation, 410, 680);
    }

    [Fact]
    public void The_one_that_is_chosen_where_chance_took_none_is_any_with_the_same_probability()
    {
        int[] tokens = [Tokenizer.Begin, 300, 301, Tokenizer.End, 302, 303, Tokenizer.End];
        var counts = new int[tokens.Length];
        for (int sample = 0; sample < 4000; sample++)
            counts[Assert.Single(Choose(tokens, 5, 0, sample, ratio: 0).Positions)]++;
        Assert.All([0, 3, 6], special => Assert.Equal(0, counts[special]));
        // 1,000 each, standard deviation 27.
        Assert.All([1, 2, 4, 5], position => Assert.InRange(counts[position], 890, 1110));
    }

    private static (List<int> Positions, List<int> Replacements) Choose(
        int[] tokens, ulong seed, long epoch, long sample, double ratio = 0.15, bool wholeWord = false)
    {
        List<int> positions = [], replacements = [];
        TokenMask.Choose(Tokenizer, seed, epoch, sample, tokens, ratio, wholeWord, offset: 0, positions, replacements);
        return (positions, replacements);
    }
}
