using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Model.Tests;

public sealed class StudentTests
{
    private const int Steps = 10;

    [Theory]
    [InlineData("images", Objective.MaskedAutoEncoding, 0)]
    [InlineData("images", Objective.SelfDistillation, 0)]
    [InlineData("images", Objective.Classification, 0.1)]
    [InlineData("texts", Objective.MaskedAutoEncoding, 0.1)]
    [InlineData("texts", Objective.SelfDistillation, 0.1)]
    [InlineData("texts", Objective.Classification, 0.1)]
    public void Going_on_from_a_checkpoint_ends_at_the_same_bits(string name, Objective objective, double dropout)
    {
        Subject subject = Subject.Of(name);
        using TemporaryFolder folder = new();
        StudentOptions options = Options(objective) with { Dropout = dropout };
        using (Student whole = Student.Open(options, subject.Folder))
        {
            Train(whole, Steps, subject);
            whole.SaveModel(folder["whole"]);
        }
        using (Student first = Student.Open(options, subject.Folder))
        {
            Train(first, Steps / 2, subject);
            first.SaveCheckpoint(folder["stage"], State(Steps / 2), keep: 2);
        }
        using Student second = Student.Open(options with { Seed = options.Seed }, subject.Folder);
        TrainerState state = Assert.IsType<TrainerState>(second.RestoreLatest(folder["stage"]));
        Assert.Equal((Steps / 2, "plan", 7, "value"), (state.Step, state.PlanFingerprint, state.Epoch, state.Extra["key"]));
        Train(second, Steps, subject);
        second.SaveModel(folder["resumed"]);
        Assert.Equal(ModelFolder.Fingerprint(folder["whole"]), ModelFolder.Fingerprint(folder["resumed"]));
    }

    [Theory]
    [InlineData("images", Objective.Classification)]
    [InlineData("texts", Objective.Classification)]
    [InlineData("texts", Objective.MaskedAutoEncoding)]
    [InlineData("texts", Objective.SelfDistillation)]
    public void Dropout_is_a_function_of_seed_and_step(string name, Objective objective)
    {
        Subject subject = Subject.Of(name);
        StudentOptions options = Options(objective) with { Dropout = 0.3, LearningRate = 0 };
        double[] losses = Losses(options);
        Assert.Equal(losses, Losses(options));
        Assert.Equal(losses.Length, losses.Distinct().Count());
        Assert.Single(Losses(options with { Dropout = 0 }).Distinct());
        using Student inParts = Student.Open(options, subject.Folder);
        Assert.NotEqual(losses[0], inParts.Step(0, [subject.Batch(0), subject.Batch(0)]).Loss, 1e-6);

        double[] Losses(StudentOptions options)
        {
            using Student student = Student.Open(options, subject.Folder);
            return [.. Enumerable.Range(0, 4).Select(step => student.Step(step, [subject.Batch(0)]).Loss)];
        }
    }

    [Fact]
    public void Micro_batches_average_to_the_step_of_the_whole_batch()
    {
        using Student whole = Student.Open(Options(Objective.MaskedAutoEncoding), Golden.ModelFolder);
        using Student parts = Student.Open(Options(Objective.MaskedAutoEncoding), Golden.ModelFolder);
        StepResult expected = whole.Step(0, [Batch(0)]);
        StepResult actual = parts.Step(0, [Part(Batch(0), 0, 2), Part(Batch(0), 2, 2)]);
        Assert.Equal(expected.Loss, actual.Loss, 1e-6);
        Assert.Equal(expected.GradientNorm, actual.GradientNorm, 1e-5 * expected.GradientNorm);
        Assert.Equal(whole.Step(1, [Batch(1)]).Loss, parts.Step(1, [Batch(1)]).Loss, 1e-5);
    }

    [Theory]
    [InlineData("images")]
    [InlineData("texts")]
    public void Training_lowers_each_objectives_loss(string name)
    {
        Subject subject = Subject.Of(name);
        foreach (Objective objective in Enum.GetValues<Objective>())
        {
            using Student student = Student.Open(Options(objective) with { TotalSteps = 100, LearningRate = 0.01 }, subject.Folder);
            double[] losses = [.. Enumerable.Range(0, 40).Select(step => student.Step(step, [subject.Batch(0)]).Loss)];
            Assert.True(losses[^1] < 0.8 * losses[0], $"{objective}: {losses[0]} → {losses[^1]}");
        }
    }

