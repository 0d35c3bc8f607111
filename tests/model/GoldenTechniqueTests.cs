using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Model.Tests;

/// <summary>The baselines and ablations against plain PyTorch (golden/make_golden_techniques.py), to 1e-5.</summary>
public sealed class GoldenTechniqueTests
{
    private const int Seed = 5;

    private static GoldenValues Values { get; } = new("expected-techniques.safetensors");

    public static TheoryData<string> Regularisers => ["l2", "mars", "recadam"];

    [Theory]
    [MemberData(nameof(Regularisers))]
    public void Four_steps_near_the_initial_model_end_at_PyTorchs_parameters(string kind)
    {
        using Student student = Student.Open(Options(kind), Golden.ModelFolder);
        for (int step = 0; step < 4; step++)
        {
            StepResult result = student.Step(step, [Golden.Batch with { Labels = [0, 1, 2] }]);
            Values.AssertScalar($"{kind}/{step}/loss", result.Loss);
            Values.AssertScalar($"{kind}/{step}/norm", result.GradientNorm);
        }
        using TemporaryFolder folder = new();
        student.SaveModel(folder.Path);
        using SafetensorsFile saved = SafetensorsFile.Open(folder["model.safetensors"]);
        string prefix = $"{kind}/weights/";
        string[] keys = [.. Values.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal))];
        Assert.Equal(saved.Entries.Count - 1, keys.Length);
        foreach (string key in keys)
            Values.AssertTensor(key, saved.Read(key[prefix.Length..]));
    }

    [Fact]
    public void RecAdam_makes_its_authors_steps()
    {
        using DisposeScope scope = NewDisposeScope();
        Parameter parameter = nn.Parameter(tensor([1f]));
        const double rate = 2e-5;
        StudentOptions options = new()
        {
            Objective = Objective.Classification,
            LearningRate = rate,
            Beta2 = 0.999,
            Epsilon = 1e-6,
            WeightDecay = 0,
            TotalSteps = 3,
        };
        using AdamWState state = new([parameter], [true], options);
        WeightRegulariser regulariser = new RecAdamOptions { Midpoint = 2 }.Create([tensor([0.5f])]);
        (float Gradient, float Expected)[] steps = [(0.1f, 0.96886995f), (-0.2f, 0.94542993f), (0.3f, 0.92860903f)];
        foreach ((float gradient, float expected) in steps)
        {
            state.Gather([tensor([gradient])], first: true);
            state.Step++;
            regulariser.Step(state, rate, 1);
            Assert.Equal(expected, parameter.item<float>(), 1e-7);
        }
    }

    [Fact]
    public void R3F_of_images_has_PyTorchs_divergence_and_gradients_through_both_answers()
    {
        using DisposeScope scope = NewDisposeScope();
        VitClassifier network = new(Golden.Configuration with { ClassNames = ["a", "b", "c"] }, new NetworkOptions(CPU));
        ModelFolder.LoadEncoder(network.Encoder, Golden.ModelFolder);
        SetHead(network, Golden.Values);
        AssertConsistency("images", network, Golden.Batch.Input, [0, 1, 2], [Golden.Count, 17, 16]);
    }

    [Fact]
    public void R3F_of_texts_has_PyTorchs_divergence_and_gradients_through_both_answers()
    {
        using DisposeScope scope = NewDisposeScope();
        RobertaClassifier network = new(GoldenText.Configuration with { ClassNames = ["a", "b", "c"] }, new NetworkOptions(CPU));
        ModelFolder.LoadEncoder(network.Encoder, GoldenText.ModelFolder);
        SetHead(network, GoldenText.Values);
        AssertConsistency("texts", network, GoldenText.Input, [0, 1, 2, 0], [GoldenText.Input.Tokens.Length, 16]);
    }

    [Fact]
    public void The_supervised_contrastive_loss_has_PyTorchs_value_and_gradient()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor features = nn.Parameter(tensor(Values["supcon/features"]).view(6, 5));
        Tensor loss = Losses.SupervisedContrast(features, [0, 1, 0, 2, 1, 0], 0.2);
        Values.AssertScalar("supcon/loss", loss.item<float>());
        Values.AssertTensor("supcon/gradient", autograd.grad([loss], [features])[0].data<float>());
    }

    [Fact]
    public void SupCon_trains_the_encoder_by_contrast_and_the_head_by_cross_entropy()
    {
        using DisposeScope scope = NewDisposeScope();
        VitClassifier network = new(Golden.Configuration with { ClassNames = ["a", "b", "c"] }, new NetworkOptions(CPU));
        ModelFolder.LoadEncoder(network.Encoder, Golden.ModelFolder);
        SetHead(network, Golden.Values);
        StudentOptions options = Options("none") with { Contrast = new ContrastOptions { Weight = 0.7, Temperature = 0.2 } };
        ClassificationObjective objective = new(options, new Compute("cpu", bfloat16: false, 1), network);
        Values.AssertGradients("images/supcon", network, objective.Of(Golden.Batch with { Labels = [1, 0, 1] }).Loss);
    }

    [Theory]
    [InlineData("images")]
    [InlineData("texts")]
    public void Matching_predictions_has_PyTorchs_distance_and_gradients(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        (MaskedNetwork network, ModelInput input) = name == "images"
            ? ((MaskedNetwork)Golden.LoadMae(), Golden.Batch.Input) : (GoldenText.LoadMlm(), GoldenText.Input);
        (Tensor masked, Representation? matched) = network.Forward(input, DistillTarget.Predictions);
        Tensor targets = tensor(Values[$"{name}/targets"]).view(matched!.Values.shape);
        Values.AssertScalar($"{name}/predictions-sum/distance", Losses.Distillation(matched, targets, DistillReduction.Sum).item<float>());
        Tensor distance = Losses.Distillation(matched, targets, DistillReduction.Mean);
        Values.AssertScalar($"{name}/predictions-mean/distance", distance.item<float>());
        Values.AssertGradients($"{name}/predictions", network, masked * 0.5 + distance);
    }

    private static void AssertConsistency(string name, ClassifierNetwork network, ModelInput input, long[] labels, long[] shape)
    {
        Tensor noise = tensor(Values[$"{name}/noise"]).view(shape);
        Tensor scores = network.Scores(input);
        Tensor divergence = Losses.SymmetricDivergence(scores, network.Scores(network.Encoder.Cls(input, embeddings => embeddings + noise)));
        Values.AssertScalar($"{name}/r3f/divergence", divergence.item<float>());
        Values.AssertGradients($"{name}/r3f", network, nn.functional.cross_entropy(scores, tensor(labels)) + divergence * 0.5);
    }

    private static void SetHead(ClassifierNetwork network, GoldenValues values)
    {
        foreach (Weight weight in network.Head)
            weight.Set(values[weight.Key]);
    }

    private static StudentOptions Options(string regulariser) => new()
    {
        Objective = Objective.Classification,
        ClassNames = ["a", "b", "c"],
        LearningRate = 0.02,
        Epsilon = 1e-2,
        WeightDecay = 0.05,
        MaxGradientNorm = 0.5,
        TotalSteps = 6,
        Seed = Seed,
        Regulariser = regulariser switch
        {
            "l2" => new L2Options { Weight = 0.3 },
            "mars" => new MarsOptions { Radius = 0.05, HeadRadius = 0.2 },
            "recadam" => new RecAdamOptions { Slope = 0.7, Midpoint = 3, Weight = 0.9, Pull = 25 },
            _ => null,
        },
    };
}
