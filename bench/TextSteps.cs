using ActorTrain.Model;

namespace ActorTrain.Benchmarks;

/// <summary>
/// Self-distillation steps of tiny-text on sequences about as long as SciERC's (59 tokens on average, 128 at most), in buckets of like
/// length, laid out in several ways: <c>text</c> as we do it; <c>text-everywhere</c> with the language model's head on every place; and
/// <c>text-padded</c> with that and every sequence filled up to 128 tokens. Filling costs what padding costs.
/// </summary>
internal sealed class TextSteps : IDisposable
{
    private const int Batch = 64;
    private const int Batches = 8;
    private const int Longest = 128;
    private const int MaskToken = 4;
    private const int FirstOrdinaryToken = 5;
    private static readonly RobertaConfiguration Shape = ModelPresets.TinyText;

    private readonly string _folder = Directory.CreateTempSubdirectory("actortrain-bench").FullName;
    private readonly Student _student;
    private readonly TextInput[] _inputs;

    public TextSteps(string kind, int threads)
    {
        ModelFolder.CreateFresh(Shape, 1, _folder);
        _student = Student.Open(
            new StudentOptions { Objective = Objective.SelfDistillation, Dropout = 0.1, LearningRate = 1e-4, TotalSteps = 1_000_000, Threads = threads }, _folder);
        Random random = new(0);
        int[][] buckets = [.. Enumerable.Range(0, Batch * Batches).Select(_ => Length(random)).Order().Chunk(Batch)];
        random.Shuffle(buckets);
        _inputs = [.. buckets.Select(lengths => Make(kind, lengths, random))];
    }

    /// <summary>One step.</summary>
    /// <returns>The loss.</returns>
    public double Run()
    {
        long step = _student.StepsDone;
        return _student.Step(step, [new StudentBatch(_inputs[step % Batches], null, new float[Batch * Shape.Width])]).Loss;
    }

    public void Dispose()
    {
        _student.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // Log-normal, by Box and Muller.
    private static int Length(Random random) => (int)Math.Clamp(
        55 * Math.Exp(0.38 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())), 8, Longest);

    private static TextInput Make(string kind, int[] lengths, Random random)
    {
        (bool padded, bool everywhere) = kind switch
        {
            "text" => (false, false),
            "text-everywhere" => (false, true),
            "text-padded" => (true, true),
            _ => throw new FormatException($"there is no kind of step '{kind}'"),
        };
        List<int> tokens = [], positions = [], replacements = [];
        foreach (int length in lengths)
        {
            int chosen = random.Next(length);
            for (int place = 0; place < (padded ? Longest : length); place++)
            {
                int token = random.Next(FirstOrdinaryToken, Shape.VocabularySize);
                bool masked = place == chosen || (place < length && random.NextDouble() < 0.15);
                if (masked || everywhere)
                {
                    positions.Add(tokens.Count);
                    replacements.Add(masked ? MaskToken : token);
                }
                tokens.Add(token);
            }
        }
        return new TextInput([.. tokens], [.. lengths.Select(length => padded ? Longest : length)], [.. positions], [.. replacements]);
    }
}