    [Theory]
    [InlineData("images")]
    [InlineData("texts")]
    public void The_student_that_equals_its_teacher_has_no_distance_to_it(string name)
    {
        Subject subject = Subject.Of(name);
        foreach (DistillTarget target in Enum.GetValues<DistillTarget>())
        {
            using Teacher teacher = Teacher.Open(subject.Folder, target, Mean, Std, "cpu", bfloat16: false, threads: 1);
            float[] targets = teacher.Targets(subject.Batch(0).Input);
            Assert.Equal(targets, teacher.Targets(subject.Batch(0).Input));
            using Student student = Student.Open(Options(Objective.SelfDistillation) with { DistillTarget = target }, subject.Folder);
            Assert.Equal(0, student.Step(0, [subject.Batch(0) with { Targets = targets }]).DistillLoss, 1e-9);
        }
    }

    [Fact]
    public void Only_texts_have_no_fixed_number_of_target_numbers()
    {
        Assert.Equal(16, TargetLength(Subject.Images, DistillTarget.Cls));
        Assert.Equal(17 * 16, TargetLength(Subject.Images, DistillTarget.Tokens));
        Assert.Equal(16, TargetLength(Subject.Texts, DistillTarget.Cls));
        Assert.Contains("distil cls", Assert.Throws<ModelException>(() => TargetLength(Subject.Texts, DistillTarget.Tokens)).Message, StringComparison.Ordinal);

        static int TargetLength(Subject subject, DistillTarget target)
        {
            using Teacher teacher = Teacher.Open(subject.Folder, target, Mean, Std, "cpu", bfloat16: false, threads: 1);
            return teacher.TargetLength;
        }
    }

