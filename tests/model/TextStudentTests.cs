namespace ActorTrain.Model.Tests;

/// <summary>What only texts have: sequences of several lengths without padding, hidden tokens, a tokenizer that travels.</summary>
public sealed class TextStudentTests
{
    [Fact]
    public void A_sequence_has_the_same_output_alone_and_beside_others()
    {
        TextInput together = GoldenText.Input;
        foreach (DistillTarget target in new[] { DistillTarget.Cls, DistillTarget.Tokens })
        {
            using Teacher teacher = Open(target);
            float[] outputs = teacher.Targets(together);
            List<float> alone = [];
            int first = 0;
            foreach (int length in together.Lengths)
            {
                alone.AddRange(teacher.Targets(new TextInput(together.Tokens[first..(first + length)], [length])));
                first += length;
            }
            Assert.Equal(alone.Count, outputs.Length);
            Assert.All(alone.Zip(outputs), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        }
    }

    [Fact]
    public void The_teacher_does_not_see_what_is_hidden_from_the_student()
    {
        using Teacher teacher = Open(DistillTarget.Tokens);
        Assert.Equal(
            teacher.Targets(GoldenText.Input), teacher.Targets(GoldenText.Input with { MaskedPositions = null, MaskedTokens = null }));
    }

    [Fact]
    public void Micro_batches_of_texts_average_to_the_step_of_the_whole_batch()
    {
        StudentBatch batch = Subject.Texts.Batch(0);
        TextInput whole = (TextInput)batch.Input;
        using Student together = Student.Open(Options(Objective.SelfDistillation), GoldenText.ModelFolder);
        using Student apart = Student.Open(Options(Objective.SelfDistillation), GoldenText.ModelFolder);
        StepResult expected = together.Step(0, [batch]);
        StepResult actual = apart.Step(0, [Part(0, 2), Part(2, 2)]);
        Assert.Equal(expected.MaeLoss, actual.MaeLoss, 1e-5);
        Assert.Equal(expected.DistillLoss, actual.DistillLoss, 1e-5 * expected.DistillLoss);
        Assert.Equal(expected.GradientNorm, actual.GradientNorm, 1e-5 * expected.GradientNorm);

        StudentBatch Part(int sequence, int count)
        {
            int first = whole.Lengths.Take(sequence).Sum(), length = whole.Lengths.Skip(sequence).Take(count).Sum();
            int[] positions = [.. whole.MaskedPositions!.Where(position => position >= first && position < first + length).Select(position => position - first)];
            TextInput part = new(
                whole.Tokens[first..(first + length)], whole.Lengths[sequence..(sequence + count)], positions, [.. positions.Select(_ => 39)]);
            return new StudentBatch(part, Labels: null, batch.Targets![(sequence * 16)..((sequence + count) * 16)]);
        }
    }

    [Fact]
    public void Sequences_in_which_nothing_is_hidden_do_not_count_in_the_masked_loss()
    {
        using Student with = Student.Open(Options(Objective.MaskedAutoEncoding), GoldenText.ModelFolder);
        using Student without = Student.Open(Options(Objective.MaskedAutoEncoding), GoldenText.ModelFolder);
        StepResult beside = with.Step(0, [Unlabelled(new TextInput([0, 2, 0, 5, 6, 2], [2, 4], [3, 4], [39, 39]))]);
        StepResult alone = without.Step(0, [Unlabelled(new TextInput([0, 5, 6, 2], [4], [1, 2], [39, 39]))]);
        Assert.Equal(alone.Loss, beside.Loss, 1e-5);
        Assert.Equal(alone.GradientNorm, beside.GradientNorm, 1e-5 * alone.GradientNorm);
    }

    [Fact]
    public void A_batch_in_which_nothing_is_hidden_teaches_nothing()
    {
        using Student student = Student.Open(Options(Objective.MaskedAutoEncoding), GoldenText.ModelFolder);
        StepResult result = student.Step(0, [Unlabelled(new TextInput([0, 2, 0, 2], [2, 2], [], []))]);
        Assert.Equal((0, 0), (result.Loss, result.GradientNorm));
    }

    [Fact]
    public void A_fine_tuned_model_is_evaluated_as_it_is_saved_and_the_tokenizer_travels_with_it()
    {
        using TemporaryFolder folder = new();
        string[] files = ["merges.txt", "tokenizer_config.json", "vocab.json"];
        Directory.CreateDirectory(folder["tokenizer"]);
        foreach (string file in files)
            File.WriteAllText(folder[$"tokenizer/{file}"], file + " é\r\n");
        ModelFolder.CreateFresh(GoldenText.Configuration, 3, folder["initial"], folder["tokenizer"]);
        StudentBatch batch = Subject.Texts.Batch(0);
        using (Student student = Student.Open(
            Options(Objective.Classification) with { ClassNames = ["cat", "dog", "owl"], LearningRate = 0.01, TotalSteps = 200 }, folder["initial"]))
        {
            for (int step = 0; step < 100; step++)
                student.Step(step, [batch]);
            student.SaveModel(folder["final"]);
        }
        foreach (string place in (string[])["initial", "final"])
        {
            Assert.Equal([.. files, "config.json", "model.safetensors"],
                Directory.GetFiles(folder[place]).Select(path => Path.GetFileName(path)).OrderBy(name => !files.Contains(name)).ThenBy(name => name, StringComparer.Ordinal));
            Assert.All(files, file => Assert.Equal(File.ReadAllBytes(folder[$"tokenizer/{file}"]), File.ReadAllBytes(folder[$"{place}/{file}"])));
        }
        Assert.Equal(["cat", "dog", "owl"], ModelFolder.ReadConfiguration(folder["final"]).ClassNames);
        Assert.Contains("\"RobertaForSequenceClassification\"", File.ReadAllText(folder["final/config.json"]), StringComparison.Ordinal);
        using ClassifierEvaluation evaluation = ClassifierEvaluation.Open(folder["final"], [], [], "cpu", bfloat16: false, threads: 1);
        evaluation.Add(batch.Input, batch.Labels!);
        Assert.Equal((4, 1.0), (evaluation.Result.Count, evaluation.Result.Accuracy));
        Assert.InRange(ModelFolder.EncoderDistance(folder["initial"], folder["final"]), 0.01, 100);
    }

    [Fact]
    public void Hidden_tokens_are_predicted_as_the_language_model_scores_them()
    {
        int vocabulary = GoldenText.Configuration.VocabularySize;
        int[] expected = [.. GoldenText.Values["mlm/logits"].Chunk(vocabulary).Select(scores => Array.IndexOf(scores, scores.Max()))];
        Assert.Equal(expected, MaskedPrediction.Predict(GoldenText.ModelFolder, GoldenText.Input));
        Assert.Empty(MaskedPrediction.Predict(GoldenText.ModelFolder, GoldenText.Input with { MaskedPositions = [], MaskedTokens = [] }));
        Assert.Contains("ViT-MAE", Assert.Throws<ModelException>(() => MaskedPrediction.Predict(Golden.ModelFolder, GoldenText.Input)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_that_does_not_fit_is_refused_with_a_sentence()
    {
        TextInput good = new([0, 5, 6, 2, 0, 7, 2], [4, 3], [1, 5], [39, 39]);
        Refused(good with { Tokens = [0, 5, 40, 2, 0, 7, 2] }, "Token 2 of the batch is 40, but the model's vocabulary has 40 tokens");
        Refused(good with { Tokens = [0, 5, -1, 2, 0, 7, 2] }, "Token 2 of the batch is -1");
        Refused(good with { Tokens = [0, 5, 6, 2, 0, 7, 1] }, "Token 6 of the batch is 1, the padding token");
        Refused(good with { Tokens = [0, 5, 6, 2] }, "2 sequences with 7 tokens in all has 4 tokens");
        Refused(good with { Lengths = [] }, "0 sequences");
        Refused(good with { Lengths = [7, 0] }, "Sequence 1 of the batch has 0 tokens");
        Refused(new TextInput(new int[15], [15], [1], [39]), "has 15 tokens, but the model takes 1 to 14");
        Refused(good with { MaskedPositions = null }, "no masked positions");
        Refused(good with { MaskedPositions = [5, 1] }, "Masked position 1");
        Refused(good with { MaskedPositions = [5, 5] }, "Masked position 5");
        Refused(good with { MaskedPositions = [1, 7] }, "Masked position 7");
        Refused(good with { MaskedPositions = [-1, 2] }, "Masked position -1");
        Refused(good with { MaskedTokens = [39] }, "2 masked positions and 1 tokens");
        Refused(good with { MaskedTokens = [39, 99] }, "Masked token 1 of the batch is 99");
        Refused(Subject.Images.Batch(0).Input, "a model for text");
        using Student distilling = Student.Open(Options(Objective.SelfDistillation), GoldenText.ModelFolder);
        Assert.Contains("3 target numbers instead of [2, 16]",
            Assert.Throws<ModelException>(() => distilling.Step(0, [new StudentBatch(good, null, new float[3])])).Message, StringComparison.Ordinal);
        using Student images = Student.Open(Options(Objective.MaskedAutoEncoding), Golden.ModelFolder);
        Assert.Contains("a model for images", Assert.Throws<ModelException>(() => images.Step(0, [Unlabelled(good)])).Message, StringComparison.Ordinal);

        static void Refused(ModelInput input, string part)
        {
            using Student student = Student.Open(Options(Objective.MaskedAutoEncoding), GoldenText.ModelFolder);
            Assert.Contains(part, Assert.Throws<ModelException>(() => student.Step(0, [Unlabelled(input)])).Message, StringComparison.Ordinal);
        }
    }

    private static Teacher Open(DistillTarget target) => Teacher.Open(GoldenText.ModelFolder, target, [], [], "cpu", bfloat16: false, threads: 1);

    private static StudentBatch Unlabelled(ModelInput input) => new(input, Labels: null, Targets: null);

    private static StudentOptions Options(Objective objective) => new() { Objective = objective, LearningRate = 1e-3, TotalSteps = 10, Seed = 5 };
}
