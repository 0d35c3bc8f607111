using System.Text;
using ActorTrain.Actors;
using ActorTrain.DataPipeline;
using ActorTrain.Model;

namespace ActorTrain.Host.Report;

/// <summary>How a piece of a sentence is shown.</summary>
internal enum PieceKind
{
    /// <summary>As the model sees it.</summary>
    Seen,
    /// <summary>Chosen for masking: what stands there, or what the model sees instead.</summary>
    Chosen,
    /// <summary>Predicted as it is.</summary>
    Right,
    /// <summary>Predicted otherwise.</summary>
    Wrong,
}

/// <summary>Consecutive tokens of a sentence that are shown alike.</summary>
internal sealed record TextPiece(string Text, PieceKind Kind);

/// <summary>A sentence, in one of its forms.</summary>
/// <param name="Name">What the form shows.</param>
/// <param name="Pieces">The sentence from its beginning to its end.</param>
internal sealed record SentenceForm(string Name, IReadOnlyList<TextPiece> Pieces);

/// <summary>Sentences, of the test set where there is one: what a masked-language model sees of them, and what the run's models put at the chosen places.</summary>
internal static class SampleSentences
{
    /// <summary>Sentences shown.</summary>
    private const int Sentences = 4;

    /// <summary>Fills in the sentences; empty without a model.</summary>
    /// <param name="models">The models, each a masked-language model.</param>
    /// <param name="test">Where the sentences come from; null for the first model's training set.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>For each sentence its forms.</returns>
    /// <exception cref="DataException">The sentences cannot be read.</exception>
    /// <exception cref="ModelException">A model cannot be read.</exception>
    public static async Task<IReadOnlyList<IReadOnlyList<SentenceForm>>> PredictAsync(IReadOnlyList<SampleModel> models, DataPlan? test, CancellationToken cancel)
    {
        if (models.Count == 0)
            return [];
        StagePlan first = models[0].Stage;
        DataPlan data = test ?? first.Train!;
        var tokenizer = Tokenizer.Open(models[0].Folder);
        await using ITextSource source = await RunTexts.OpenAsync(data, RunTexts.Options(data, batchSize: 1, labelled: test is not null), tokenizer, cancel);
        string split = test is null ? "training sentence" : "test sentence";

        var sentences = new List<IReadOnlyList<SentenceForm>>();
        int count = (int)Math.Min(Sentences, source.Count);
        for (int sentence = 0; sentence < count; sentence++)
        {
            long sample = (2 * sentence + 1) * source.Count / (2 * count);
            int[] tokens = source.Read(sample);
            List<int> positions = [], replacements = [];
            TokenMask.Choose(tokenizer, first.Seed, epoch: 0, sample, tokens, first.MaskRatio, data.Text!.WholeWord, offset: 0, positions, replacements);
            if (positions.Count == 0)
                continue;
            var input = new TextInput(tokens, [tokens.Length], [.. positions], [.. replacements]);
            List<SentenceForm> forms =
            [
                new(split, Pieces(tokenizer, tokens, positions, At(tokens, positions), _ => PieceKind.Chosen)),
                new("seen by the model", Pieces(tokenizer, tokens, positions, replacements, _ => PieceKind.Chosen)),
            ];
            foreach (SampleModel model in models)
            {
                int[] predicted = MaskedPrediction.Predict(model.Folder, input, model.Stage.Threads);
                forms.Add(new SentenceForm(model.Name, Pieces(tokenizer, tokens, positions, predicted,
                    place => predicted[place] == tokens[positions[place]] ? PieceKind.Right : PieceKind.Wrong)));
            }
            sentences.Add(forms);
        }
        return sentences;
    }

    /// <summary>The sentences as a section of the report; empty without any.</summary>
    public static string Section(IReadOnlyList<IReadOnlyList<SentenceForm>> sentences) =>
        sentences.Count == 0 ? "" : $"<h2>What the models fill in</h2>\n{Forms(sentences)}{Explanation}";

    /// <summary>What the sentences show.</summary>
    public const string Explanation = "<p class=\"soft\">Of the chosen tokens four in five are hidden, one in ten is exchanged and one in ten stays; the model names the most likely token at each of these places.</p>\n";

    /// <summary>The sentences by themselves.</summary>
    public static string Forms(IReadOnlyList<IReadOnlyList<SentenceForm>> sentences)
    {
        var html = new StringBuilder();
        foreach (IReadOnlyList<SentenceForm> forms in sentences)
        {
            html.Append("<div class=\"sentences\">\n");
            foreach (SentenceForm form in forms)
            {
                html.Append($"<div>{Svg.Escape(form.Name)}</div><div>");
                foreach (TextPiece piece in form.Pieces)
                    html.Append(piece.Kind == PieceKind.Seen ? Svg.Escape(piece.Text) : $"<mark class=\"{piece.Kind.ToString().ToLowerInvariant()}\">{Svg.Escape(piece.Text)}</mark>");
                html.Append("</div>\n");
            }
            html.Append("</div>\n");
        }
        return html.ToString();
    }

    /// <summary>Cuts a sequence into the tokens at the chosen positions, which are exchanged, and the runs between them; without its first and last token.</summary>
    private static List<TextPiece> Pieces(Tokenizer tokenizer, int[] tokens, List<int> positions, IReadOnlyList<int> shown, Func<int, PieceKind> kind)
    {
        var pieces = new List<TextPiece>();
        int begin = tokens[0] == tokenizer.Begin ? 1 : 0;
        for (int place = 0; place <= positions.Count; place++)
        {
            int end = place < positions.Count ? positions[place] : tokens[^1] == tokenizer.End ? tokens.Length - 1 : tokens.Length;
            if (end > begin)
                pieces.Add(new TextPiece(tokenizer.Decode(tokens.AsSpan(begin, end - begin)), PieceKind.Seen));
            if (place < positions.Count)
                pieces.Add(new TextPiece(tokenizer.Decode([shown[place]]), kind(place)));
            begin = end + 1;
        }
        return pieces;
    }

    private static int[] At(int[] tokens, List<int> positions) => [.. positions.Select(position => tokens[position])];
}