    [Fact]
    public void Only_the_newest_checkpoints_are_kept_and_a_damaged_one_is_passed_over()
    {
        using TemporaryFolder folder = new();
        using Student student = Student.Open(Options(Objective.MaskedAutoEncoding), Golden.ModelFolder);
        Assert.Null(student.RestoreLatest(folder["stage"]));
        for (int step = 1; step <= 4; step++)
        {
            Train(student, step);
            student.SaveCheckpoint(folder["stage"], State(step), keep: 2, held: old => old == 1);
        }
        Assert.Equal(["checkpoint-1", "checkpoint-3", "checkpoint-4"], Directory.GetDirectories(folder["stage"]).Select(Path.GetFileName).Order());
        Assert.Equal(
            ["config.json", "model.safetensors", "optimizer.safetensors", "trainer_state.json"],
            Directory.GetFiles(folder["stage/checkpoint-4"]).Select(Path.GetFileName).Order());
        string weights = folder["stage/checkpoint-4/model.safetensors"];
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..^100]);
        Directory.CreateDirectory(folder["stage/checkpoint-9.tmp"]);
        List<string> warnings = [];
        using Student restored = Student.Open(Options(Objective.MaskedAutoEncoding), Golden.ModelFolder);
        Assert.Equal(3, restored.RestoreLatest(folder["stage"], warnings.Add)!.Step);
        Assert.Equal(3, restored.StepsDone);
        Assert.Contains("checkpoint-4", Assert.Single(warnings), StringComparison.Ordinal);
        Train(restored, 4);
        restored.SaveCheckpoint(folder["stage"], State(4), keep: 2);
        Assert.Equal(4, student.RestoreLatest(folder["stage"])!.Step);
    }

    [Fact]
    public void A_damaged_checkpoint_changes_nothing()
    {
        using TemporaryFolder folder = new();
        using Student student = Student.Open(Options(Objective.MaskedAutoEncoding), Golden.ModelFolder);
        Train(student, 1);
        student.SaveCheckpoint(folder["stage"], State(1), keep: 1);
        File.WriteAllText(folder["stage/checkpoint-1/optimizer.safetensors"], "no such thing");
        using Student other = Student.Open(Options(Objective.MaskedAutoEncoding), Golden.ModelFolder);
        other.SaveModel(folder["before"]);
        Assert.Null(other.RestoreLatest(folder["stage"]));
        other.SaveModel(folder["after"]);
        Assert.Equal(ModelFolder.Fingerprint(folder["before"]), ModelFolder.Fingerprint(folder["after"]));
    }

    [Fact]
    public void A_fine_tuned_model_is_evaluated_as_it_is_saved()
    {
        using TemporaryFolder folder = new();
        using (Student student = Student.Open(Options(Objective.Classification) with { LearningRate = 0.01, TotalSteps = 100 }, Golden.ModelFolder))
        {
            for (int step = 0; step < 60; step++)
                student.Step(step, [Batch(0)]);
            student.SaveModel(folder.Path);
        }
        ModelConfiguration configuration = ModelFolder.ReadConfiguration(folder.Path);
        Assert.Equal(["cat", "dog", "owl"], configuration.ClassNames);
        Assert.Contains("\"ViTForImageClassification\"", File.ReadAllText(folder["config.json"]), StringComparison.Ordinal);
        Assert.Equal([3, 16], ModelFolder.Inspect(folder.Path).Single(entry => entry.Name == "classifier.weight").Shape);
        using ClassifierEvaluation evaluation = ClassifierEvaluation.Open(folder.Path, Mean, Std, "cpu", bfloat16: false, threads: 1);
        evaluation.Add(Part(Batch(0), 0, 1).Input, [0]);
        evaluation.Add(Part(Batch(0), 1, 3).Input, [1, 2, 1]);
        EvaluationResult result = evaluation.Result;
        Assert.Equal((4, 0.75), (result.Count, result.Accuracy));
        Assert.Equal([[1, 0, 0], [1, 1, 0], [0, 0, 1]], result.Confusion);
        Assert.InRange(result.Loss, 0.1, 5);
        Assert.Equal(0, ModelFolder.EncoderDistance(folder.Path, folder.Path));
        Assert.InRange(ModelFolder.EncoderDistance(Golden.ModelFolder, folder.Path), 0.01, 100);
    }

    [Fact]
    public void Kept_patches_are_shown_as_they_are_and_the_others_painted()
    {
        byte[] painted = Reconstruction.Paint(Golden.ModelFolder, Golden.Pixels, Golden.Count, 16, Golden.Kept, Mean, Std);
        Assert.Equal(Golden.Pixels.Length, painted.Length);
        int different = 0;
        for (int index = 0; index < painted.Length; index++)
        {
            (int image, int row, int column) = (index / (3 * 256), index % 256 / 16, index % 16);
            bool kept = Golden.Kept.AsSpan(image * 4, 4).Contains(row / 4 * 4 + column / 4);
            if (kept)
                Assert.Equal(Golden.Pixels[index], painted[index]);
            else if (Golden.Pixels[index] != painted[index])
                different++;
        }
        Assert.InRange(different, painted.Length / 2, painted.Length * 3 / 4);
    }

    [Theory]
    [InlineData("images")]
    [InlineData("texts")]
    public void Bfloat16_stays_close_to_float32_or_is_refused_where_the_build_has_none(string name)
    {
        Subject subject = Subject.Of(name);
        StudentOptions options = Options(Objective.SelfDistillation);
        bool supported;
        using (IDisposable? trial = Kernels.Current.Autocast(CPU, ScalarType.BFloat16))
            supported = trial is not null;
        if (!supported)
        {
            string message = Assert.Throws<ModelException>(() => Student.Open(options with { Bfloat16 = true }, subject.Folder)).Message;
            Assert.Contains("bfloat16 on 'cpu'", message, StringComparison.Ordinal);
            return;
        }
        using Student exact = Student.Open(options, subject.Folder);
        using Student rounded = Student.Open(options with { Bfloat16 = true }, subject.Folder);
        (StepResult expected, StepResult actual) = (exact.Step(0, [subject.Batch(0)]), rounded.Step(0, [subject.Batch(0)]));
        // bfloat16 keeps 8 bits of a number.
        Assert.Equal(expected.Loss, actual.Loss, 0.02 * expected.Loss);
        Assert.Equal(expected.GradientNorm, actual.GradientNorm, 0.05 * expected.GradientNorm);
        Assert.NotEqual(expected.Loss, actual.Loss);
    }

    [Theory]
    [InlineData("images")]
    [InlineData("texts")]
    public void A_step_leaves_no_tensor_behind(string name)
    {
        Subject subject = Subject.Of(name);
        using Student student = Student.Open(Options(Objective.SelfDistillation) with { Dropout = 0.1 }, subject.Folder);
        using DisposeScope scope = NewDisposeScope();
        student.Step(0, [subject.Batch(0), subject.Batch(1)]);
        Assert.Equal(0, scope.DisposablesCount);
    }

    [Theory]
    [InlineData("images")]
    [InlineData("texts")]
    public void Hundreds_of_steps_do_not_grow_the_process(string name)
    {
        Subject subject = Subject.Of(name);
        using Student student = Student.Open(Options(Objective.SelfDistillation) with { TotalSteps = 2000 }, subject.Folder);
        long before = 0;
        for (int step = 0; step < 500; step++)
        {
            // Collecting as it goes: the garbage collector's own budget is not what is watched.
            if (step % 50 == 0)
                GC.Collect();
            if (step == 150)
                before = ResidentBytes();
            student.Step(step, [subject.Batch(step % 10)]);
        }
        Assert.InRange(ResidentBytes() - before, long.MinValue, 16L << 20);

        static long ResidentBytes()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            using Process process = Process.GetCurrentProcess();
            return process.WorkingSet64;
        }
    }

    [Fact]
    public void A_loss_that_is_not_finite_stops_the_student()
    {
        using Student student = Student.Open(Options(Objective.SelfDistillation), Golden.ModelFolder);
        float[] targets = new float[4 * 16];
        targets[5] = float.NaN;
        ModelException exception = Assert.Throws<ModelException>(() => student.Step(0, [Batch(0) with { Targets = targets }]));
        Assert.Contains("step 0", exception.Message, StringComparison.Ordinal);
        Assert.Equal(0, student.StepsDone);
    }

    [Fact]
    public void A_batch_that_does_not_fit_is_refused_with_a_sentence()
    {
        using Student distilling = Student.Open(Options(Objective.SelfDistillation), Golden.ModelFolder);
        using Student classifying = Student.Open(Options(Objective.Classification), Golden.ModelFolder);
        Refused(distilling, Batch(0) with { Input = Images(0) with { Size = 32 } }, "32 × 32");
        Refused(distilling, Batch(0) with { Input = Images(0) with { Pixels = new byte[5] } }, "5 bytes");
        Refused(distilling, Batch(0) with { Input = Images(0) with { KeptPatches = null } }, "no kept patches");
        Refused(distilling, Batch(0) with { Input = Images(0) with { KeptPatches = [.. Enumerable.Repeat(3, 16)] } }, "not ascending");
        Refused(distilling, Batch(0) with { Input = Images(0) with { KeptPatches = [.. Enumerable.Range(0, 64)] } }, "mask ratio");
        Refused(distilling, Batch(0) with { Targets = null }, "no targets");
        Refused(distilling, Batch(0) with { Targets = new float[3] }, "3 target numbers");
        Refused(classifying, Batch(0) with { Labels = null }, "no labels");
        Refused(classifying, Batch(0) with { Labels = [0, 1] }, "2 labels");
        Refused(classifying, Batch(0) with { Labels = [0, 1, 2, 3] }, "A label is 3");

        static void Refused(Student student, StudentBatch batch, string part) =>
            Assert.Contains(part, Assert.Throws<ModelException>(() => student.Step(0, [batch])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Impossible_options_are_refused_with_a_sentence()
    {
        Refused(options => options with { LearningRate = -1, Beta2 = 1 }, "LearningRate is -1 but must be at least 0; Beta2 is 1");
        Refused(options => options with { Device = "tpu" }, "'tpu'");
        Refused(options => options with { Device = "cuda:99" }, "cuda:99");
        Refused(options => options with { Threads = 0 }, "threads");
        Refused(options => options with { PixelStd = [1, 0, 1] }, "deviation");
        Refused(options => options with { Objective = Objective.Classification, ClassNames = [] }, "Classes is 0");

        static void Refused(Func<StudentOptions, StudentOptions> change, string part) =>
            Assert.Contains(part, Assert.Throws<ModelException>(() => Student.Open(change(Options(Objective.MaskedAutoEncoding)), Golden.ModelFolder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_learning_rate_rises_and_falls_linearly()
    {
        double[] rates = [.. Enumerable.Range(0, 11).Select(step => LearningRateSchedule.At(step, 1, 4, 10))];
        Assert.All(rates.Zip([0, 0.25, 0.5, 0.75, 1, 5 / 6.0, 4 / 6.0, 0.5, 2 / 6.0, 1 / 6.0, 0]), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        Assert.Equal(1, LearningRateSchedule.At(0, 1, 0, 10));
    }

    private static float[] Mean { get; } = [0.485f, 0.456f, 0.406f];

    private static float[] Std { get; } = [0.229f, 0.224f, 0.225f];

    private static StudentOptions Options(Objective objective) => new()
    {
        Objective = objective,
        ClassNames = objective == Objective.Classification ? ["cat", "dog", "owl"] : [],
        LearningRate = 1e-3,
        MaxGradientNorm = 1,
        TotalSteps = Steps,
        WarmUpSteps = 2,
        Seed = 5,
    };

    private static TrainerState State(long step) =>
        new() { Step = step, PlanFingerprint = "plan", Epoch = 7, Extra = new Dictionary<string, string> { ["key"] = "value" } };

    private static void Train(Student student, int until, Subject? subject = null)
    {
        for (long step = student.StepsDone; step < until; step++)
            student.Step(step, [(subject ?? Subject.Images).Batch((int)step)]);
    }

    private static ImageInput Images(int seed) => (ImageInput)Batch(seed).Input;

    private static StudentBatch Batch(int seed) => Subject.Images.Batch(seed);

    private static StudentBatch Part(StudentBatch batch, int first, int count)
    {
        ImageInput images = (ImageInput)batch.Input;
        return new StudentBatch(
            new ImageInput(images.Pixels[(first * 768)..((first + count) * 768)], count, 16, images.KeptPatches![(first * 4)..((first + count) * 4)]),
            batch.Labels![first..(first + count)], Targets: null);
    }
}
