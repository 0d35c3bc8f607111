namespace ActorTrain.Model.Tests;

/// <summary>What holds for students that train with the baselines' and ablations' techniques.</summary>
public sealed class TechniqueTests
{
    private const int Steps = 8;

    public static TheoryData<string, string> Techniques()
    {
        TheoryData<string, string> data = [];
        foreach (string subject in new[] { "images", "texts" })
        {
            foreach (string technique in new[] { "l2", "mars", "recadam", "r3f", "supcon", "weights", "predictions" })
                data.Add(subject, technique);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Techniques))]
    public void Going_on_from_a_checkpoint_ends_at_the_same_bits(string name, string technique)
    {
        using TemporaryFolder folder = new();
        Subject subject = Subject.Of(name);
        StudentOptions options = Options(technique, Other(subject, folder));
        using (Student whole = Student.Open(options, subject.Folder))
        {
            Train(whole, Steps, subject, options);
            whole.SaveModel(folder["whole"]);
        }
        using (Student first = Student.Open(options, subject.Folder))
        {
            Train(first, Steps / 2, subject, options);
            first.SaveCheckpoint(folder["stage"], new TrainerState { Step = Steps / 2, PlanFingerprint = "plan" }, keep: 1);
        }
        using Student second = Student.Open(options, subject.Folder);
        Assert.NotNull(second.RestoreLatest(folder["stage"]));
        Train(second, Steps, subject, options);
        second.SaveModel(folder["resumed"]);
        Assert.Equal(ModelFolder.Fingerprint(folder["whole"]), ModelFolder.Fingerprint(folder["resumed"]));

        using Student without = Student.Open(options with { Regulariser = null, Consistency = null, Contrast = null, DistillTarget = DistillTarget.Cls }, subject.Folder);
        Train(without, Steps, subject, options with { DistillTarget = DistillTarget.Cls });
        without.SaveModel(folder["without"]);
        Assert.NotEqual(ModelFolder.Fingerprint(folder["whole"]), ModelFolder.Fingerprint(folder["without"]));
    }

    [Theory]
    [InlineData("images")]
    [InlineData("texts")]
    public void R3Fs_noise_is_a_function_of_seed_and_step(string name)
    {
        Subject subject = Subject.Of(name);
        foreach (NoiseKind noise in Enum.GetValues<NoiseKind>())
        {
            StudentOptions options = Options("r3f") with
            {
                Dropout = 0,
                LearningRate = 0,
                Consistency = new ConsistencyOptions { Weight = 2, Epsilon = 0.5, Noise = noise },
            };
            double[] losses = Losses(options);
            Assert.Equal(losses, Losses(options));
            Assert.Equal(losses.Length, losses.Distinct().Count());
            double plain = Assert.Single(Losses(options with { Consistency = null }).Distinct());
            Assert.All(losses, loss => Assert.True(loss > plain));
            Assert.Equal(plain, Assert.Single(Losses(options with { Consistency = options.Consistency with { Epsilon = 0 } }).Distinct()), 1e-6);
        }

        double[] Losses(StudentOptions options)
        {
            using Student student = Student.Open(options, subject.Folder);
            return [.. Enumerable.Range(0, 4).Select(step => student.Step(step, [subject.Batch(0)]).Loss)];
        }
    }

    [Theory]
    [InlineData("images")]
    [InlineData("texts")]
    public void MARS_holds_every_row_of_every_matrix_near_another_model_and_leaves_the_rest(string name)
    {
        const double radius = 0.02;
        using TemporaryFolder folder = new();
        Subject subject = Subject.Of(name);
        string anchor = Other(subject, folder);
        StudentOptions options = Options("mars") with
        {
            Objective = Objective.MaskedAutoEncoding,
            ClassNames = [],
            Regulariser = new MarsOptions { AnchorFolder = anchor, Radius = radius, HeadRadius = 1 },
        };
        using Student student = Student.Open(options, subject.Folder);
        Train(student, 2, subject, options);
        student.SaveModel(folder["trained"]);
        using SafetensorsFile near = SafetensorsFile.Open(Path.Combine(anchor, ModelFolder.WeightsName));
        using SafetensorsFile trained = SafetensorsFile.Open(folder["trained/model.safetensors"]);
        Assert.All(trained.Entries.Values.Where(entry => !IsFixed(entry.Name)), entry =>
        {
            int columns = entry.Shape.Count is 2 or 4 ? (int)(entry.Shape.Aggregate(1L, (product, size) => product * size) / entry.Shape[0]) : 0;
            float[] differences = [.. trained.Read(entry.Name).Zip(near.Read(entry.Name), (left, right) => left - right)];
            if (columns > 0)
                Assert.All(differences.Chunk(columns), row => Assert.InRange(row.Sum(Math.Abs), 0, radius * 1.001));
            else
                Assert.True(differences.Sum(Math.Abs) > radius, entry.Name);
        });
    }

    [Theory]
    [InlineData("images")]
    [InlineData("texts")]
    public void The_l2_penalty_is_part_of_the_loss_and_covers_encoder_and_decoder(string name)
    {
        using TemporaryFolder folder = new();
        Subject subject = Subject.Of(name);
        string anchor = Other(subject, folder);
        StudentOptions options = Options("weights", anchor);
        using Student student = Student.Open(options, subject.Folder);
        StepResult result = student.Step(0, [subject.Batch(0)]);
        using SafetensorsFile near = SafetensorsFile.Open(Path.Combine(anchor, ModelFolder.WeightsName));
        using SafetensorsFile initial = SafetensorsFile.Open(Path.Combine(subject.Folder, ModelFolder.WeightsName));
        double squares = initial.Entries.Keys.Where(key => !IsFixed(key))
            .Sum(key => initial.Read(key).Zip(near.Read(key), (left, right) => Math.Pow((double)left - right, 2)).Sum());
        double expected = result.MaeLoss + ((L2Options)options.Regulariser!).Weight * squares;
        Assert.Equal(expected, result.Loss, 1e-5 * expected);
    }

    [Fact]
    public void A_contrast_without_two_samples_of_a_class_trains_the_head_alone()
    {
        using TemporaryFolder folder = new();
        StudentOptions options = Options("supcon") with { WeightDecay = 0 };
        using Student student = Student.Open(options, Subject.Images.Folder);
        StepResult result = student.Step(0, [Golden.Batch with { Labels = [0, 1, 2] }]);
        student.SaveModel(folder.Path);
        Assert.InRange(result.Loss, 0.5, 2);
        Assert.Equal(0, ModelFolder.EncoderDistance(Subject.Images.Folder, folder.Path));
    }

    [Fact]
    public void A_teacher_of_predictions_needs_its_decoder_and_what_is_hidden()
    {
        using TemporaryFolder folder = new();
        using (Student student = Student.Open(Options("l2"), Subject.Images.Folder))
            student.SaveModel(folder.Path);
        Assert.Contains("before fine-tuning", Assert.Throws<ModelException>(() => Open(folder.Path)).Message, StringComparison.Ordinal);
        using Teacher teacher = Open(Subject.Images.Folder);
        ImageInput input = (ImageInput)Subject.Images.Batch(0).Input;
        Assert.Equal(Subject.Count * 12 * 48, teacher.Targets(input).Length);
        Assert.Contains("no kept patches", Assert.Throws<ModelException>(() => teacher.Targets(input with { KeptPatches = null })).Message, StringComparison.Ordinal);
        Assert.Contains("live", Assert.Throws<ModelException>(() => teacher.TargetLength).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Impossible_techniques_are_refused_with_a_sentence()
    {
        using TemporaryFolder folder = new();
        Refused(options => options with { Regulariser = new L2Options { Weight = -1 } }, "ℓ2 is -1");
        Refused(options => options with { Regulariser = new MarsOptions { Radius = 0, HeadRadius = double.NaN } }, "radius of MARS is 0 but must be above 0; the head's radius");
        Refused(options => options with { LearningRate = 1e-3, Regulariser = new RecAdamOptions() }, "is 5 and diverges above 2");
        Refused(options => options with { Regulariser = new RecAdamOptions { Weight = 0 } }, "weight of RecAdam is 0");
        Refused(options => options with { Consistency = new ConsistencyOptions { Epsilon = -1 } }, "noise of R3F is -1");
        Refused(options => options with { Contrast = new ContrastOptions { Temperature = 0 } }, "temperature of SupCon is 0");
        Refused(options => options with { Contrast = new ContrastOptions(), Consistency = new ConsistencyOptions() }, "exclude each other");
        Refused(options => options with { Objective = Objective.MaskedAutoEncoding, ClassNames = [], Contrast = new ContrastOptions() }, "for classification");
        Refused(options => options with { Regulariser = new L2Options { Weight = 1, AnchorFolder = Subject.Texts.Folder } }, "another shape");
        Refused(options => options with { Regulariser = new L2Options { Weight = 1, AnchorFolder = folder["none"] } }, "none");
        // At its limit it still oscillates around θ* only.
        using Student student = Student.Open(Options("recadam") with { LearningRate = 4e-4, Regulariser = new RecAdamOptions() }, Subject.Images.Folder);

        static void Refused(Func<StudentOptions, StudentOptions> change, string part) =>
            Assert.Contains(part, Assert.Throws<ModelException>(() => Student.Open(change(Options("none")), Subject.Images.Folder)).Message, StringComparison.Ordinal);
    }

    private static bool IsFixed(string key) => key is "vit.embeddings.position_embeddings" or "decoder.decoder_pos_embed";

    private static Teacher Open(string folder) =>
        Teacher.Open(folder, DistillTarget.Predictions, PatchExtractor.ImageNetMean, PatchExtractor.ImageNetStd, "cpu", bfloat16: false, threads: 1);

    /// <summary>Another model of a subject's shape.</summary>
    private static string Other(Subject subject, TemporaryFolder folder)
    {
        ModelFolder.CreateFresh(ModelFolder.ReadConfiguration(subject.Folder), 3, folder["other"]);
        return folder["other"];
    }

    private static void Train(Student student, int until, Subject subject, StudentOptions options)
    {
        using Teacher? teacher = options is { Objective: Objective.SelfDistillation, DistillTarget: DistillTarget.Predictions } ? Open(subject.Folder) : null;
        for (long step = student.StepsDone; step < until; step++)
        {
            StudentBatch batch = subject.Batch((int)step);
            student.Step(step, [teacher is null ? batch : batch with { Targets = [.. teacher.Targets(batch.Input).Select(value => value / 2)] }]);
        }
    }

    private static StudentOptions Options(string technique, string? anchor = null)
    {
        StudentOptions tuning = new()
        {
            Objective = Objective.Classification,
            ClassNames = ["cat", "dog", "owl"],
            LearningRate = 1e-3,
            MaxGradientNorm = 1,
            Dropout = 0.1,
            TotalSteps = Steps,
            Seed = 5,
        };
        StudentOptions masked = tuning with { Objective = Objective.MaskedAutoEncoding, ClassNames = [] };
        return technique switch
        {
            "l2" => tuning with { Regulariser = new L2Options { Weight = 0.1 } },
            "mars" => tuning with { Regulariser = new MarsOptions { Radius = 0.005, HeadRadius = 0.01 } },
            "recadam" => tuning with { Regulariser = new RecAdamOptions { Midpoint = 5, Pull = 500 } },
            "r3f" => tuning with { Consistency = new ConsistencyOptions() },
            "supcon" => tuning with { Contrast = new ContrastOptions() },
            "weights" => masked with { Regulariser = new L2Options { AnchorFolder = anchor, Weight = 0.1 } },
            "predictions" => masked with { Objective = Objective.SelfDistillation, DistillTarget = DistillTarget.Predictions },
            _ => tuning,
        };
    }
}
